"""Latents: empty ones, and changes of size."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from engine.diffusion.types import Latent
from engine.graph.define import node
from engine.graph.facts import Known
from engine.graph.sockets import Choice, Range
from nodes.facts import empty_latent, latent_of, resized
from nodes.latent_shape import cells
from nodes.resize import CROPS, LATENT_METHODS, fill_in, resize
from nodes.size_facts import Size, constant_of, of_size

SMALLEST = 64


@node("EmptyLatentImage", category="latent", label="Empty Latent Image", facts=empty_latent)
def empty_latent_image(
    *,
    width: Annotated[int, Range(16, 16384, step=8)] = 512,
    height: Annotated[int, Range(16, 16384, step=8)] = 512,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
) -> Latent:
    """A batch of empty latents: the start of text to image, where the sampler fills them with noise.

    Args:
        width: Width of the picture in pixels; a latent cell is 8 pixels.
        height: Height of the picture in pixels; a latent cell is 8 pixels.
        batch_size: How many pictures to make at once.
    """
    import torch

    return Latent(torch.zeros(batch_size, 4, height // 8, width // 8))


def by_factor(width: int, height: int, factor: float) -> tuple[int, int]:
    """Cells times `factor`, rounded, at least 1."""
    return max(1, round(width * factor)), max(1, round(height * factor))


def _scaled(known: Known, width: int, height: int) -> Size:
    factor = constant_of(known, "scale_by")
    if factor is None:
        return None, None
    wide, tall = by_factor(width // 8, height // 8, factor)
    return wide * 8, tall * 8


@node("LatentUpscale", category="latent", label="Upscale Latent", facts=resized("samples", latent_of, SMALLEST))
def latent_upscale(
    *,
    samples: Latent,
    upscale_method: Annotated[str, Choice(LATENT_METHODS)] = "nearest-exact",
    width: Annotated[int, Range(0, 16384, step=8)] = 512,
    height: Annotated[int, Range(0, 16384, step=8)] = 512,
    crop: Annotated[str, Choice(CROPS)] = "disabled",
) -> Latent:
    """Resize latents to a given picture size, for a second pass of the sampler at a higher resolution.

    Args:
        samples: The latents to resize.
        upscale_method: How new cells are found; bislerp keeps the length of the channel vectors.
        width: New width in pixels; 0 keeps the proportions.
        height: New height in pixels; 0 keeps the proportions.
        crop: center cuts to the new proportions first; disabled stretches.
    """
    if not width and not height:
        return samples
    scale = samples.downscale
    old_height, old_width = (side * scale for side in samples.samples.shape[-2:])
    width, height = fill_in(width, height, old_width, old_height)
    width, height = max(SMALLEST, width), max(SMALLEST, height)
    width, height = width // scale, height // scale
    mask = samples.noise_mask
    if crop == "center" and mask is not None:
        mask = resize(cells(samples), width, height, "bilinear", crop)
    return replace(samples, samples=resize(samples.samples, width, height, upscale_method, crop), noise_mask=mask)


@node("LatentUpscaleBy", category="latent", label="Upscale Latent By", facts=of_size("samples", _scaled, latent_of))
def latent_upscale_by(
    *,
    samples: Latent,
    upscale_method: Annotated[str, Choice(LATENT_METHODS)] = "nearest-exact",
    scale_by: Annotated[float, Range(0.01, 8.0, step=0.01)] = 1.5,
) -> Latent:
    """Resize latents by a factor.

    Args:
        samples: The latents to resize.
        upscale_method: How new cells are found; bislerp keeps the length of the channel vectors.
        scale_by: Factor for both sides; 2 doubles width and height.
    """
    width, height = by_factor(samples.samples.shape[-1], samples.samples.shape[-2], scale_by)
    return replace(samples, samples=resize(samples.samples, width, height, upscale_method))
