"""From a handle to what a lease lends: finds the file, builds the network, fills and wraps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from torch import nn

from engine.files import Library
from engine.models.fill import Unfilled, fill, store_as
from engine.models.handle import ModelHandle, Part
from engine.models.header import ModelFileError
from engine.models.manager import ModelManager
from engine.models.precision import Policy, default_bytes

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
}
"""What makes each part, as "module:function" of type `Builder`."""


class FileLoader:
    """Loads parts from the files of a library in the dtypes of a policy; the manager's hands."""

    def __init__(self, library: Library, policy: Policy) -> None:
        self._library = library
        self._policy = policy

    def size(self, handle: ModelHandle) -> int:
        """Bytes of the part's weights in the policy's dtype, from the file's header."""
        dtype = self._policy.dtype(handle.part)
        return sum(
            p.numel() * (p.dtype.itemsize if p.dtype.itemsize == 1 else dtype.itemsize)
            for p in self._unfilled(handle).module.parameters()
        )

    def load(self, handle: ModelHandle) -> Any:
        """The part with its weights on the device; raises ModelFileError or FileProblem."""
        if handle.patches:
            raise ModelFileError(f"{handle.source.name} has patches, and no kind of patch can be applied.")
        draft = self._unfilled(handle)
        fill(draft.module, draft.tensors, self._policy, self._policy.dtype(handle.part))
        return draft.wrap(draft.module)

    def to_device(self, module: Any) -> None:
        """Bring weights from the host."""
        nn.Module.to(module.module, self._policy.device)

    def to_host(self, module: Any) -> None:
        """Bring weights from the device."""
        nn.Module.to(module.module, "cpu")

    def _unfilled(self, handle: ModelHandle) -> Unfilled:
        module, _, name = BUILDERS[handle.part].partition(":")
        build = cast(Builder, getattr(import_module(module), name))
        draft = build(self._library.resolve(handle.source), handle, self._policy)
        store_as(draft.module, handle.storage, self._policy.dtype(handle.part))
        return draft


def make_manager(library: Library, policy: Policy, device_bytes: int = 0, host_bytes: int = 0) -> ModelManager:
    """A manager over a library's files; budgets of 0 are chosen by the device (`precision.default_bytes`)."""
    device_default, host_default = default_bytes(policy.device)
    return ModelManager(FileLoader(library, policy), device_bytes or device_default, host_bytes or host_default)
