"""Adams-Bashforth samplers: a polynomial through the slopes of the last steps, integrated over the next."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from torch import Tensor

from engine.diffusion.noise import StepNoise
from engine.diffusion.samplers.protocol import Ask, Steps
from engine.diffusion.trajectory import Trajectory
from engine.graph.told import Told

Weights = Callable[[int, int], Sequence[float]]
"""(step, order) -> what the slopes of this step and the ones before it count, newest first."""

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(64)

_ADAMS_BASHFORTH = {
    1: (1.0,),
    2: (3 / 2, -1 / 2),
    3: (23 / 12, -16 / 12, 5 / 12),
    4: (55 / 24, -59 / 24, 37 / 24, -9 / 24),
}


def lms(x: Tensor, sigmas: Sequence[float], *, trajectory: Trajectory, noise: StepNoise, order: int = 4) -> Steps:
    """Linear multistep: the polynomial is in sigma itself (Katherine Crowson 2022, after Adams and Bashforth)."""
    return (yield from _multistep(x, sigmas, trajectory, order, _integrated(sigmas, lambda sigma: sigma)))


def deis(x: Tensor, sigmas: Sequence[float], *, trajectory: Trajectory, noise: StepNoise, max_order: int = 3) -> Steps:
    """tAB-DEIS (Zhang and Chen 2023): the polynomial is in the time of the variance-preserving process.

    Rectified flow's own time is sigma, so there it is `lms`.
    """
    time = (lambda sigma: sigma) if trajectory.fade else _vp_time
    return (yield from _multistep(x, sigmas, trajectory, max_order, _integrated(sigmas, time)))


def ipndm(x: Tensor, sigmas: Sequence[float], *, trajectory: Trajectory, noise: StepNoise, max_order: int = 4) -> Steps:
    """Improved PNDM (Zhang and Chen 2023, after Liu et al. 2022): the weights of even steps, whatever the steps."""
    if max_order not in _ADAMS_BASHFORTH:
        raise Told(
            "max_order must be 1 to 4, got {max_order}.",
            max_order=max_order,
        )

    def weights(step: int, order: int) -> Sequence[float]:
        width = sigmas[step + 1] - sigmas[step]
        return [width * share for share in _ADAMS_BASHFORTH[order]]

    return (yield from _multistep(x, sigmas, trajectory, max_order, weights))


def _multistep(x: Tensor, sigmas: Sequence[float], trajectory: Trajectory, order: int, weights: Weights) -> Steps:
    slopes: deque[Tensor] = deque(maxlen=order)
    for i, (sigma, to) in enumerate(pairwise(sigmas)):
        clean = (yield Ask(x, sigma, i)).clean
        if to == 0:
            return clean
        slopes.appendleft(trajectory.slope(x, clean, sigma))
        for weight, slope in zip(weights(i, len(slopes)), slopes, strict=True):
            x = x + slope * weight
    return x


def _integrated(sigmas: Sequence[float], time: Callable[[float], float]) -> Weights:
    """Integrals over the step, in sigma, of Lagrange's polynomials in time; Gauss-Legendre with 64 nodes."""

    def weights(step: int, order: int) -> Sequence[float]:
        start, end = sigmas[step], sigmas[step + 1]
        nodes = [time(start + (end - start) * (node + 1) / 2) for node in _NODES]
        known = [time(sigmas[step - k]) for k in range(order)]
        shares = _NODE_WEIGHTS * (end - start) / 2
        return [float(shares @ _lagrange(known, j, np.array(nodes))) for j in range(order)]

    return weights


def _lagrange(known: Sequence[float], j: int, at: np.ndarray) -> np.ndarray:
    others = [t for k, t in enumerate(known) if k != j]
    return math.prod([(at - t) / (known[j] - t) for t in others], start=np.ones_like(at))


def _vp_time(sigma: float, low: float = 0.002, high: float = 80.0, end: float = 1e-3) -> float:
    """The t at which a process with linear beta(t), sigma(end) = low and sigma(1) = high, has this sigma."""
    bottom, top = math.log1p(low**2), math.log1p(high**2)
    slope = 2 * (bottom / end - top) / (end - 1)
    start = top - slope / 2
    return (math.sqrt(start**2 + 2 * slope * math.log1p(sigma**2)) - start) / slope
