"""Networks larger than the room they are given: some of their layers get their weights just before use.

The layers that stay are the smallest, so that as few as possible are streamed; all that are share one buffer of the
size of the largest, for only one of them works at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.fill import Numbers, kept_as

STREAMED = (nn.Linear, nn.Conv2d)
"""Types of layers that may be streamed, not their subclasses: nothing but their own `forward` uses their weights."""

ALWAYS_THERE = "conv_in"
"""Name of layers that are asked for the device or dtype of their network."""

ALIGNED = 64
"""Bytes to whose multiples tensors begin in the buffer."""


def whole_bytes(module: nn.Module, dtype: torch.dtype) -> int:
    """Bytes of a network's parameters on the device, where `dtype` computes."""
    return sum(_bytes(p, dtype) for p in module.parameters())


def least_bytes(module: nn.Module, dtype: torch.dtype) -> int:
    """The least bytes of the device that a network can work with: all its layers streamed that may be."""
    layers = streamable(module)
    freed = sum(_bytes(p, dtype) for layer in layers.values() for p in layer.parameters(recurse=False))
    return whole_bytes(module, dtype) - freed + max((_space(layer, dtype) for layer in layers.values()), default=0)


def streamable(module: nn.Module) -> Mapping[str, nn.Module]:
    """The layers that may be streamed, by name; the first one stays, as it is asked about the network."""
    layers = [(name, layer) for name, layer in module.named_modules() if type(layer) in STREAMED][1:]
    return {name: layer for name, layer in layers if name.rpartition(".")[2] != ALWAYS_THERE}


def split(module: nn.Module, dtype: torch.dtype, nbytes: int) -> tuple[str, ...]:
    """Names of the layers to stream, the fewest and largest, so that the network works within `nbytes`."""
    over = whole_bytes(module, dtype) - nbytes
    if over <= 0:
        return ()
    layers = sorted(streamable(module).items(), key=lambda item: -_space(item[1], dtype))
    needed = over + (_space(layers[0][1], dtype) if layers else 0)
    gained = accumulate(sum(_bytes(p, dtype) for p in layer.parameters(recurse=False)) for _, layer in layers)
    count = next((n for n, gain in enumerate(gained, 1) if gain >= needed), len(layers))
    return tuple(name for name, _ in layers[:count])


def _bytes(parameter: Tensor, dtype: torch.dtype) -> int:
    return parameter.numel() * kept_as(parameter, dtype).itemsize


def _aligned(nbytes: int) -> int:
    return -(-nbytes // ALIGNED) * ALIGNED


def _space(layer: nn.Module, dtype: torch.dtype) -> int:
    """Bytes of a layer in the buffer."""
    return sum(_aligned(_bytes(p, dtype)) for p in layer.parameters(recurse=False))


class Stream:
    """Hooks that fill layers before each use and empty them after it; one thread at a time may use the network.

    Args:
        module: filled but for these layers, whose parameters are on the meta device. names: of the layers.
        numbers: what fills them. device: where to. channels_last: how the weights of convolutions lie.
    """

    def __init__(
        self, module: nn.Module, names: Sequence[str], numbers: Numbers, device: torch.device, channels_last: bool
    ) -> None:
        self._numbers = numbers
        self._channels_last = channels_last
        self._checked: set[str] = set()
        layers = {name: module.get_submodule(name) for name in names}
        space = max(sum(_aligned(p.nbytes) for p in layer.parameters(recurse=False)) for layer in layers.values())
        self._buffer = torch.empty(space, dtype=torch.uint8, device=device)
        for name, layer in layers.items():
            layer.register_forward_pre_hook(partial(self._bring, name))
            layer.register_forward_hook(_drop, always_call=True)

    def _bring(self, name: str, layer: nn.Module, args: Any) -> None:
        at = 0
        # Whoever wants gradients reads the weights once more on the way back.
        reuse = not torch.is_grad_enabled()
        for leaf, blank in list(layer.named_parameters(recurse=False)):
            out = self._room(blank, at if reuse else self._buffer.nbytes)
            at += _aligned(out.nbytes)
            self._fill(f"{name}.{leaf}", out)
            layer._parameters[leaf] = nn.Parameter(out, requires_grad=False)

    def _fill(self, key: str, out: Tensor) -> None:
        self._numbers.read(key, out)
        if key not in self._checked:
            self._numbers.check(key, out)
            self._checked.add(key)

    def _room(self, blank: Tensor, at: int) -> Tensor:
        """Where a parameter goes: into the buffer, or beside it where it has become larger."""
        last = self._channels_last and blank.ndim == 4
        if at + blank.nbytes > self._buffer.nbytes:
            layout = torch.channels_last if last else torch.contiguous_format
            return torch.empty(blank.shape, dtype=blank.dtype, device=self._buffer.device, memory_format=layout)
        flat = self._buffer[at : at + blank.nbytes].view(blank.dtype)
        if not last:
            return flat.view(blank.shape)
        out, into, high, wide = blank.shape
        return flat.view(out, high, wide, into).permute(0, 3, 1, 2)


def _drop(layer: nn.Module, args: Any, out: Any) -> None:
    for leaf, filled in list(layer.named_parameters(recurse=False)):
        layer._parameters[leaf] = nn.Parameter(torch.empty_like(filled, device="meta"), requires_grad=False)
