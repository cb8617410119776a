"""From a handle to what a lease lends: finds the file, builds the network, fills and wraps it, patches it."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from weakref import WeakKeyDictionary

from torch import nn

from engine.files import Library
from engine.models.detect import PART_TITLES
from engine.models.fill import Numbers, Unfilled, fill, store_as
from engine.models.handle import ModelHandle, Part
from engine.models.manager import ModelManager
from engine.models.patching import Change, Target, attacher, planner
from engine.models.precision import Policy, default_bytes
from engine.models.streaming import Stream, least_bytes, split, whole_bytes

log = logging.getLogger("inkwater.models")

Builder = Callable[[Path, ModelHandle, Policy], Unfilled]
"""Reads the header of a handle's file, already found, and makes the network without its numbers; raises
ModelFileError."""

BUILDERS: Mapping[Part, str] = {
    "denoiser": "engine.models.parts:denoiser",
    "text": "engine.models.build_text:text",
    "text_g": "engine.models.build_text:text",
    "vae": "engine.models.parts:vae",
    "control": "engine.models.build_control:control",
    "depth": "engine.models.build_depth:depth",
    "edges": "engine.models.edges:edges",
    "upscaler": "engine.models.build_upscale:upscaler",
    "classifier": "engine.models.classifier:classifier",
}
"""What makes each part, as "module:function" of type `Builder`."""

MEASURED = 8
"""Networks without numbers that are kept between the question for their size and their loading."""


@dataclass(slots=True, eq=False)
class _Kept:
    """What is remembered of a loaded network."""

    numbers: Numbers
    original: Mapping[str, str]
    touched: frozenset[str] = frozenset()
    """Parameters that may differ from the file's."""
    attached: list[Callable[[], None]] = field(default_factory=list)


class FileLoader:
    """Loads parts from the files of a library in the dtypes of a policy; the manager's hands."""

    def __init__(self, library: Library, policy: Policy) -> None:
        self._library = library
        self._policy = policy
        self._drafts: OrderedDict[bytes, Unfilled] = OrderedDict()
        self._lock = threading.Lock()
        self._told: set[bytes] = set()
        self._kept: WeakKeyDictionary[nn.Module, _Kept] = WeakKeyDictionary()

    def size(self, handle: ModelHandle) -> int:
        """Bytes of the part's weights in the policy's dtype, from the file's header."""
        return whole_bytes(self._draft(handle).module, self._policy.dtype(handle.part))

    def least(self, handle: ModelHandle) -> int:
        """Bytes that it needs with all layers streamed that may be."""
        return least_bytes(self._draft(handle).module, self._policy.dtype(handle.part))

    def load(self, handle: ModelHandle, nbytes: int | None = None) -> Any:
        """The part without its patches, at most `nbytes` of its weights on the device; raises ModelFileError or
        FileProblem."""
        draft = self._draft(handle)
        with self._lock:
            self._drafts.pop(handle.base, None)
        module, dtype = draft.module, self._policy.dtype(handle.part)
        layers = () if nbytes is None else split(module, dtype, nbytes)
        numbers = Numbers(handle.source.name, draft.tensors, draft.original)
        fill(module, numbers, self._policy, dtype, _parameters(module, layers))
        if layers:
            Stream(module, layers, numbers, self._policy.device, self._policy.channels_last)
            self._tell(handle, layers)
        self._kept[module] = _Kept(numbers, draft.original)
        return draft.wrap(module)

    def _tell(self, handle: ModelHandle, layers: Sequence[str]) -> None:
        if handle.base not in self._told:
            self._told.add(handle.base)
            log.warning(
                "%s: its %s is larger than the memory for it; %d of its layers are read anew at each use.",
                handle.source.name,
                PART_TITLES.get(handle.part, handle.part),
                len(layers),
            )

    def patch(self, module: Any, handle: ModelHandle) -> None:
        """Apply the handle's patches in place of those it has; raises ModelFileError or FileProblem."""
        network: nn.Module = module.module
        kept = self._kept[network]
        target = Target(handle.part, handle.family, handle.source.name, network, kept.original)
        self._library.resolve(handle.source)
        changes = self._changes(handle, target)
        self._detach(kept)
        self._attach(kept, handle, target)
        before, again = kept.touched, kept.touched | changes.keys()
        kept.touched, kept.numbers.changes = again, changes
        for key, parameter in network.named_parameters():
            if key in again and not parameter.is_meta:
                kept.numbers.read(key, parameter.data, untouched=key not in before)
        kept.touched = frozenset(changes)

    def _changes(self, handle: ModelHandle, target: Target) -> Mapping[str, list[Change]]:
        changes: dict[str, list[Change]] = {}
        for patch in handle.patches:
            if (plan := planner(patch.kind)) is None:
                continue
            for key, change in plan(patch, self._library.resolve(patch.source), target).items():
                changes.setdefault(key, []).append(change)
        return changes

    def _detach(self, kept: _Kept) -> None:
        while kept.attached:
            kept.attached.pop()()

    def _attach(self, kept: _Kept, handle: ModelHandle, target: Target) -> None:
        for patch in handle.patches:
            if planner(patch.kind) is None:
                path = self._library.resolve(patch.source)
                kept.attached.append(attacher(patch.kind)(patch, path, target))

    def to_device(self, module: Any) -> None:
        """Bring weights from the host."""
        nn.Module.to(module.module, self._policy.device)

    def to_host(self, module: Any) -> None:
        """Bring weights from the device."""
        nn.Module.to(module.module, "cpu")

    def _draft(self, handle: ModelHandle) -> Unfilled:
        with self._lock:
            if (known := self._drafts.get(handle.base)) is not None:
                return known
        module, _, name = BUILDERS[handle.part].partition(":")
        build = cast(Builder, getattr(import_module(module), name))
        draft = build(self._library.resolve(handle.source), handle, self._policy)
        store_as(draft.module, handle.storage, self._policy.dtype(handle.part))
        with self._lock:
            self._drafts[handle.base] = draft
            while len(self._drafts) > MEASURED:
                self._drafts.popitem(last=False)
        return draft


def _parameters(module: nn.Module, layers: tuple[str, ...]) -> frozenset[str]:
    """Names of the parameters of these layers."""
    return frozenset(
        f"{layer}.{leaf}" for layer in layers for leaf, _ in module.get_submodule(layer).named_parameters(recurse=False)
    )


def make_manager(library: Library, policy: Policy, device_bytes: int = 0, host_bytes: int = 0) -> ModelManager:
    """A manager over a library's files; budgets of 0 are chosen by the device (`precision.default_bytes`)."""
    device_default, host_default = default_bytes(policy.device)
    return ModelManager(FileLoader(library, policy), device_bytes or device_default, host_bytes or host_default)
