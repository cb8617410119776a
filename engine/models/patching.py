"""Patches applied to the weights of a module in place, and taken back exactly.

A patch that changes weights is planned first: what it does to which parameter.  Then each touched tensor is read again
from its file, changed in float32 by all patches in their order, and cast once.  So weights depend on the file and the
patches alone, never on what was applied before, and no second copy is kept.  A patch that changes no weights attaches
itself to the module instead, and is detached before the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from torch import Tensor, nn

from engine.models.handle import Part, Patch, PatchKind


class Change(Protocol):
    """What a patch does to one parameter.

    `weight` is float32, of the parameter's shape, on the device that it is changed on; it may be changed in place.  The
    answer has the same shape, dtype and device.  May be called any number of times.
    """

    def __call__(self, weight: Tensor) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class Target:
    """The part that a patch is to change; its parameters may be on the meta device: only names and shapes count.

    Args:
        family: name of its row in FAMILIES. name: of its file, for messages.
        module: diffusers' or transformers' network.
        original: the original code's name, without prefix, of each parameter that has one there; shapes are the same
            but for trailing ones.
    """

    part: Part
    family: str
    name: str
    module: nn.Module
    original: Mapping[str, str]


class Plan(Protocol):
    """Reads a patch's file: what it does, by the name of the parameter in `target.module`.

    Strength and blocks of the patch are inside the changes.  A patch of strength 0, or one that says nothing of this
    part but of another, changes nothing.  Raises ModelFileError with one sentence for the person who chose the file.
    """

    def __call__(self, patch: Patch, path: Path, target: Target) -> Mapping[str, Change]: ...


class Attach(Protocol):
    """Hooks a patch that changes no weights onto `target.module`; the answer takes it off again."""

    def __call__(self, patch: Patch, path: Path, target: Target) -> Callable[[], None]: ...


PLANS: Mapping[PatchKind, str] = {
    "lora": "engine.models.lora:plan",
    "difference": "engine.models.control_difference:plan",
}
"""Patches that change weights."""

HOOKS: Mapping[PatchKind, str] = {"hypernetwork": "engine.models.hypernetwork:attach"}
"""Patches that are hooked on."""


def planner(kind: PatchKind) -> Plan | None:
    """What plans patches of this kind; None if they are hooked on."""
    return cast(Plan, _named(PLANS[kind])) if kind in PLANS else None


def attacher(kind: PatchKind) -> Attach:
    """What hooks patches of this kind onto a module."""
    return cast(Attach, _named(HOOKS[kind]))


def _named(path: str) -> object:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)
