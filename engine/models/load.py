"""From a handle to what a lease lends: finds the file, builds the network, wraps it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from torch import nn

from engine.files import Library
from engine.models.build_sd import build
from engine.models.detect import inspect_file, part_file, read_header, require
from engine.models.families import FAMILIES, Found
from engine.models.handle import ModelHandle
from engine.models.header import ModelFileError
from engine.models.manager import ModelManager
from engine.models.precision import Policy, default_bytes
from engine.models.text_encoder import TextEncoder
from engine.models.unet import Denoiser
from engine.models.vae import VaeModule
from engine.models.weights import open_weights


class FileLoader:
    """Loads parts from the files of a library in the dtypes of a policy; the manager's hands."""

    def __init__(self, library: Library, policy: Policy) -> None:
        self._library = library
        self._policy = policy

    def size(self, handle: ModelHandle) -> int:
        """Bytes of the part's weights in the policy's dtype, from the file's header."""
        path, found = self._find(handle)
        dtype = self._policy.dtype(handle.part)
        itemsize = dtype.itemsize if handle.storage == "default" else 1
        header = read_header(path)
        own = [entry.shape for name, entry in header.tensors.items() if name.startswith(found.prefix)]
        return itemsize * sum(map(math.prod, own))

    def load(self, handle: ModelHandle) -> Denoiser | TextEncoder | VaeModule:
        """The part with its weights on the device; raises ModelFileError or FileProblem."""
        if handle.patches:
            raise ModelFileError(f"{handle.source.name} has patches, and no kind of patch can be applied.")
        path, found = self._find(handle)
        family = FAMILIES[handle.family]
        module = build(open_weights(path), found, family, self._policy, handle.storage, handle.source.name)
        if handle.part == "denoiser":
            return Denoiser(module, self._policy.denoiser, self._policy.channels_last)
        if handle.part == "text":
            return TextEncoder(module, family)
        return VaeModule(module, family.latent.downscale)

    def to_device(self, module: Any) -> None:
        """Bring weights from the host."""
        nn.Module.to(module.module, self._policy.device)

    def to_host(self, module: Any) -> None:
        """Bring weights from the device."""
        nn.Module.to(module.module, "cpu")

    def _find(self, handle: ModelHandle) -> tuple[Path, Found]:
        """The file that holds the part, and how it names its tensors there."""
        path = self._library.resolve(handle.source)
        inspected = inspect_file(path)
        require(inspected, handle.source.name, handle.part)
        file = part_file(path, handle.part) if path.is_dir() else path
        assert file is not None
        return file, inspected.parts[handle.part]


def make_manager(library: Library, policy: Policy, device_bytes: int = 0, host_bytes: int = 0) -> ModelManager:
    """A manager over a library's files; budgets of 0 are chosen by the device (`precision.default_bytes`)."""
    device_default, host_default = default_bytes(policy.device)
    return ModelManager(FileLoader(library, policy), device_bytes or device_default, host_bytes or host_default)
