"""Masks joined, with soft edges, larger and smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

from engine.diffusion.types import Mask
from engine.graph.define import node
from engine.graph.sockets import Choice, Range
from nodes.facts import passed
from nodes.image_size import Place
from nodes.planes import diamond_max, square_max, to_batch

if TYPE_CHECKING:
    from torch import Tensor

STEP = 128
"""Pixels that a mask grows by at a time: bounds the border that a strip of it needs."""


def _on(x: Tensor) -> Tensor:
    return x.round().bool()


JOINS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "multiply": lambda a, b: a * b,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "and": lambda a, b: (_on(a) & _on(b)).float(),
    "or": lambda a, b: (_on(a) | _on(b)).float(),
    "xor": lambda a, b: (_on(a) ^ _on(b)).float(),
}


def grow(mask: Tensor, by: int, *, tapered: bool) -> Tensor:
    """Masks [B, H, W] whose bright parts reach `by` pixels further, by straight steps only (`tapered`: a diamond) or by
    diagonal ones too (a square); below 0 they shrink.  What lies outside a mask does not count.
    """
    if by < 0:
        return grow(mask.neg(), -by, tapered=tapered).neg_()
    height, width = mask.shape[1:]
    planes = mask[..., None]
    for part in _parts(min(by, height + width)):
        planes = diamond_max(planes, part) if tapered else square_max(planes, part, part)
    return planes[..., 0]


def _parts(whole: int) -> Iterator[int]:
    while whole > 0:
        yield min(whole, STEP)
        whole -= STEP


@node("MaskComposite", category="mask", label="MaskComposite", facts=passed("destination"))
def mask_composite(
    *,
    destination: Mask,
    source: Mask,
    x: Place = 0,
    y: Place = 0,
    operation: Annotated[str, Choice(tuple(JOINS))] = "multiply",
) -> Mask:
    """Join two masks where they lie on each other.

    Args:
        destination: The mask below; its size is kept.
        source: The mask above; what reaches beyond the edge is left away.
        x: How far the left edge of source is from that of destination.
        y: How far the upper edge of source is from that of destination.
        operation: multiply and subtract take away, add adds; and, or, xor first make both hard at a half.
    """
    result = destination.clone()
    region = result[:, y : y + source.shape[1], x : x + source.shape[2]]
    above = to_batch(source, len(result))[:, : region.shape[1], : region.shape[2]]
    region.copy_(JOINS[operation](region, above))
    return Mask(result.clamp_(0, 1))


@node("FeatherMask", category="mask", label="FeatherMask", facts=passed("mask"))
def feather_mask(*, mask: Mask, left: Place = 0, top: Place = 0, right: Place = 0, bottom: Place = 0) -> Mask:
    """Let a mask fade towards the edges of the picture.

    Args:
        mask: The mask.
        left: Pixels over which it rises from the left edge.
        top: Pixels over which it rises from the upper edge.
        right: Pixels over which it falls to the right edge.
        bottom: Pixels over which it falls to the lower edge.
    """
    height, width = mask.shape[1:]
    return Mask(mask * _across(height, top, bottom)[:, None] * _across(width, left, right))


@node("GrowMask", category="mask", label="GrowMask", facts=passed("mask"))
def grow_mask(*, mask: Mask, expand: Annotated[int, Range(-16384, 16384)] = 0, tapered_corners: bool = True) -> Mask:
    """Make the white parts of a mask larger or smaller.

    Args:
        mask: The mask.
        expand: By how many pixels; below 0 it shrinks.
        tapered_corners: On cuts corners off, off keeps them square.
    """
    return Mask(grow(mask, expand, tapered=tapered_corners)) if expand else mask


def _across(size: int, before: int, behind: int) -> Tensor:
    return _slope(size, before) * _slope(size, behind).flip(0)


def _slope(size: int, reach: int) -> Tensor:
    """`size` weights that rise to 1 over the first `reach` of them; the first is 1 / `reach`."""
    import torch

    return ((torch.arange(size) + 1) / max(min(reach, size), 1)).clamp_(max=1)
