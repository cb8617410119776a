"""ControlNets whose files hold only how they differ from a denoiser: its weights are added to theirs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from engine.models.build_sd import unet_names
from engine.models.detect import inspect_file, part_file, require
from engine.models.handle import Patch
from engine.models.header import ModelFileError
from engine.models.layout import unet_layout
from engine.models.patching import Change, Target
from engine.models.weights import open_weights


def plan(patch: Patch, path: Path, target: Target) -> Mapping[str, Change]:
    """Adds the denoiser in `path` to every tensor of a ControlNet that both have; raises ModelFileError."""
    inspected = inspect_file(path)
    require(inspected, patch.source.name, "denoiser")
    if inspected.family != target.family:
        raise ModelFileError(
            "{target} is a ControlNet for {family}, and {name} is a model of {other}; take the model "
            "that it was made of.",
            target=target.name,
            family=target.family,
            name=patch.source.name,
            other=inspected.family,
        )
    weights = _denoiser(path)
    parameters = dict(target.module.named_parameters())
    return {name: _adding(weights[name], patch.strength) for name in parameters.keys() & weights.keys()}


def _denoiser(path: Path) -> Mapping[str, Tensor]:
    """The denoiser's tensors by diffusers' names."""
    found = inspect_file(path).parts["denoiser"]
    file = part_file(path, "denoiser") if path.is_dir() else path
    assert file is not None
    own = {key.removeprefix(found.prefix): t for key, t in open_weights(file).items() if key.startswith(found.prefix)}
    layout = unet_layout({key: tuple(tensor.shape) for key, tensor in own.items()}, found.naming)
    names = unet_names(layout) if found.naming == "ldm" else {key: key for key in own}
    return {here: own[there] for here, there in names.items() if there in own}


def _adding(base: Tensor, strength: float) -> Change:
    def change(weight: Tensor) -> Tensor:
        added: Tensor = weight + base.reshape(weight.shape).to(weight) * strength
        return added

    return change
