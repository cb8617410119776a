"""The tensors inside a value, their dimensions by name, and the numbers that sum them up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.diffusion.traces import Trace
from engine.diffusion.types import Cond, Embeds, Latent, Tokens

if TYPE_CHECKING:
    from torch import Tensor


class Part(NamedTuple):
    """One tensor of a value: what it is called there and what its dimensions are."""

    name: str
    tensor: Tensor
    dimensions: tuple[str, ...]


PLAIN: Mapping[int, tuple[str, tuple[str, ...]]] = {
    1: ("sigmas", ("levels",)),
    3: ("mask", ("batch", "height", "width")),
    4: ("image", ("batch", "height", "width", "channels")),
}
"""What tensors that flow bare are, by how many dimensions they have."""

_LATENT = ("batch", "channels", "height", "width")
_VECTORS = ("batch", "tokens", "vector")


def parts(value: Any) -> tuple[Part, ...]:
    """The tensors of a value, the most telling first; none for what has no numbers of its own, as a model."""
    find = _PARTS.get(type(value))
    if find is not None:
        return tuple(find(value))
    if is_tensor(value):
        name, dimensions = PLAIN.get(value.ndim, ("tensor", ()))
        return (Part(name, value, dimensions),)
    if isinstance(value, tuple) and value and all(isinstance(one, Cond) for one in value):
        return tuple(part for one in value for part in _cond(one))
    return ()


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor; asks for no import of torch."""
    return hasattr(value, "shape") and hasattr(value, "dtype") and hasattr(value, "numel")


def _latent(value: Latent) -> Iterator[Part]:
    yield Part("samples", value.samples, _LATENT)
    if value.noise_mask is not None:
        ours = ("batch", "height", "width") if value.noise_mask.ndim == 3 else _LATENT
        yield Part("noise_mask", value.noise_mask, ours)


def _cond(value: Cond) -> Iterator[Part]:
    yield Part("embeds", value.embeds, _VECTORS)
    if value.pooled is not None:
        yield Part("pooled", value.pooled, ("batch", "vector"))


def _embeds(value: Embeds) -> Iterator[Part]:
    yield Part("vectors", value.vectors, ("chunks", "tokens", "vector"))


def _tokens(value: Tokens) -> Iterator[Part]:
    import torch

    yield Part("ids", torch.tensor(value.ids), ("chunks", "tokens"))
    yield Part("weights", torch.tensor(value.weights), ("chunks", "tokens"))


def _trace(value: Trace) -> Iterator[Part]:
    yield Part("x", value.x, _LATENT)
    for step in value.steps:
        yield Part("x", step.x, _LATENT)
        yield Part("clean", step.clean, _LATENT)
        yield from (Part(name, answer, _LATENT) for name, answer in step.branches)


_PARTS: Mapping[type, Callable[[Any], Iterator[Part]]] = {
    Latent: _latent,
    Cond: _cond,
    Embeds: _embeds,
    Tokens: _tokens,
    Trace: _trace,
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """A tensor summed up: of its finite numbers the least, the greatest, mean and (population) deviation."""

    shape: tuple[int, ...]
    dtype: str
    count: int
    nbytes: int
    min: float
    max: float
    mean: float
    std: float
    bad: int
    """How many are NaN or infinite."""


def numbers(tensor: Tensor) -> Numbers:
    """Sum a tensor up; where it holds no finite number, all four are 0."""
    import torch

    values = tensor.detach().float()
    finite = values[torch.isfinite(values)]
    std, mean = torch.std_mean(finite, correction=0) if finite.numel() else (values.new_zeros(()),) * 2
    low, high = torch.aminmax(finite) if finite.numel() else (values.new_zeros(()),) * 2
    return Numbers(
        shape=tuple(tensor.shape),
        dtype=str(tensor.dtype).removeprefix("torch."),
        count=tensor.numel(),
        nbytes=tensor.numel() * tensor.element_size(),
        min=float(low),
        max=float(high),
        mean=float(mean),
        std=float(std),
        bad=tensor.numel() - finite.numel(),
    )


def short(number: float) -> str:
    """A number in at most five figures."""
    return f"{number:.5g}" if math.isfinite(number) else str(number)


def size_text(nbytes: int) -> str:
    """Bytes for people: 1.5 MB."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    power = min(max(0, math.floor(math.log(max(nbytes, 1), 1000))), len(units) - 1)
    return f"{nbytes} {units[0]}" if power == 0 else f"{nbytes / 1000**power:.3g} {units[power]}"
