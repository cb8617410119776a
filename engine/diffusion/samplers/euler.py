"""First-order samplers: one question a step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from engine.diffusion.noise import StepNoise
from engine.diffusion.samplers.protocol import Ask, Churn, Steps
from engine.diffusion.trajectory import Trajectory


def euler(
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
    """Euler's method on the probability-flow ODE (Karras et al. 2022, alg. 2); without churn it is DDIM."""
    churn = Churn(len(sigmas) - 1, s_churn, s_tmin, s_tmax, s_noise)
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        x, sigma = churn(x, sigma, trajectory, noise)
        clean = (yield Ask(x, sigma, i)).clean
        x = trajectory.step(x, clean, sigma, to)
    return x


def euler_ancestral(
    x: Tensor,
    sigmas: Sequence[float],
    *,
    trajectory: Trajectory,
    noise: StepNoise,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Steps:
    """Euler's method down past the next level, then fresh noise up to it (Song et al. 2021, DDIM with eta)."""
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        clean = (yield Ask(x, sigma, i)).clean
        down, up = trajectory.split(sigma, to, eta)
        x = trajectory.step(x, clean, sigma, down)
        if up > 0:
            x = trajectory.renoise(x, down, to, noise(sigma, to), up * s_noise)
    return x


def ddpm(x: Tensor, sigmas: Sequence[float], *, trajectory: Trajectory, noise: StepNoise) -> Steps:
    """Draws from the posterior q(x_to | x, clean) (Ho et al. 2020), which is the ancestral step with all its noise."""
    return (yield from euler_ancestral(x, sigmas, trajectory=trajectory, noise=noise))


def lcm(x: Tensor, sigmas: Sequence[float], *, trajectory: Trajectory, noise: StepNoise) -> Steps:
    """Jumps to the clean latent and adds fresh noise, for consistency models (Luo et al. 2023, alg. 3)."""
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        x = (yield Ask(x, sigma, i)).clean
        if to > 0:
            x = trajectory.noised(x, noise(sigma, to), to)
    return x
