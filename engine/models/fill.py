"""Networks that have no numbers yet, and how they get them: one copy that casts, moves and lays out each tensor."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.handle import Storage
from engine.models.header import ModelFileError
from engine.models.patching import Change
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


@dataclass(slots=True, eq=False)
class Numbers:
    """Where the numbers of a network's parameters come from, for as long as it lives.

    Args:
        file: its name, for messages. tensors: as in `Unfilled`. names: of tensors, for messages.
        changes: what patches do to each parameter, in their order.
    """

    file: str
    tensors: Mapping[str, Tensor]
    names: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Sequence[Change]] = field(default_factory=dict)

    @torch.no_grad()
    def read(self, key: str, out: Tensor, *, untouched: bool = False) -> None:
        """Write a parameter into `out`, of its shape: the file's numbers with all changes, cast once.

        `untouched` says that `out` holds the file's numbers: they are not read again where none of them was rounded.
        """
        stored = self.tensors[key]
        again = not untouched or out.dtype not in (torch.float32, stored.dtype)
        stored = stored.reshape(out.shape) if again else out
        changes = self.changes.get(key, ())
        # A parameter that is already in full precision is changed where it lies.
        home = out.dtype is torch.float32 and out.is_contiguous()
        if home or not changes:
            weight = out if stored is out else out.copy_(stored)
        else:
            weight = stored.to(out.device, torch.float32, copy=True)
        for change in changes:
            weight = change(weight)
        if weight is not out:
            out.copy_(weight)

    def check(self, key: str, filled: Tensor) -> None:
        """Raise ModelFileError if what `read` wrote is not finite."""
        if _finite(filled):
            return
        stored = self.tensors[key]
        name = self.names.get(key, key)
        if not _finite(stored):
            raise ModelFileError(
                '{name}: its tensor "{tensor}" holds NaN or infinite numbers: the file is damaged; get it or '
                "another anew.",
                name=self.file,
                tensor=name,
            )
        dtype = str(filled.dtype).removeprefix("torch.")
        largest = float(stored.float().abs().max())
        raise ModelFileError(
            '{name}: its tensor "{tensor}" holds numbers up to {largest}, too large for {dtype}; run with --precision '
            "bf16 or full.",
            name=self.file,
            tensor=name,
            largest=f"{largest:.3g}",
            dtype=dtype,
        )

    def check_dtype(self, key: str) -> None:
        """Raise ModelFileError if a parameter is stored as something that is no weight."""
        dtype = self.tensors[key].dtype
        if not dtype.is_floating_point:
            raise ModelFileError(
                '{name}: its tensor "{tensor}" is stored as {dtype}, and weights must be floating-point '
                "numbers: this is a quantised or damaged file; get it in fp16, bf16, fp32 or fp8.",
                name=self.file,
                tensor=self.names.get(key, key),
                dtype=str(dtype).removeprefix("torch."),
            )


def _finite(values: Tensor) -> bool:
    """By the smallest and the largest: both read the tensor once and pass NaN on."""
    if not values.numel():
        return True
    plain = values.half() if values.dtype.itemsize == 1 else values
    return all(bool(end.isfinite()) for end in torch.aminmax(plain))


def store_as(module: nn.Module, storage: Storage, compute: torch.dtype) -> None:
    """Keep the weights of linear layers and convolutions in fp8 between uses (not norms or projections of tokens)."""
    if storage == "default":
        return
    from diffusers.hooks.layerwise_casting import apply_layerwise_casting

    dtype = {"fp8_e4m3fn": torch.float8_e4m3fn, "fp8_e5m2": torch.float8_e5m2}[storage]
    apply_layerwise_casting(module, storage_dtype=dtype, compute_dtype=compute)


def kept_as(blank: Tensor, dtype: torch.dtype) -> torch.dtype:
    """The dtype in which a parameter is kept between uses, where `dtype` computes."""
    return blank.dtype if blank.dtype.itemsize == 1 else dtype


@torch.no_grad()
def fill(
    module: nn.Module,
    numbers: Numbers,
    policy: Policy,
    dtype: torch.dtype,
    streamed: Container[str] = (),
) -> None:
    """Give a module on the meta device its parameters: each cast, moved and laid out in one copy.

    Those named in `streamed` stay on the meta device.  Raises ModelFileError for numbers that are not finite.
    """
    for key, blank in list(module.named_parameters()):
        numbers.check_dtype(key)
        kind = kept_as(blank, dtype)
        if key in streamed:
            put(module, key, nn.Parameter(torch.empty_like(blank, dtype=kind), requires_grad=False))
            continue
        layout = torch.channels_last if policy.channels_last and blank.ndim == 4 else torch.contiguous_format
        made = torch.empty(blank.shape, dtype=kind, device=policy.device, memory_format=layout)
        numbers.read(key, made)
        numbers.check(key, made)
        put(module, key, nn.Parameter(made, requires_grad=False))
    for key, buffer in list(module.named_buffers()):
        if key in numbers.tensors:
            kind = dtype if buffer.dtype.is_floating_point else buffer.dtype
            put(module, key, numbers.tensors[key].reshape(buffer.shape).to(policy.device, kind, copy=True))
        elif buffer.is_meta:
            put(module, key, torch.arange(buffer.shape[-1], device=policy.device).expand(buffer.shape))


def put(module: nn.Module, key: str, value: Any) -> None:
    """Set the parameter or buffer of this name."""
    owner, _, leaf = key.rpartition(".")
    setattr(module.get_submodule(owner), leaf, value)
