"""Two latents into one: laid onto each other, blended, added."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from engine.diffusion.types import Latent, Mask
from engine.graph.define import node
from engine.graph.sockets import Range
from engine.graph.told import Told
from nodes.compose import pasted
from nodes.facts import passed
from nodes.planes import to_batch
from nodes.resize import resize

if TYPE_CHECKING:
    from torch import Tensor

Place = Annotated[int, Range(0, 16384, step=8)]


def same_channels(first: Latent, second: Latent) -> None:
    """Raise Told for latents of two families."""
    a, b = first.samples.shape[1], second.samples.shape[1]
    if a != b:
        raise Told("The latents have {a} and {b} channels; use latents of one family.", a=a, b=b)


def alike(first: Latent, second: Latent, method: str = "bilinear") -> Tensor:
    """The samples of `second` in the shape of those of `first`: cut and resized to it, their batch repeated."""
    same_channels(first, second)
    height, width = first.samples.shape[-2:]
    other = second.samples
    if other.shape[-2:] != (height, width):
        other = resize(other, width, height, method, "center")
    return to_batch(other, len(first.samples))


def faded(height: int, width: int, place: tuple[int, int], whole: tuple[int, int], reach: int) -> Tensor:
    """Weights [height, width] of a patch at (row, column) of a latent [H, W]: they rise over `reach` cells from each
    edge that is not the latent's own.
    """
    rows = _edges(height, reach, place[0] > 0, place[0] + height < whole[0])
    columns = _edges(width, reach, place[1] > 0, place[1] + width < whole[1])
    return rows[:, None] * columns


def _edges(size: int, reach: int, first: bool, last: bool) -> Tensor:
    import torch

    rise = ((torch.arange(size) + 1) / max(reach, 1)).clamp_(max=1)
    flat = torch.ones(size)
    return (rise if first else flat) * (rise.flip(0) if last else flat)


@node("LatentComposite", category="latent", label="Latent Composite", facts=passed("samples_to"))
def latent_composite(
    *, samples_to: Latent, samples_from: Latent, x: Place = 0, y: Place = 0, feather: Place = 0
) -> Latent:
    """Lay latents onto others.

    Args:
        samples_to: The latents below; their size is kept.
        samples_from: The latents above; what reaches beyond the edge is left away.
        x: How far the left edge of samples_from is from that of samples_to, in pixels of the picture.
        y: How far the upper edge of samples_from is from that of samples_to, in pixels of the picture.
        feather: Pixels over which samples_from fades in at its edges.
    """
    same_channels(samples_to, samples_from)
    below, scale = samples_to.samples, samples_to.downscale
    left, top, reach = x // scale, y // scale, feather // scale
    size = (below.shape[-2], below.shape[-1])
    above = samples_from.samples[:, :, : max(size[0] - top, 0), : max(size[1] - left, 0)]
    if not above.numel():
        return samples_to
    mask = faded(above.shape[-2], above.shape[-1], (top, left), size, reach)[None] if reach else None
    return replace(samples_to, samples=pasted(below, above, left, top, mask))


@node("LatentCompositeMasked", category="latent", label="LatentCompositeMasked", facts=passed("destination"))
def latent_composite_masked(
    *,
    destination: Latent,
    source: Latent,
    x: Place = 0,
    y: Place = 0,
    resize_source: bool = False,
    mask: Mask | None = None,
) -> Latent:
    """Lay latents onto others through a mask.

    Args:
        destination: The latents below; their size is kept.
        source: The latents above; what reaches beyond the edge is left away.
        x: How far the left edge of source is from that of destination, in pixels of the picture.
        y: How far the upper edge of source is from that of destination, in pixels of the picture.
        resize_source: Stretch source to the size of destination first.
        mask: Where source shows (1) and where destination does (0); stretched over source. Without it all of it shows.
    """
    same_channels(destination, source)
    scale = destination.downscale
    return replace(
        destination,
        samples=pasted(destination.samples, source.samples, x // scale, y // scale, mask, stretch=resize_source),
    )


@node("LatentBlend", category="_for_testing", label="Latent Blend", facts=passed("samples1"))
def latent_blend(
    *, samples1: Latent, samples2: Latent, blend_factor: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.5
) -> Latent:
    """Mix two latents in a straight line.

    Args:
        samples1: The first; its size is kept.
        samples2: The second; cut and resized to that size.
        blend_factor: Share of the first: 1 leaves it as it is, 0 takes the second.
    """
    mixed = samples1.samples * blend_factor + alike(samples1, samples2, "bicubic") * (1 - blend_factor)
    return replace(samples1, samples=mixed)


@node("LatentAdd", category="latent/advanced", label="LatentAdd", facts=passed("samples1"))
def latent_add(*, samples1: Latent, samples2: Latent) -> Latent:
    """The sum of two latents.

    Args:
        samples1: The first; its size is kept.
        samples2: The second; cut and resized to that size, its batch repeated.
    """
    return replace(samples1, samples=samples1.samples + alike(samples1, samples2))


@node("LatentSubtract", category="latent/advanced", label="LatentSubtract", facts=passed("samples1"))
def latent_subtract(*, samples1: Latent, samples2: Latent) -> Latent:
    """The difference of two latents.

    Args:
        samples1: What is taken from; its size is kept.
        samples2: What is taken away; cut and resized to that size, its batch repeated.
    """
    return replace(samples1, samples=samples1.samples - alike(samples1, samples2))


@node("LatentMultiply", category="latent/advanced", label="LatentMultiply", facts=passed("samples"))
def latent_multiply(*, samples: Latent, multiplier: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0) -> Latent:
    """Latents times a number: below 1 the picture loses contrast.

    Args:
        samples: The latents.
        multiplier: The number.
    """
    return replace(samples, samples=samples.samples * multiplier)


@node("LatentInterpolate", category="latent/advanced", label="LatentInterpolate", facts=passed("samples1"))
def latent_interpolate(
    *, samples1: Latent, samples2: Latent, ratio: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0
) -> Latent:
    """Mix two latents cell by cell: directions are mixed apart from lengths, so that contrast stays.

    Args:
        samples1: The first; its size is kept.
        samples2: The second; cut and resized to that size.
        ratio: Share of the first: 1 leaves it as it is, 0 takes the second.
    """
    first, second = samples1.samples, alike(samples1, samples2)
    lengths = first.norm(dim=1, keepdim=True) * ratio + second.norm(dim=1, keepdim=True) * (1 - ratio)
    return replace(samples1, samples=_unit(_unit(first) * ratio + _unit(second) * (1 - ratio)) * lengths)


def _unit(x: Tensor) -> Tensor:
    length: Tensor = x.norm(dim=1, keepdim=True)
    return (x / length).nan_to_num()
