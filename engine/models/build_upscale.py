"""Upscalers, built from the tensors of a file."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.models.fill import Unfilled
from engine.models.gather import gathered
from engine.models.handle import ModelHandle
from engine.models.precision import Policy
from engine.models.upscale import Upscaler
from engine.models.upscale_files import inspect_upscaler
from engine.models.upscale_nets import Compact, RRDBNet
from engine.models.weights import open_weights


def upscaler(path: Path, handle: ModelHandle, policy: Policy) -> Unfilled:
    """The network of an upscaler's file; raises ModelFileError."""
    file = inspect_upscaler(path)
    weights = open_weights(path)
    with torch.device("meta"):
        module = RRDBNet(file.layout) if file.layout.kind == "rrdb" else Compact(file.layout)
    tensors = gathered(
        handle.source.name, "an upscaler of its layout", module, lambda name: weights.get(file.names.get(name, ""))
    )
    return Unfilled(module.eval(), tensors, lambda filled: Upscaler(filled, file.layout.scale))
