"""DPM-Solver++ without noise inside the solver (Lu et al. 2022b): steps in log signal-to-noise on the clean latent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from engine.diffusion.noise import StepNoise
from engine.diffusion.samplers.protocol import Ask, Steps
from engine.diffusion.trajectory import Trajectory


def dpmpp_2s_ancestral(
    x: Tensor,
    sigmas: Sequence[float],
    *,
    trajectory: Trajectory,
    noise: StepNoise,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Steps:
    """Single-step second order, down past the next level, then fresh noise up to it."""
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        clean = (yield Ask(x, sigma, i)).clean
        down, up = trajectory.split(sigma, to, eta)
        if down > 0:
            middle = trajectory.sigma_of((trajectory.lam(sigma) + trajectory.lam(down)) / 2)
            half = trajectory.step(x, clean, sigma, middle)
            clean = (yield Ask(half, middle, i)).clean
        x = trajectory.step(x, clean, sigma, down)
        if up > 0:
            x = trajectory.renoise(x, down, to, noise(sigma, to), up * s_noise)
    return x


def dpmpp_2m(x: Tensor, sigmas: Sequence[float], *, trajectory: Trajectory, noise: StepNoise) -> Steps:
    """Multistep second order: the clean latent is carried on straight from the step before."""
    before: Tensor | None = None
    width_before = 0.0
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        clean = (yield Ask(x, sigma, i)).clean
        width = trajectory.lam(to) - trajectory.lam(sigma)
        aim = clean
        if before is not None and to > 0:
            aim = clean + (clean - before) * (width / (2 * width_before))
        x = trajectory.step(x, aim, sigma, to)
        before, width_before = clean, width
    return x
