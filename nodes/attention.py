"""Cross-attention made visible: where a word counts in the picture, and which words a spot of the picture reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine.diffusion.traces import Trace
from engine.diffusion.types import Conditioning, Image, Mask, Tokens
from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.facts import FactsOf
from engine.graph.sockets import Choice, Range
from engine.graph.told import Told
from engine.models.handle import Model
from nodes.trace_facts import within

if TYPE_CHECKING:
    from torch import Tensor

    from engine.models.heat import StepHeat
    from engine.models.words import PromptWord

Step = Annotated[int, Range(0, 9999)]
LayerName = Annotated[str, Choice(("last", "up", "middle", "down", "all", "1/1", "1/2", "1/4", "1/8"))]
Head = Annotated[int, Range(-1, 127)]

SIDE = 192
"""Pixels of the longer side of each picture in a grid of words, at least."""

PIXELS = 8
"""Pixels of a picture beside a cell of its latent, where no picture is given."""


class Heated(NamedTuple):
    """Where a word counts."""

    heat: Image
    mask: Mask
    text: str
    ui: Ui


class Read(NamedTuple):
    """What a spot reads."""

    text: str
    words: list[str]
    ui: Ui


def _unknown(outputs: int) -> FactsOf:
    return within("trace", 0, lambda known: ({},) * outputs)


@node(
    "AttentionMap",
    kind="sink",
    runs_on="device",
    category="inspect/attention",
    label="Attention Map",
    facts=_unknown(3),
)
async def attention_map(
    *,
    trace: Trace,
    model: Model,
    conditioning: Conditioning,
    tokens: Tokens,
    word: str = "",
    step: Step = 0,
    layer: LayerName = "last",
    head: Head = -1,
    image: Image | None = None,
    context: Context,
) -> Heated:
    """Show where in the picture a word of the prompt is read: the cross-attention of the denoiser, at one sampler step.

    The denoiser is asked once more at that step of the trace; the picture itself does not change.

    Args:
        trace: The sampler steps of a run, from Sampler Trace or Load Recording.
        model: The denoiser that the trace was made with.
        conditioning: The positive or the negative that it was made with.
        tokens: The tokens of that prompt, from CLIP Tokenize.
        word: A word, a piece of one, or several that stand together; empty shows all words as a grid.
        step: The sampler step to look at, counted from 0; shapes are often decided early.
        layer: Which layers of the denoiser; last is the finest and tells most in the shipped model, in full-size ones
            up or 1/4 (layers at a quarter of the latent's size) often tell more.
        head: One attention head of each layer, counted from 0; -1 takes the mean over all.
        image: The finished picture, to lay the heat over.

    Returns:
        heat: The heat, bright where the word is read most; over the picture if one is given.
        mask: The heat as a mask, 1 where it is greatest and 0 where it is least; one for each word of a grid.
        text: How much of the attention the word gets, in numbers.
    """
    from engine.models.heat import step_heat
    from engine.models.words import find_word, frame_of, words_of

    found = [find_word(tokens, word)] if word.strip() else [*words_of(tokens), *frame_of(tokens)]
    seen = await step_heat(context.denoise, trace, model, conditioning, tokens, step=step, layer=layer, head=head)
    lines = [_told(each, seen) for each in found]
    text = "\n".join([*lines, _where(seen, head)])
    heat, mask = _single(seen, found[0], image) if word.strip() else _grid(seen, found, image)
    return Heated(heat, mask, text, Ui({"text": [text]}))


@node(
    "AttentionWords",
    kind="sink",
    runs_on="device",
    category="inspect/attention",
    label="Attention Words",
    facts=_unknown(2),
)
async def attention_words(
    *,
    trace: Trace,
    model: Model,
    conditioning: Conditioning,
    tokens: Tokens,
    x: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.5,
    y: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.5,
    step: Step = 0,
    layer: LayerName = "last",
    head: Head = -1,
    context: Context,
) -> Read:
    """List the words that one spot of the picture reads, the most read first: Attention Map the other way round.

    Args:
        trace: The sampler steps of a run, from Sampler Trace or Load Recording.
        model: The denoiser that the trace was made with.
        conditioning: The positive or the negative that it was made with.
        tokens: The tokens of that prompt, from CLIP Tokenize.
        x: The spot, from the left edge (0) to the right (1).
        y: The spot, from the upper edge (0) to the lower (1).
        step: The sampler step to look at, counted from 0.
        layer: Which layers of the denoiser to take the mean of; a fraction is their size beside the latent's.
        head: One attention head of each layer, counted from 0; -1 takes the mean over all.

    Returns:
        text: The words with their shares of the spot's attention, and that of start and end.
        words: The words alone.
    """
    from engine.models.heat import step_heat
    from engine.models.words import frame_of, words_of

    seen = await step_heat(context.denoise, trace, model, conditioning, tokens, step=step, layer=layer, head=head)
    cell = _cell(seen, x, y)
    words = sorted(words_of(tokens), key=lambda word: -_at(seen, word, cell))
    lines = [f"{word.text}: {_percent(_at(seen, word, cell))}" for word in (*words, *frame_of(tokens))]
    text = "\n".join([f"Spot {x:g}, {y:g}: row {cell[0]}, column {cell[1]} of the cells", *lines, _where(seen, head)])
    return Read(text, [word.text for word in words], Ui({"text": [text]}))


def _single(seen: StepHeat, word: PromptWord, image: Image | None) -> tuple[Image, Mask]:
    import torch

    maps = _scaled(seen.whole(seen.of(word), smooth=image is not None))
    pictures = [_over(map_, None if image is None else image[i % len(image)]) for i, map_ in enumerate(maps)]
    heat = torch.stack(pictures)
    return Image(heat), Mask(_sized(maps, heat.shape[1], heat.shape[2]))


def _grid(seen: StepHeat, words: list[PromptWord], image: Image | None) -> tuple[Image, Mask]:
    """Of the first picture, each word on a scale of its own."""
    import torch

    from engine.drawing.grid import grid

    maps = torch.cat([_scaled(seen.whole(seen.of(word)[:1], smooth=image is not None)) for word in words])
    pictures = [_over(map_, None if image is None else image[0]) for map_ in maps]
    labels = [f"{word.text} {_percent(float(seen.of(word)[0].mean()))}" for word in words]
    masks = _sized(maps, pictures[0].shape[0], pictures[0].shape[1])
    return Image(grid(pictures, labels=labels, at_least=SIDE)), Mask(masks)


def _over(map_: Tensor, picture: Tensor | None) -> Tensor:
    """Heat [h, w], 0 to 1, over a picture, or alone, a square of eight pixels for each cell of the latent."""
    from engine.drawing.heat import coloured, heat

    if picture is not None:
        return heat(picture, map_)
    return coloured(map_, 0.0, 1.0).repeat_interleave(PIXELS, 0).repeat_interleave(PIXELS, 1)


def _scaled(maps: Tensor) -> Tensor:
    """Each map [h, w] from 0 at its least to 1 at its greatest; all 0 where it is the same everywhere."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp(min=1e-9)


def _sized(maps: Tensor, height: int, width: int) -> Tensor:
    from torch.nn.functional import interpolate

    return interpolate(maps[:, None], size=(height, width), mode="bilinear")[:, 0]


def _cell(seen: StepHeat, x: float, y: float) -> tuple[int, int]:
    """Row and column of the heat's cell under a spot of the picture; raises Told outside the conditioning's place."""
    heat, (height, width) = seen.heat, seen.step.x.shape[-2:]
    row, column = y * height - heat.rows.start, x * width - heat.columns.start
    tall, wide = heat.cells
    if not (0 <= row <= tall and 0 <= column <= wide):
        raise Told(
            "The spot {x}, {y} is outside the area of this conditioning; choose one inside it.", x=f"{x:g}", y=f"{y:g}"
        )
    rows, columns = heat.maps.shape[-2:]
    return min(int(row / tall * rows), rows - 1), min(int(column / wide * columns), columns - 1)


def _at(seen: StepHeat, word: PromptWord, cell: tuple[int, int]) -> float:
    return float(seen.of(word)[0, cell[0], cell[1]])


def _told(word: PromptWord, seen: StepHeat) -> str:
    share = seen.of(word)[0]
    low, mean, high = (_percent(float(value)) for value in (share.min(), share.mean(), share.max()))
    places = ", ".join(map(str, word.places[:6])) + (", …" if len(word.places) > 6 else "")
    name = "tokens" if len(word.places) > 1 else "token"
    return f"{word.text}: {mean} of the attention, {low} to {high} by cell ({name} {places})"


def _where(seen: StepHeat, head: int) -> str:
    heads = "all heads" if head < 0 else f"head {head}"
    size = f"{seen.heat.maps.shape[-2]} × {seen.heat.maps.shape[-1]} cells"
    count = f"{len(seen.layers)} layer{'s' * (len(seen.layers) > 1)}"
    return f"At sampler step {seen.step.step}, sigma {seen.step.sigma:.4g}: {count}, {heads}, {size}"


def _percent(share: float) -> str:
    return f"{share * 100:.2g}%" if share < 0.1 else f"{share * 100:.0f}%"
