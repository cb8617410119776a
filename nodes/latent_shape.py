"""Latents cut, turned, mirrored and put side by side; a mask on them goes along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from engine.diffusion.types import Latent
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Choice, Range
from engine.graph.told import Told
from nodes.facts import latent_of, number, sized
from nodes.image_size import FLIPS, TURNS, turned_size
from nodes.latent_mix import Place, same_channels
from nodes.planes import to_batch
from nodes.size_facts import Size, of_size, same_size, size_at

if TYPE_CHECKING:
    from torch import Tensor

AXES = {"x": -1, "y": -2}
SIDES = ("x", "-x", "y", "-y", "t", "-t")
LEAST = 8
"""Cells that a cut begins ahead of the far edge at the latest."""


def moved(latent: Latent, change: Callable[[Tensor], Tensor]) -> Latent:
    """The latents with `change` done to what is laid out [..., h, w]: the samples and, cell by cell, the mask."""
    return replace(
        latent, samples=change(latent.samples), noise_mask=None if latent.noise_mask is None else change(cells(latent))
    )


def cells(latent: Latent) -> Tensor:
    """The mask [B, 1, h, w] of latents, one number for a cell; all 1 where they have none."""
    from engine.diffusion.predict import resized_mask

    samples = latent.samples
    if latent.noise_mask is None:
        return samples.new_ones(len(samples), 1, *samples.shape[-2:])
    return resized_mask(latent.noise_mask, samples)


def _cut(x: int, y: int, width: int, height: int, old_width: int, old_height: int) -> tuple[slice, slice]:
    x, y = max(min(x, old_width - LEAST), 0), max(min(y, old_height - LEAST), 0)
    return slice(y, min(y + height, old_height)), slice(x, min(x + width, old_width))


def _cropped(known: Known, width: int, height: int) -> Size:
    x, y, wide, tall = (number(known, name) for name in ("x", "y", "width", "height"))
    if x is None or y is None or wide is None or tall is None:
        return None, None
    rows, columns = _cut(x // 8, y // 8, wide // 8, tall // 8, width // 8, height // 8)
    return (columns.stop - columns.start) * 8, (rows.stop - rows.start) * 8


def _concatenated(known: Known) -> Sequence[Facts]:
    (wide1, tall1, batch), (wide2, tall2, _) = size_at(known, "samples1"), size_at(known, "samples2")
    first, side = known.facts("samples1"), str(known.get("dim")).removeprefix("-")
    if side not in AXES or None in (wide1, tall1, wide2, tall2):
        return [sized(latent_of, first, None, None, batch)]
    assert wide1 is not None
    assert tall1 is not None
    assert wide2 is not None
    assert tall2 is not None
    return [sized(latent_of, first, wide1 + wide2 * (side == "x"), tall1 + tall2 * (side == "y"), batch)]


def _narrowed(known: Known, width: int, height: int) -> Size:
    index, amount, side = number(known, "index"), number(known, "amount"), known.get("dim")
    if index is None or amount is None or side not in ("x", "y"):
        return None, None
    of = {"x": width // 8, "y": height // 8}
    of[side] = _range(index, amount, of[side])[1]
    return of["x"] * 8, of["y"] * 8


def _range(index: int, amount: int, size: int) -> tuple[int, int]:
    """Where a part begins, and how many cells of `size` it has."""
    start = min(index, size - 1) if index >= 0 else max(size + index, 0)
    return start, min(amount, size - start)


@node("LatentCrop", category="latent/transform", label="Crop Latent", facts=of_size("samples", _cropped, latent_of))
def latent_crop(
    *,
    samples: Latent,
    width: Annotated[int, Range(64, 16384, step=8)] = 512,
    height: Annotated[int, Range(64, 16384, step=8)] = 512,
    x: Place = 0,
    y: Place = 0,
) -> Latent:
    """Cut a rectangle out of latents, in pixels of the picture; what would lie outside is left away.

    Args:
        samples: The latents.
        width: Width of the rectangle.
        height: Height of the rectangle.
        x: How far its left edge is from that of the picture.
        y: How far its upper edge is from that of the picture.
    """
    scale = samples.downscale
    tall, wide = samples.samples.shape[-2:]
    rows, columns = _cut(x // scale, y // scale, width // scale, height // scale, wide, tall)
    return moved(samples, lambda values: values[..., rows, columns].contiguous())


@node("LatentFlip", category="latent/transform", label="Flip Latent", facts=same_size("samples", latent_of))
def latent_flip(*, samples: Latent, flip_method: Annotated[str, Choice(FLIPS)] = "x-axis: vertically") -> Latent:
    """Mirror latents.

    Args:
        samples: The latents.
        flip_method: x-axis puts the top below, y-axis the left to the right.
    """
    return moved(samples, lambda values: values.flip(2 + FLIPS.index(flip_method)))


@node(
    "LatentRotate", category="latent/transform", label="Rotate Latent", facts=of_size("samples", turned_size, latent_of)
)
def latent_rotate(*, samples: Latent, rotation: Annotated[str, Choice(TURNS)] = "none") -> Latent:
    """Turn latents clockwise by quarters.

    Args:
        samples: The latents.
        rotation: How far.
    """
    return moved(samples, lambda values: values.rot90(TURNS.index(rotation), (3, 2)).contiguous())


@node("LatentConcat", category="latent/advanced", label="LatentConcat", facts=_concatenated)
def latent_concat(*, samples1: Latent, samples2: Latent, dim: Annotated[str, Choice(SIDES)] = "x") -> Latent:
    """Put latents side by side.

    Args:
        samples1: The first.
        samples2: The second, as high (or wide) as the first; its batch is repeated.
        dim: x puts the second right of the first, y below it; with a minus it comes before. t is for films.
    """
    import torch

    same_channels(samples1, samples2)
    axis = _axis(dim.removeprefix("-"))
    _, _, tall1, wide1 = samples1.samples.shape
    _, _, tall2, wide2 = samples2.samples.shape
    if (tall1 != tall2) if axis == -1 else (wide1 != wide2):
        scale = samples1.downscale
        if axis == -1:
            raise Told(
                "The first latents are {first} pixels high and the second {second}; make both as high.",
                first=tall1 * scale,
                second=tall2 * scale,
            )
        raise Told(
            "The first latents are {first} pixels wide and the second {second}; make both as wide.",
            first=wide1 * scale,
            second=wide2 * scale,
        )
    count = len(samples1.samples)

    def join(first: Tensor, second: Tensor) -> Tensor:
        parts = (first, to_batch(second, count))
        return torch.cat(parts[::-1] if dim.startswith("-") else parts, axis)

    masked = samples1.noise_mask is not None or samples2.noise_mask is not None
    return replace(
        samples1,
        samples=join(samples1.samples, samples2.samples),
        noise_mask=join(cells(samples1), cells(samples2)) if masked else None,
    )


@node("LatentCut", category="latent/advanced", label="LatentCut", facts=of_size("samples", _narrowed, latent_of))
def latent_cut(
    *,
    samples: Latent,
    dim: Annotated[str, Choice(("x", "y", "t"))] = "x",
    index: Annotated[int, Range(-16384, 16384)] = 0,
    amount: Annotated[int, Range(1, 16384)] = 1,
) -> Latent:
    """Take some columns or rows of cells out of latents.

    Args:
        samples: The latents.
        dim: x takes columns, y rows. t is for films.
        index: The first cell to take, from 0; below 0 it counts from the end.
        amount: How many cells (8 pixels each); no more than there are.
    """
    axis = _axis(dim)
    start, length = _range(index, amount, samples.samples.shape[axis])
    return moved(samples, lambda values: values.narrow(axis, start, length).contiguous())


def _axis(dim: str) -> int:
    if dim not in AXES:
        raise Told("These are latents of pictures, and only films have time (t); choose x or y.")
    return AXES[dim]
