"""Small random ControlNets for the members of every family, in all namings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.models.build_control import make_control
from engine.models.control_files import ControlLayout
from engine.models.control_keys import control_keys
from engine.models.families import FAMILIES
from tests.models import make
from tests.models.members import FULL, MEMBERS, Member

HINT = (16, 16, 32, 32)
FULL_HINT = (16, 32, 96, 256)
LDM = "control_model."


def layout(member: str, modes: int = 0, table: Mapping[str, Member] | None = None) -> ControlLayout:
    """Of a ControlNet for a member's denoiser; with `modes` a union."""
    unet = (table or MEMBERS)[member].unet
    return ControlLayout(
        widths=unet.widths,
        layers=unet.layers,
        attention=tuple(depth or None for depth in unet.attention),
        middle=unet.middle,
        context=unet.context,
        linear=unet.linear,
        hint=FULL_HINT if table is FULL else HINT,
        vector=unet.vector,
        modes=modes,
        mixer=unet.widths[0] if modes else 0,
        mixers=1 if modes else 0,
    )


TINY = ControlLayout((32, 64), 1, (1, 1), 1, 64, False, HINT)
"""For `make.TINY`."""


def without_attention(member: str) -> ControlLayout:
    """As the small ControlNets of SDXL."""
    whole = layout(member)
    return replace(whole, attention=(None,) * len(whole.widths), middle=None, context=0, linear=False)


def module(found: ControlLayout, family: str) -> nn.Module:
    """The network on the meta device."""
    with torch.device("meta"):
        return make_control(found, FAMILIES[family])


def tensors(found: ControlLayout, family: str, seed: int = 0) -> dict[str, Tensor]:
    """Random numbers by diffusers' names; nothing is zero, as it would be at the start of training."""
    shapes = {name: tuple(p.shape) for name, p in module(found, family).named_parameters()}
    return {name: make.value(name, shape, seed) for name, shape in shapes.items()}


def write(
    path: Path, member: str, naming: str = "diffusers", *, modes: int = 0, seed: int = 0, prefix: str = LDM
) -> Path:
    """A ControlNet's file: "diffusers" names, or "ldm" ones behind `prefix`."""
    found = layout(member, modes)
    return write_layout(path, found, MEMBERS[member].family, naming, seed=seed, prefix=prefix)


def write_layout(
    path: Path, found: ControlLayout, family: str, naming: str = "diffusers", *, seed: int = 0, prefix: str = LDM
) -> Path:
    """The same of any layout."""
    made, names = tensors(found, family, seed), control_keys(found) if naming == "ldm" else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({(prefix if naming == "ldm" else "") + names.get(n, n): t.contiguous() for n, t in made.items()}, path)
    return path


def oracle(found: ControlLayout, path: Path, family: str) -> Any:
    """diffusers' network with the numbers of a file in diffusers' names."""
    network = make_control(found, FAMILIES[family])
    network.load_state_dict(load_file(path))
    return network.eval().requires_grad_(False)


def shapes(found: ControlLayout, family: str, naming: str) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor by its name in a file."""
    names = control_keys(found) if naming == "ldm" else {}
    prefix = LDM if naming == "ldm" else ""
    return {prefix + names.get(n, n): tuple(p.shape) for n, p in module(found, family).named_parameters()}
