"""Heun's method and its relative with uneven weights: slopes taken at the far ends of steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from engine.diffusion.noise import StepNoise
from engine.diffusion.samplers.protocol import Ask, Churn, Steps
from engine.diffusion.trajectory import Trajectory


def heun(
    x: Tensor,
    sigmas: Sequence[float],
    *,
    trajectory: Trajectory,
    noise: StepNoise,
    s_churn: float = 0.0,
    s_tmin: float = 0.0,
    s_tmax: float = math.inf,
    s_noise: float = 1.0,
) -> Steps:
    """Euler's step, corrected by the slope at its far end; second order (Karras et al. 2022, alg. 2)."""
    churn = Churn(len(sigmas) - 1, s_churn, s_tmin, s_tmax, s_noise)
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        x, sigma = churn(x, sigma, trajectory, noise)
        clean = (yield Ask(x, sigma, i)).clean
        ahead = trajectory.step(x, clean, sigma, to)
        if to > 0:
            slope = trajectory.slope(x, clean, sigma)
            far = trajectory.slope(ahead, (yield Ask(ahead, to, i)).clean, to)
            ahead = x + (slope + far) / 2 * (to - sigma)
        x = ahead
    return x


def heunpp2(
    x: Tensor,
    sigmas: Sequence[float],
    *,
    trajectory: Trajectory,
    noise: StepNoise,
    s_churn: float = 0.0,
    s_tmin: float = 0.0,
    s_tmax: float = math.inf,
    s_noise: float = 1.0,
) -> Steps:
    """Heun++ (Carzit 2023): slopes at up to two levels ahead, each weighted by its level's share of the first sigma.

    The weights trust the far slopes at high noise and the near one at low noise; they do not match Taylor's series, so
    the order of convergence is one.
    """
    churn = Churn(len(sigmas) - 1, s_churn, s_tmin, s_tmax, s_noise)
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        x, sigma = churn(x, sigma, trajectory, noise)
        clean = (yield Ask(x, sigma, i)).clean
        ahead = sigmas[i + 1 : i + 3] if len(sigmas) - i > 3 else sigmas[i + 1 : -1]
        if not ahead:
            x = trajectory.step(x, clean, sigma, to)
            continue
        mean = slope = here = trajectory.slope(x, clean, sigma)
        at, seen = x, sigma
        for level in ahead:
            at = at + slope * (level - seen)
            slope = trajectory.slope(at, (yield Ask(at, level, i)).clean, level)
            mean = mean + (slope - here) * (level / ((len(ahead) + 1) * sigmas[0]))
            seen = level
        x = x + mean * (to - sigma)
    return x
