"""Every built-in node type, by topic.  Modules import no torch; node functions import it when they run."""

from __future__ import annotations

from types import ModuleType

from engine.graph.registry import Registry
from nodes import (
    conditioning,
    control,
    custom_sampling,
    depth,
    expression,
    image,
    latent,
    loaders,
    logic,
    model,
    output,
    patches,
    pose,
    preprocess,
    primitive,
    sampling,
    string,
    text,
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
    conditioning,
    control,
    latent,
    vae,
    sampling,
    custom_sampling,
    image,
    depth,
    preprocess,
    pose,
    upscale,
    output,
    primitive,
    string,
    expression,
    logic,
)


def registry() -> Registry:
    """All built-in node types."""
    return Registry.of(*MODULES)
