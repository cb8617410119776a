"""What LoRAs and hypernetworks do to a model: which layers they change, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.diffusion.types import Image
from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.told import Told
from engine.models.detect import PART_TITLES
from engine.models.handle import Clip, Model, ModelHandle

if TYPE_CHECKING:
    from torch import Tensor

    from engine.models.patch_change import LayerChange

MOST = 8
"""Layers that are told by name, of each table."""

COLUMNS = {"self": "self-\nattention", "words": "attention\nto words", "forward": "feed-\nforward", "other": "other"}
"""What the columns of the picture are called, by sort of layer."""

NOTHING = "Nothing is patched: no LoRA and no hypernetwork changes "


BLOCKS = ("down", "middle", "up", "layer", "other")


class Shown(NamedTuple):
    """What the patches do."""

    text: str
    image: Image
    ui: Ui


@node("ShowPatch", kind="sink", category="inspect", label="Show Patch")
def show_patch(*, model: Model | None = None, clip: Clip | None = None, context: Context) -> Shown:
    """Measure which layers the LoRAs and hypernetworks of a model change, and by how much.

    A LoRA's share is the size of the change of a weight over that of the weight; a hypernetwork's the size of what it
    adds over that of what attention reads, on random vectors.

    Args:
        model: The denoiser, behind the loaders of its LoRAs and hypernetworks.
        clip: The text encoder, behind the loaders of its LoRAs.

    Returns:
        text: The patches, and the layers that change most.
        image: Shares of change by block of the network and sort of layer.
    """
    from engine.models.patch_change import layer_changes

    handles = [*([model.handle] if model else []), *(clip.handles if clip else [])]
    if not handles:
        raise Told("There is nothing to look at: link a model, a text encoder (CLIP) or both.")
    texts, pictures = [], []
    for handle in handles:
        changes = list(layer_changes(handle, context.path))
        texts.append(_told(handle, changes))
        pictures += _tables(handle, changes)
    text = "\n\n".join(texts)
    return Shown(text, _sheet(pictures), Ui({"text": [text]}))


def _told(handle: ModelHandle, changes: Sequence[LayerChange]) -> str:
    from engine.models.patch_change import together

    where = f"the {_part(handle)} of {handle.source.name}"
    if not handle.patches:
        return f"{NOTHING}{where}."
    lines = [f"{where[:1].upper()}{where[1:]}: {', '.join(_named(patch) for patch in handle.patches)}"]
    weights = [change for change in changes if not change.added]
    added = [change for change in changes if change.added]
    if weights:
        lines += [f"{len(weights)} weights change, by {_percent(together(weights))} of their size on the whole; most:"]
        lines += _most(weights)
    if added:
        lines += [f"{len(added)} layers of attention are shown something added to what they read; most:", *_most(added)]
    return "\n".join(lines if changes else [*lines, f"{NOTHING}{where}: these files say nothing of it."])


def _most(changes: Sequence[LayerChange]) -> list[str]:
    most = sorted(changes, key=lambda change: -change.share)[:MOST]
    return [f"  {_percent(change.share)}  {change.name}" for change in most]


def _named(patch: Any) -> str:
    kind = {"lora": "LoRA", "hypernetwork": "hypernetwork"}.get(patch.kind, "difference")
    blocks = f" ({', '.join(f'{name} {factor:g}' for name, factor in patch.blocks)})" if patch.blocks else ""
    return f"{kind} {patch.source.name} at {patch.strength:g}{blocks}"


def _part(handle: ModelHandle) -> str:
    return str(PART_TITLES.get(handle.part, handle.part))


def _tables(handle: ModelHandle, changes: Sequence[LayerChange]) -> list[tuple[str, Tensor]]:
    """A picture for what changes weights and one for what is added, each with its name."""
    found = []
    for added, what in ((False, "weights changed"), (True, "added by hypernetworks")):
        if rows := [change for change in changes if change.added == added]:
            found.append((f"{_part(handle)}: {what}, % of their size", _table(rows)))
    return found


def _table(changes: Sequence[LayerChange]) -> Tensor:
    """Blocks by sorts of layers, [h, w, 3]: each field the share of change of its weights together, in percent."""
    from engine.drawing.plot import figure
    from engine.models.patch_change import SORTS, together

    blocks = sorted(dict.fromkeys(change.block for change in changes), key=_order)
    shares: dict[tuple[int, int], float] = {}
    for i, block in enumerate(blocks):
        for j, sort in enumerate(SORTS):
            if here := [change for change in changes if (change.block, change.sort) == (block, sort)]:
                shares[i, j] = 100 * together(here)
    most = max(shares.values()) or 1.0

    def draw(axes: Any) -> None:
        from matplotlib.patches import Rectangle

        from engine.drawing.heat import table

        for (i, j), share in shares.items():
            colour = table("heat")[int(40 + 200 * min(share / most, 1.0))].tolist()
            axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor=colour))
            dark = share / most < 0.6
            axes.text(j, i, _short(share), ha="center", va="center", fontsize=10, color="white" if dark else "black")
        axes.set(xlim=(-0.5, len(SORTS) - 0.5), ylim=(len(blocks) - 0.5, -0.5))
        axes.set_xticks(range(len(SORTS)), [COLUMNS[sort] for sort in SORTS])
        axes.set_yticks(range(len(blocks)), blocks)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.grid(visible=False)

    return figure(draw, height=110 + 48 * len(blocks))[0]


def _order(block: str) -> tuple[int, int]:
    """Blocks stand as they work."""
    kind, _, number = block.partition(" ")
    return BLOCKS.index(kind), int(number or 0)


def _short(share: float) -> str:
    return f"{share:.2g}" if share < 99.5 else f"{share:.0f}"


def _sheet(pictures: Sequence[tuple[str, Tensor]]) -> Image:
    """The tables one below the other; a page that says so where nothing is patched."""
    import torch

    from engine.drawing.grid import grid

    if not pictures:
        return Image(grid([torch.ones(8, 320, 3)], labels=["Nothing is patched."]))
    return Image(grid([picture for _, picture in pictures], 1, labels=[name for name, _ in pictures]))


def _percent(share: float) -> str:
    return f"{share * 100:.3g}%"
