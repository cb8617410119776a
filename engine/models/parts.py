"""The parts of Stable Diffusion's checkpoints as the loader asks for them, still without numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from engine.models.build_sd import unfilled
from engine.models.detect import inspect_file, part_file, require
from engine.models.families import FAMILIES
from engine.models.fill import Unfilled
from engine.models.handle import ModelHandle
from engine.models.precision import Policy
from engine.models.tiny import tiny_vae
from engine.models.tiny_files import tiny_family
from engine.models.unet import Denoiser
from engine.models.vae import VaeModule
from engine.models.weights import open_weights


def denoiser(path: Path, handle: ModelHandle, policy: Policy) -> Unfilled:
    """A UNet."""
    return _part(path, handle, lambda module: Denoiser(module, policy.denoiser, policy.channels_last))


def vae(path: Path, handle: ModelHandle, policy: Policy) -> Unfilled:
    """An autoencoder, full-size or small."""
    if tiny_family(path, handle.source.name):
        return tiny_vae(path, handle, policy)
    downscale = FAMILIES[handle.family].latent.downscale
    return _part(path, handle, lambda module: VaeModule(module, downscale))


def _part(path: Path, handle: ModelHandle, wrap: Callable[[nn.Module], Any]) -> Unfilled:
    inspected = inspect_file(path)
    require(inspected, handle.source.name, handle.part)
    file = part_file(path, handle.part) if path.is_dir() else path
    assert file is not None
    found = inspected.parts[handle.part]
    return unfilled(open_weights(file), found, FAMILIES[handle.family], handle.source.name, wrap)
