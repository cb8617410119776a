"""Networks that have no numbers yet, and how they get them: one copy that casts, moves and lays out each tensor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.handle import Storage
from engine.models.precision import Policy


@dataclass(frozen=True, slots=True, eq=False)
class Unfilled:
    """A network on the meta device, and the tensors that are to fill it.

    Args:
        module: on the meta device, in eval mode.
        tensors: by the name of each parameter (and of each buffer that the file holds) a view of the mapped file, in
            any float dtype and any shape of as many numbers; views cost nothing until they are read.
        wrap: makes of the filled module what a lease lends: an object that keeps it as its attribute `module`.
        original: the original code's names of parameters, without prefix (`patching.Target.original`).
    """

    module: nn.Module
    tensors: Mapping[str, Tensor]
    wrap: Callable[[nn.Module], Any]
    original: Mapping[str, str] = field(default_factory=dict)


def store_as(module: nn.Module, storage: Storage, compute: torch.dtype) -> None:
    """Keep the weights of linear layers and convolutions in fp8 between uses (not norms or projections of tokens)."""
    if storage == "default":
        return
    from diffusers.hooks.layerwise_casting import apply_layerwise_casting

    dtype = {"fp8_e4m3fn": torch.float8_e4m3fn, "fp8_e5m2": torch.float8_e5m2}[storage]
    apply_layerwise_casting(module, storage_dtype=dtype, compute_dtype=compute)


@torch.no_grad()
def fill(module: nn.Module, tensors: Mapping[str, Tensor], policy: Policy, dtype: torch.dtype) -> None:
    """Give a module on the meta device its parameters: each cast, moved and laid out in one copy."""
    for key, blank in list(module.named_parameters()):
        layout = policy.channels_last and blank.ndim == 4
        made = torch.empty(
            blank.shape,
            dtype=blank.dtype if blank.dtype.itemsize == 1 else dtype,
            device=policy.device,
            memory_format=torch.channels_last if layout else torch.contiguous_format,
        )
        made.copy_(tensors[key].reshape(blank.shape))
        put(module, key, nn.Parameter(made, requires_grad=False))
    for key, buffer in list(module.named_buffers()):
        if key in tensors:
            put(module, key, tensors[key].reshape(buffer.shape).to(policy.device, buffer.dtype, copy=True))
        elif buffer.is_meta:
            put(module, key, torch.arange(buffer.shape[-1], device=policy.device).expand(buffer.shape))


def put(module: nn.Module, key: str, value: Any) -> None:
    """Set the parameter or buffer of this name."""
    owner, _, leaf = key.rpartition(".")
    setattr(module.get_submodule(owner), leaf, value)
