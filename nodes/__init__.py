"""Every built-in node type, by topic.  Modules import no torch; node functions import it when they run."""

from __future__ import annotations

from types import ModuleType

from engine.graph.registry import Registry
from nodes import (
    animation,
    areas,
    attention,
    conditioning,
    control,
    custom_sampling,
    depth,
    expression,
    grid,
    image,
    image_batch,
    image_blend,
    image_filter,
    image_size,
    inpaint,
    latent,
    latent_batch,
    latent_mix,
    latent_shape,
    loaders,
    logic,
    mask,
    mask_shape,
    model,
    output,
    patches,
    pose,
    preprocess,
    primitive,
    sampling,
    string,
    text,
    text_a1111,
    text_sdxl,
    upscale,
    vae,
)

MODULES: tuple[ModuleType, ...] = (
    loaders,
    patches,
    model,
    text,
    text_sdxl,
    text_a1111,
    conditioning,
    areas,
    control,
    latent,
    latent_shape,
    latent_mix,
    latent_batch,
    inpaint,
    vae,
    sampling,
    custom_sampling,
    image,
    image_size,
    image_batch,
    image_filter,
    image_blend,
    mask,
    mask_shape,
    depth,
    preprocess,
    pose,
    upscale,
    output,
    animation,
    primitive,
    string,
    expression,
    logic,
    grid,
    attention,
)


def registry() -> Registry:
    """All built-in node types."""
    return Registry.of(*MODULES)
