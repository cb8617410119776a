"""Schedules: which noise levels the steps of a run stop at.  The names mean what they mean in ComfyUI."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import groupby

import torch
from torch import Tensor

from engine.diffusion.names import SAMPLERS, SCHEDULES, load
from engine.diffusion.trajectory import SigmaTable, sigma_table
from engine.diffusion.types import ModelSampling
from engine.graph.told import Told

Schedule = Callable[[SigmaTable, int], Iterable[float]]
"""(levels of the model, steps) -> falling sigmas that end at 0; most have steps + 1, some round."""

_NEAR_ZERO = 1e-5


def make_sigmas(
    name: str, steps: int, sampling: ModelSampling, denoise: float = 1.0, sampler: str | None = None
) -> Tensor:
    """The sigmas of a run: float32 [steps + 1] on the host, falling, the last 0 (some give a few more or fewer).

    With `denoise` below 1 only the last `steps` of int(steps / denoise) are taken; at 0 the tensor is empty.
    For a `sampler` that says so one step more is made and the last sigma above zero left out.  A model has only so many
    levels: where more steps are asked for, those that would stand still are left out.
    ValueError for a name that is not known, or fewer than one step.
    """
    if name not in SCHEDULES:
        raise Told(
            "Unknown schedule {name}; known are {known}.",
            name=repr(name),
            known=", ".join(SCHEDULES),
        )
    if steps < 1:
        raise Told(
            "A schedule needs at least 1 step, got {steps}.",
            steps=steps,
        )
    if denoise <= 0:
        return torch.empty(0)
    whole = denoise > 0.9999
    total = steps if whole else int(steps / denoise)
    schedule: Schedule = load(SCHEDULES[name])
    discard = sampler is not None and sampler in SAMPLERS and SAMPLERS[sampler].discard_penultimate
    sigmas = [sigma for sigma, _ in groupby(schedule(sigma_table(sampling), total + discard))]
    if discard and len(sigmas) > 2:
        del sigmas[-2]
    return torch.tensor(sigmas if whole else sigmas[-(steps + 1) :], dtype=torch.float32)


def simple(table: SigmaTable, steps: int) -> list[float]:
    """The model's own levels, evenly spaced from the top, rounded down."""
    stride = len(table.sigmas) / steps
    return [float(table.sigmas[-(1 + int(i * stride))]) for i in range(steps)] + [0.0]


def normal(table: SigmaTable, steps: int) -> list[float]:
    """Evenly spaced timesteps from the highest level to the lowest."""
    start, end = table.timestep(table.sigma_max), table.timestep(table.sigma_min)
    if table.sigma(end) < _NEAR_ZERO:
        return [table.sigma(t) for t in _linspace(start, end, steps + 1)]
    return [table.sigma(t) for t in _linspace(start, end, steps)] + [0.0]


def sgm_uniform(table: SigmaTable, steps: int) -> list[float]:
    """Evenly spaced timesteps that would reach the lowest level one step after the last."""
    start, end = table.timestep(table.sigma_max), table.timestep(table.sigma_min)
    return [table.sigma(t) for t in _linspace(start, end, steps + 1)[:-1]] + [0.0]


def ddim_uniform(table: SigmaTable, steps: int) -> list[float]:
    """Every n-th level counted from the second lowest (Song et al. 2021); the number of steps may come out higher."""
    first = float(table.sigmas[1])
    at_zero = first < _NEAR_ZERO
    stride = max(len(table.sigmas) // (steps + at_zero), 1)
    levels = [float(s) for s in table.sigmas[1::stride]]
    return levels[::-1] + ([] if at_zero else [0.0])


def karras(table: SigmaTable, steps: int) -> list[float]:
    """Evenly spaced in sigma to the power 1/7 (Karras et al. 2022, eq. 5)."""
    ramp = _linspace(table.sigma_max ** (1 / 7), table.sigma_min ** (1 / 7), steps)
    return [s**7 for s in ramp] + [0.0]


def exponential(table: SigmaTable, steps: int) -> list[float]:
    """Evenly spaced in log sigma."""
    ramp = _linspace(math.log(table.sigma_max), math.log(table.sigma_min), steps)
    return [math.exp(s) for s in ramp] + [0.0]


def kl_optimal(table: SigmaTable, steps: int) -> list[float]:
    """Evenly spaced in the arc tangent of sigma (Sabour et al. 2024, appendix)."""
    ramp = _linspace(math.atan(table.sigma_max), math.atan(table.sigma_min), steps)
    return [math.tan(s) for s in ramp] + [0.0]


def beta(table: SigmaTable, steps: int, a: float = 0.6, b: float = 0.6) -> list[float]:
    """Levels at the quantiles of a beta distribution: dense at both ends (Lee et al. 2024)."""
    top = len(table.sigmas) - 1
    levels = [round(beta_quantile(1 - i / steps, a, b) * top) for i in range(steps)]
    return [float(table.sigmas[t]) for t in levels] + [0.0]


def linear_quadratic(table: SigmaTable, steps: int, threshold: float = 0.025) -> list[float]:
    """Half of the steps straight over the first `threshold` of the way, then a parabola (Genmo 2024, Mochi)."""
    if steps == 1:
        return [table.sigma_max, 0.0]
    line = steps // 2
    rest = steps - line
    # The parabola a*i^2 + b*i + c meets the line in value and slope at i = line and reaches 1 at i = steps.
    surplus = line - threshold * steps
    a = surplus / (line * rest**2)
    b = threshold / line - 2 * surplus / rest**2
    c = a * line**2
    way = [i * threshold / line for i in range(line)] + [a * i**2 + b * i + c for i in range(line, steps)]
    return [(1 - w) * table.sigma_max for w in way] + [0.0]


def _linspace(start: float, end: float, count: int) -> list[float]:
    if count == 1:
        return [start]
    return [start + (end - start) * i / (count - 1) for i in range(count)]


@lru_cache(maxsize=4096)
def beta_quantile(p: float, a: float, b: float) -> float:
    """The x in [0, 1] at which the regularised incomplete beta function is p, by bisection."""
    if p <= 0 or p >= 1:
        return min(max(p, 0.0), 1.0)
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _beta_cdf(middle, a, b) < p else (low, middle)
    return (low + high) / 2


def _beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz 1976)."""
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_cdf(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 200):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = fraction
        for term in (even, odd):
            d = 1 / (1 + term * d)
            c = 1 + term / c
            fraction *= c * d
        if abs(fraction - before) < 1e-15 * abs(fraction):
            break
    return front * fraction
