"""DPM-Solver++ for the diffusion SDE (Lu et al. 2022b): fresh noise is part of the solution, not added after it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor

from engine.diffusion.noise import StepNoise
from engine.diffusion.samplers.protocol import Ask, Steps
from engine.diffusion.trajectory import Trajectory
from engine.graph.told import Told


def dpmpp_sde(
    x: Tensor,
    sigmas: Sequence[float],
    *,
    trajectory: Trajectory,
    noise: StepNoise,
    eta: float = 1.0,
    s_noise: float = 1.0,
    r: float = 0.5,
) -> Steps:
    """Single-step second order; the second question is asked `r` of the way in log signal-to-noise."""
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        clean = (yield Ask(x, sigma, i)).clean
        if to == 0:
            x = clean
            continue
        lam = trajectory.lam(sigma)
        middle = trajectory.sigma_of(lam + r * (trajectory.lam(to) - lam))
        half = _noisy_step(x, clean, sigma, middle, trajectory, noise, eta, s_noise)
        second = (yield Ask(half, middle, i)).clean
        x = _noisy_step(x, clean + (second - clean) / (2 * r), sigma, to, trajectory, noise, eta, s_noise)
    return x


def _noisy_step(
    x: Tensor,
    clean: Tensor,
    sigma: float,
    to: float,
    trajectory: Trajectory,
    noise: StepNoise,
    eta: float,
    s_noise: float,
) -> Tensor:
    down, up = trajectory.split(sigma, to, eta)
    x = trajectory.step(x, clean, sigma, down)
    return trajectory.renoise(x, down, to, noise(sigma, to), up * s_noise) if up > 0 else x


def dpmpp_2m_sde(
    x: Tensor,
    sigmas: Sequence[float],
    *,
    trajectory: Trajectory,
    noise: StepNoise,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver_type: Literal["midpoint", "heun"] = "midpoint",
) -> Steps:
    """Multistep second order; `solver_type` is how the change of the clean latent since the last step is weighed."""
    if solver_type not in ("midpoint", "heun"):
        raise Told(
            "solver_type must be 'midpoint' or 'heun', got {solver_type}.",
            solver_type=repr(solver_type),
        )
    before: Tensor | None = None
    width_before = 0.0
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        clean = (yield Ask(x, sigma, i)).clean
        if to == 0:
            x = clean
            continue
        width = trajectory.lam(to) - trajectory.lam(sigma)
        reach = width * (1 + eta)
        x = _decay(x, clean, sigma, to, width, eta, trajectory)
        if before is not None:
            weight = -math.expm1(-reach) / 2 if solver_type == "midpoint" else _phi_2(reach)
            x = x + (clean - before) * (trajectory.alpha(to) * weight * width / width_before)
        x = _diffuse(x, sigma, to, width, eta, s_noise, noise)
        before, width_before = clean, width
    return x


def dpmpp_3m_sde(
    x: Tensor,
    sigmas: Sequence[float],
    *,
    trajectory: Trajectory,
    noise: StepNoise,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Steps:
    """Multistep third order: a parabola through the last three clean latents."""
    history: list[tuple[Tensor, float]] = []
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        clean = (yield Ask(x, sigma, i)).clean
        if to == 0:
            x = clean
            continue
        width = trajectory.lam(to) - trajectory.lam(sigma)
        reach = width * (1 + eta)
        x = _decay(x, clean, sigma, to, width, eta, trajectory)
        alpha = trajectory.alpha(to)
        if len(history) == 1:
            (one, width_1), *_ = history
            x = x + (clean - one) * (alpha * _phi_2(reach) * width / width_1)
        elif len(history) == 2:
            (one, width_1), (two, width_2) = history
            r1, r2 = width_1 / width, width_2 / width
            near, far = (clean - one) / r1, (one - two) / r2
            first = near + (near - far) * (r1 / (r1 + r2))
            second = (near - far) / (r1 + r2)
            x = x + first * (alpha * _phi_2(reach)) - second * (alpha * (_phi_2(reach) / reach - 0.5))
        x = _diffuse(x, sigma, to, width, eta, s_noise, noise)
        history = [(clean, width), *history][:2]
    return x


def _decay(
    x: Tensor, clean: Tensor, sigma: float, to: float, width: float, eta: float, trajectory: Trajectory
) -> Tensor:
    """The part of the solution that holds if the clean latent does not change over the step."""
    keep = to / sigma * math.exp(-width * eta)
    return x * keep + clean * (trajectory.alpha(to) * -math.expm1(-width * (1 + eta)))


def _diffuse(x: Tensor, sigma: float, to: float, width: float, eta: float, s_noise: float, noise: StepNoise) -> Tensor:
    """The noise that the SDE has gathered over the step."""
    if eta == 0 or s_noise == 0:
        return x
    return x + noise(sigma, to) * (to * math.sqrt(-math.expm1(-2 * width * eta)) * s_noise)


def _phi_2(reach: float) -> float:
    """reach * phi_2(-reach) of exponential integrators: the weight of the clean latent's slope."""
    return math.expm1(-reach) / reach + 1
