"""Random numbers, all drawn on the CPU from a seed, so that a seed means the same picture on every device."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import cache

import torch
from torch import Tensor

from engine.diffusion.philox import cuda_randn
from engine.diffusion.types import NoiseSource

StepNoise = Callable[[float, float], Tensor]
"""(sigma, next sigma) -> unit noise of x's shape, dtype and device."""

_SEEDS = 2**64
_DIGITS = 6


def initial_noise(
    shape: Sequence[int], seed: int, batch_index: Sequence[int] | None = None, source: NoiseSource = "cpu"
) -> Tensor:
    """The noise a picture starts from, float32, in ComfyUI's numbers: one draw over the whole batch.

    With `batch_index` (one index a sample) the pictures of a batch are drawn one after the other, and each sample takes
    the picture it names; so sample 3 of a batch can be made again alone.  `source` "nv" draws as CUDA does.
    """
    draw = _draws(seed % _SEEDS, source)
    if batch_index is None:
        return draw(shape)
    one = (1, *shape[1:])
    drawn = [draw(one) for _ in range(max(batch_index) + 1)]
    return torch.cat([drawn[i] for i in batch_index])


def _draws(seed: int, source: NoiseSource) -> Callable[[Sequence[int]], Tensor]:
    """What draws the next numbers of a seed."""
    if source == "nv":
        calls = itertools.count()
        return lambda shape: cuda_randn(shape, seed, next(calls))
    generator = torch.Generator("cpu").manual_seed(seed)
    return lambda shape: torch.randn(tuple(shape), generator=generator)


def step_noise(x: Tensor, seed: int, source: NoiseSource = "cpu", *, skip: int = 0) -> StepNoise:
    """Fresh noise for each call, from a generator of its own: the picture's would repeat the first noise.

    `source` "nv" goes on with what CUDA draws after the first noise, as AUTOMATIC1111's program does.  The first `skip`
    draws are left out.
    """
    if source == "nv":
        calls = itertools.count(1 + skip)
        return lambda sigma, to: cuda_randn(x.shape, seed % _SEEDS, next(calls)).to(x)
    generator = torch.Generator("cpu").manual_seed((seed + 1) % _SEEDS)
    for _ in range(skip):
        torch.randn(x.shape, generator=generator)

    def draw(sigma: float, to: float) -> Tensor:
        return torch.randn(x.shape, generator=generator).to(x)

    return draw


def brownian_noise(x: Tensor, seed: int, sigmas: Sequence[float]) -> StepNoise:
    """Increments of one Brownian path over sigma, scaled to unit noise: finer steps refine the same path.

    The path is torchsde's `BrownianTree` (Li et al. 2020) on the CPU, with sigma itself as time, as k-diffusion has it.
    """
    # The tree rounds its ends to its tolerance; an unrounded question would lie outside of it.
    low, high = round(min(s for s in sigmas if s > 0), _DIGITS), round(max(sigmas), _DIGITS)

    @cache
    def tree() -> Callable[[float, float], Tensor]:
        from torchsde import BrownianTree

        path: Callable[[float, float], Tensor] = BrownianTree(low, torch.zeros(x.shape), high, entropy=seed % _SEEDS)
        return path

    def draw(sigma: float, to: float) -> Tensor:
        start, end = min(sigma, to), max(sigma, to)
        increment = tree()(max(start, low), min(end, high)) / math.sqrt(end - start)
        # The path is laid from low sigma to high; sampling walks it the other way.
        return (increment if to > sigma else -increment).to(x)

    return draw
