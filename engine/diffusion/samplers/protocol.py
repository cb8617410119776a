"""How a sampler talks to whoever runs it: it yields an `Ask`, is sent a `Denoised`, and returns the final x."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

from torch import Tensor

from engine.diffusion.noise import StepNoise
from engine.diffusion.trajectory import Trajectory


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """What a sampler wants to know: the clean latent behind `x` [B, C, h, w] at noise level `sigma`."""

    x: Tensor
    sigma: float
    step: int
    """The sampler step this belongs to, from 0; a second-order sampler asks twice in one."""
    wants: frozenset[str] = frozenset()
    """Branches needed apart from the guided result, such as "negative"."""


@dataclass(frozen=True, slots=True, eq=False)
class Denoised:
    """The answer: the clean latent, and the branches it was made of."""

    clean: Tensor
    branches: Mapping[str, Tensor]


Steps = Generator[Ask, Denoised, Tensor]
Sampling = Callable[..., Steps]
"""(x, sigmas, *, trajectory, noise, **options) -> Steps.  `sigmas`: falling floats; `noise` gives unit step noise."""


@dataclass(frozen=True, slots=True)
class Churn:
    """Fresh noise before each step of a deterministic sampler (Karras et al. 2022, alg. 2)."""

    steps: int
    s_churn: float
    s_tmin: float
    s_tmax: float
    s_noise: float

    def __call__(self, x: Tensor, sigma: float, trajectory: Trajectory, noise: StepNoise) -> tuple[Tensor, float]:
        """x and its noise level, raised by at most a factor of sqrt(2), but not beyond all noise."""
        if self.s_churn <= 0 or not self.s_tmin <= sigma <= self.s_tmax:
            return x, sigma
        raised = sigma * (1 + min(self.s_churn / self.steps, math.sqrt(2) - 1))
        if trajectory.alpha(raised) <= 0:
            return x, sigma
        return trajectory.lift(x, sigma, raised, noise(sigma, raised) * self.s_noise), raised
