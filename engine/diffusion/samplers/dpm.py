"""DPM-Solver-2 in sigma: the slope at the middle of the step in log sigma."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from engine.diffusion.noise import StepNoise
from engine.diffusion.samplers.protocol import Ask, Churn, Steps
from engine.diffusion.trajectory import Trajectory


def dpm_2(
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
    """Midpoint steps, the middle taken in log sigma (Lu et al. 2022, DPM-Solver-2; churn of Karras et al. 2022)."""
    churn = Churn(len(sigmas) - 1, s_churn, s_tmin, s_tmax, s_noise)
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        x, sigma = churn(x, sigma, trajectory, noise)
        clean = (yield Ask(x, sigma, i)).clean
        if to == 0:
            x = clean
            continue
        middle = math.sqrt(sigma * to)
        half = trajectory.step(x, clean, sigma, middle)
        x = x + trajectory.slope(half, (yield Ask(half, middle, i)).clean, middle) * (to - sigma)
    return x


def dpm_2_ancestral(
    x: Tensor,
    sigmas: Sequence[float],
    *,
    trajectory: Trajectory,
    noise: StepNoise,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Steps:
    """A midpoint step down past the next level, then fresh noise up to it."""
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        clean = (yield Ask(x, sigma, i)).clean
        down, up = trajectory.split(sigma, to, eta)
        if down == 0:
            x = clean
        else:
            middle = math.sqrt(sigma * down)
            half = trajectory.step(x, clean, sigma, middle)
            x = x + trajectory.slope(half, (yield Ask(half, middle, i)).clean, middle) * (down - sigma)
        if up > 0:
            x = trajectory.renoise(x, down, to, noise(sigma, to), up * s_noise)
    return x
