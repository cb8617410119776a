"""Two values beside each other, and many pictures in one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from engine.diffusion.types import Image
from engine.graph.define import Ui, node
from engine.graph.sockets import Range, Widget
from engine.graph.told import Told, telling
from engine.looking.numbers import Part, is_tensor, parts, short

if TYPE_CHECKING:
    from torch import Tensor

CATEGORY = "inspect"
WIDTH = 256
"""Pixels that the longer side of a picture of differences has at least."""
TITLES = {
    "image": telling("pictures"),
    "mask": telling("masks"),
    "samples": telling("latents"),
    "embeds": telling("conditionings"),
    "vectors": telling("token vectors"),
}
"""What can be compared, by the name of its first tensor."""


class Difference(NamedTuple):
    """How much two values differ."""

    difference: Image
    psnr: float
    mse: float
    cosine: float
    text: str
    ui: Ui


@node("Compare", kind="sink", category=CATEGORY, label="Compare")
def compare(*, a: Any, b: Any) -> Difference:
    """Tell how much two values differ: pictures, masks, latents, conditionings or token vectors of one size.

    Args:
        a: The first value.
        b: The second value, of the same type and size.

    Returns:
        difference: Where they differ: black not at all, the brightest spot the most; the text says how much that is.
        psnr: How alike they are, in decibels: above 40 hardly anyone sees a difference, infinite where they are equal.
            Of pictures and masks against 1, of others against the span of the first.
        mse: The mean of the squared differences, 0 where they are equal.
        cosine: The cosine of the angle between both as vectors: 1 is the same direction, 0 none in common.
        text: These numbers in words.
    """
    pairs = _pairs(a, b)
    mine, yours = (_flat([pair[side] for pair in pairs]) for side in (0, 1))
    mse = float((mine - yours).square().mean())
    psnr = _psnr(mse, _peak(pairs[0][0], mine))
    cosine = _cosine(mine, yours)
    pictures, most = _pictures(*pairs[0])
    told = "\n".join(_told(pairs[0], psnr, mse, cosine, most, float((mine - yours).abs().mean())))
    return Difference(pictures, psnr, mse, cosine, told, Ui({"text": [told]}))


def _pairs(a: Any, b: Any) -> list[tuple[Part, Part]]:
    """The tensors that are compared, of both; one sentence where they cannot be."""
    mine, yours = (_of(value, name) for value, name in ((a, "a"), (b, "b")))
    if mine[0].name != yours[0].name:
        raise Told("a is {a} and b is {b}; compare two of one type.", a=TITLES[mine[0].name], b=TITLES[yours[0].name])
    if len(mine) != len(yours):
        raise Told("a holds {a} prompts and b holds {b}; compare conditionings of as many.", a=len(mine), b=len(yours))
    for one, other in zip(mine, yours, strict=True):
        if one.tensor.shape != other.tensor.shape:
            raise Told(
                "a has the size {a} and b {b}; make {kind} of one size before they are compared.",
                a=_size(one),
                b=_size(other),
                kind=TITLES[one.name],
            )
    return list(zip(mine, yours, strict=True))


def _of(value: Any, name: str) -> list[Part]:
    found = parts(value)
    first = found[0].name if found else ""
    if first not in TITLES:
        raise Told(
            "{input} is {type}, and only these can be compared: {kinds}.",
            input=name,
            type=first if is_tensor(value) else type(value).__name__,
            kinds=[*TITLES.values()],
        )
    if not found[0].tensor.numel():
        raise Told("{input} is empty: there is nothing to compare.", input=name)
    return [part for part in found if part.name == first]


def _size(part: Part) -> str:
    sides = (f"{side} {name}" for side, name in zip(part.tensor.shape, part.dimensions, strict=False))
    return " × ".join(sides)


def _flat(found: list[Part]) -> Tensor:
    import torch

    return torch.cat([part.tensor.detach().double().flatten().cpu() for part in found])


def _peak(part: Part, values: Tensor) -> float:
    return 1.0 if part.name in ("image", "mask") else float(values.max() - values.min())


def _psnr(mse: float, peak: float) -> float:
    if mse == 0:
        return math.inf
    return 10 * math.log10(peak * peak / mse) if peak > 0 else -math.inf


def _cosine(mine: Tensor, yours: Tensor) -> float:
    lengths = float(mine.norm() * yours.norm())
    if lengths == 0:
        return 1.0 if not bool(mine.any() or yours.any()) else 0.0
    return min(1.0, max(-1.0, float(mine @ yours) / lengths))


def _pictures(one: Part, other: Part) -> tuple[Image, float]:
    """The differences as heat, one picture of each in the batch, and what the brightest spot stands for."""
    import torch

    from engine.drawing.heat import coloured
    from engine.drawing.pixels import enlarged

    maps = _map((one.tensor.double() - other.tensor.double()).abs().nan_to_num(0.0).cpu(), one.name)
    most = float(maps.max())
    return Image(torch.stack([enlarged(coloured(map, 0.0, most or 1.0), WIDTH) for map in maps])), most


def _map(gap: Tensor, name: str) -> Tensor:
    """Differences as [B, h, w]: the mean over channels; vectors lie across, tokens down."""
    channels = {"image": -1, "samples": 1}.get(name)
    return gap if channels is None else gap.mean(channels)


def _told(pair: tuple[Part, Part], psnr: float, mse: float, cosine: float, most: float, mean: float) -> Iterator[str]:
    yield f"{TITLES[pair[0].name]} of {_size(pair[0])}"
    if mse == 0:
        yield "they are equal"
        return
    yield f"PSNR {psnr:.2f} dB"
    yield f"mean squared difference {short(mse)}"
    yield f"mean difference {short(mean)}, at the brightest spot {short(most)}"
    yield f"cosine {cosine:.6f}"


@node("ImageGrid", category="image/batch", label="Image Grid")
def image_grid(
    *,
    images: list[Image],
    columns: Annotated[int, Range(0, 100)] = 0,
    labels: Annotated[str, Widget("multiline")] = "",
) -> Image:
    """Lay pictures out side by side in one, row by row, each with a line of text below it if there is one.

    Args:
        images: The pictures: a batch, a list, or a list of batches; smaller ones stand in the middle of their cell.
        columns: How many stand in a row; 0 makes the grid as square as can be.
        labels: The texts, one a line, in the order of the pictures.
    """
    from engine.drawing.grid import grid

    shown = [picture for batch in images for picture in batch]
    return Image(grid(shown, columns, [line.strip() for line in labels.splitlines()]))
