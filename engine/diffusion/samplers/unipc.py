"""UniPC (Zhao et al. 2023): a multistep predictor, corrected by the question that the next step asks anyway."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from engine.diffusion.noise import StepNoise
from engine.diffusion.samplers.protocol import Ask, Steps
from engine.diffusion.trajectory import Trajectory

_LAST = 0.001
"""The method works in log sigma, so a schedule that ends at 0 ends here."""


def uni_pc(x: Tensor, sigmas: Sequence[float], *, trajectory: Trajectory, noise: StepNoise) -> Steps:
    """Third order with B(h) = h."""
    return (yield from _uni_pc(x, sigmas, trajectory, lambda h: h))


def uni_pc_bh2(x: Tensor, sigmas: Sequence[float], *, trajectory: Trajectory, noise: StepNoise) -> Steps:
    """Third order with B(h) = e^h - 1."""
    return (yield from _uni_pc(x, sigmas, trajectory, math.expm1))


def _uni_pc(x: Tensor, sigmas: Sequence[float], trajectory: Trajectory, b_of_h: Callable[[float], float]) -> Steps:
    levels = [*sigmas[:-1], sigmas[-1] or _LAST]
    last = len(levels) - 1
    highest = max(min(3, last - 1), 1)
    history = [(trajectory.lam(levels[0]), (yield Ask(x, levels[0], 0)).clean)]
    for k in range(1, last + 1):
        # The first steps know too few points for a high order, the last ones are too short of noise for it.
        order = min(highest, k, last + 1 - k)
        step = _Step.of(history, trajectory.lam(levels[k]), order, b_of_h)
        scale = trajectory.alpha(levels[k])
        base = trajectory.step(x, history[0][1], levels[k - 1], levels[k])
        x = _combine(base, step.differences, step.predictor(), scale * step.b)
        if k < last:
            clean = (yield Ask(x, levels[k], k)).clean
            x = _combine(base, [*step.differences, clean - history[0][1]], step.corrector(), scale * step.b)
            history = [(trajectory.lam(levels[k]), clean), *history][:highest]
    return x


@dataclass(frozen=True, slots=True)
class _Step:
    """The linear system of one step: `system` @ weights = `wanted` matches Taylor's series to the order."""

    differences: list[Tensor]
    """Divided differences of the older clean latents from the newest."""
    system: np.ndarray
    wanted: np.ndarray
    b: float

    @staticmethod
    def of(history: Sequence[tuple[float, Tensor]], lam: float, order: int, b_of_h: Callable[[float], float]) -> _Step:
        newest, clean = history[0]
        h = newest - lam
        ratios = [(newest - past) / h for past, _ in history[1:order]]
        differences = [(old - clean) / ratio for (_, old), ratio in zip(history[1:order], ratios, strict=True)]
        b = b_of_h(h)
        points = np.array([*ratios, 1.0])
        phi, factorial, wanted = math.expm1(h) / h - 1, 1, []
        for i in range(1, order + 1):
            wanted.append(phi * factorial / b)
            factorial *= i + 1
            phi = phi / h - 1 / factorial
        return _Step(differences, np.stack([points**i for i in range(order)]), np.array(wanted), b)

    def predictor(self) -> np.ndarray:
        """Weights of `differences`."""
        if len(self.differences) == 1:
            return np.array([0.5])
        return np.linalg.solve(self.system[:-1, :-1], self.wanted[:-1])

    def corrector(self) -> np.ndarray:
        """Weights of `differences` and of the new clean latent's own difference."""
        return np.array([0.5]) if not self.differences else np.linalg.solve(self.system, self.wanted)


def _combine(base: Tensor, differences: Sequence[Tensor], weights: np.ndarray, scale: float) -> Tensor:
    for weight, difference in zip(weights, differences, strict=True):
        base = base - difference * (scale * float(weight))
    return base
