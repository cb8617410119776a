"""The road from noise to a clean latent: how x is made of both, and the noise levels a model was trained on."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import torch
from torch import Tensor

from engine.diffusion.types import ModelSampling
from engine.graph.told import Told

_ALPHA_FLOOR = 1e-4
"""Rectified flow starts at alpha 0, where log(alpha / sigma) is infinite; solvers in that variable start here."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """x = alpha(sigma) * clean + sigma * noise, with alpha(sigma) = 1 - fade * sigma.

    `fade` 0 is Stable Diffusion as Karras et al. (2022) write it (alpha 1, sigma from about 15 to 0); `fade` 1 is
    rectified flow (Liu et al. 2023; sigma from 1 to 0).  For both, dx/dsigma = (x - clean) / sigma along the
    probability-flow ODE.
    """

    fade: float = 0.0

    def alpha(self, sigma: float) -> float:
        """The share of the clean latent in x."""
        return 1.0 - self.fade * sigma

    def share(self, sigma: float) -> float:
        """`alpha`, but never 0: a noisy latent outside the sampler is x divided by it, in units of the clean one."""
        return max(self.alpha(sigma), _ALPHA_FLOOR)

    def ratio(self, sigma: float) -> float:
        """Noise to signal, sigma / alpha."""
        return sigma / self.share(sigma)

    def sigma_at(self, ratio: float) -> float:
        """The sigma whose `ratio` is this."""
        return ratio / (1.0 + self.fade * ratio)

    def lam(self, sigma: float) -> float:
        """Half the log signal-to-noise ratio, log(alpha / sigma) (Kingma et al. 2021); infinite at sigma 0."""
        return -math.log(self.ratio(sigma)) if sigma > 0 else math.inf

    def sigma_of(self, lam: float) -> float:
        """The sigma whose `lam` is this."""
        return self.sigma_at(math.exp(-lam))

    def slope(self, x: Tensor, clean: Tensor, sigma: float) -> Tensor:
        """dx/dsigma along the probability-flow ODE."""
        return (x - clean) / sigma

    def step(self, x: Tensor, clean: Tensor, sigma: float, to: float) -> Tensor:
        """x at noise level `to` if `clean` were exact (one Euler step; DDIM without noise, Song et al. 2021)."""
        if to == 0:
            return clean
        keep = to / sigma
        return x * keep + clean * (self.alpha(to) - self.alpha(sigma) * keep)

    def noised(self, clean: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """x at `sigma` made of both."""
        return clean * self.alpha(sigma) + noise * sigma

    def split(self, sigma: float, to: float, eta: float) -> tuple[float, float]:
        """A step to `to` as a way down and a way up: the sigma to step down to, the amount of fresh noise to add there.

        `eta` 0 is no fresh noise, 1 as much as the reverse process of DDPM (Ho et al. 2020), on both trajectories
        (Song et al. 2021, eq. 16, in noise to signal).
        """
        if eta == 0 or to == 0:
            return to, 0.0
        near, far = self.ratio(to), self.ratio(sigma)
        up = min(near, eta * math.sqrt(max(near**2 * (far**2 - near**2) / far**2, 0.0)))
        return self.sigma_at(math.sqrt(max(near**2 - up**2, 0.0))), up * self.alpha(to)

    def lift(self, x: Tensor, sigma: float, to: float, noise: Tensor) -> Tensor:
        """x at `sigma`, brought up to the higher level `to` by mixing in unit `noise`."""
        fade = self.alpha(to) / self.alpha(sigma)
        return x * fade + noise * math.sqrt(max(to**2 - (sigma * fade) ** 2, 0.0))

    def renoise(self, x: Tensor, down: float, to: float, noise: Tensor, amount: float) -> Tensor:
        """x at `down`, brought up to `to` with `amount` of unit `noise`: the way up of `split`."""
        return x * (self.alpha(to) / self.alpha(down)) + noise * amount


def trajectory_of(sampling: ModelSampling) -> Trajectory:
    """The trajectory that a model follows."""
    return Trajectory(1.0 if sampling.prediction == "flow" else 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class SigmaTable:
    """The noise levels a model was trained on, and the way between sigma and the timestep it is told.

    Timesteps are indices into `sigmas` (rising, float32 [steps], on the host), in steps of `every` where only those
    levels are known; a flow model's are sigma * steps.
    """

    sigmas: Tensor
    shift: float | None = None
    """The shift of a flow schedule; None for a table of indices."""
    every: int = 1
    _logs: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_logs", tuple(self.sigmas.double().log().tolist()))

    @property
    def sigma_min(self) -> float:
        return float(self.sigmas[0])

    @property
    def sigma_max(self) -> float:
        return float(self.sigmas[-1])

    def timestep(self, sigma: float) -> float:
        """The timestep to tell the network: the nearest index in log sigma."""
        if self.shift is not None:
            return sigma * len(self._logs)
        if sigma <= 0:
            return 0.0
        log = math.log(sigma)
        above = min(max(bisect_left(self._logs, log), 1), len(self._logs) - 1)
        index = above if self._logs[above] - log < log - self._logs[above - 1] else above - 1
        return float(index * self.every + self.every - 1)

    def sigma(self, timestep: float) -> float:
        """Sigma at a timestep; between indices straight in log sigma."""
        if self.shift is not None:
            return _shifted(timestep / len(self._logs), self.shift)
        index = min(max((timestep - self.every + 1) / self.every, 0.0), len(self._logs) - 1.0)
        low, high, part = math.floor(index), math.ceil(index), index % 1
        return math.exp((1 - part) * self._logs[low] + part * self._logs[high])

    def at(self, fraction: float) -> float:
        """Sigma at a fraction of the way from all noise (0) to none (1); at the ends nothing lies beyond."""
        if fraction <= 0:
            return math.inf
        if fraction >= 1:
            return 0.0
        if self.shift is not None:
            return _shifted(1 - fraction, self.shift)
        return self.sigma((1 - fraction) * (len(self._logs) * self.every - 1))


def _shifted(t: float, shift: float) -> float:
    return shift * t / (1 + (shift - 1) * t)


def _zero_snr(signal: Tensor) -> Tensor:
    """Rescale sqrt(alpha_bar) so that it ends at zero (Lin et al. 2024, alg. 1), but for a last value above 0."""
    root = signal.sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    signal = root**2
    signal[-1] = 4.8973451890853435e-08
    return signal


def _discrete(sampling: ModelSampling, betas: Tensor) -> SigmaTable:
    signal = (1 - betas).cumprod(0)
    if sampling.zsnr:
        signal = _zero_snr(signal)
    known = signal[sampling.every - 1 :: sampling.every]
    return SigmaTable(((1 - known) / known).sqrt().float(), every=sampling.every)


def _scaled_linear(sampling: ModelSampling) -> SigmaTable:
    root = torch.linspace(sampling.beta_start**0.5, sampling.beta_end**0.5, sampling.steps, dtype=torch.float64)
    return _discrete(sampling, root**2)


def _linear(sampling: ModelSampling) -> SigmaTable:
    betas = torch.linspace(sampling.beta_start, sampling.beta_end, sampling.steps, dtype=torch.float64)
    return _discrete(sampling, betas)


def _flow(sampling: ModelSampling) -> SigmaTable:
    t = torch.arange(1, sampling.steps + 1, dtype=torch.float64) / sampling.steps
    return SigmaTable((sampling.shift * t / (1 + (sampling.shift - 1) * t)).float(), sampling.shift)


_TABLES: Mapping[str, Callable[[ModelSampling], SigmaTable]] = {
    "scaled_linear": _scaled_linear,
    "linear": _linear,
    "flow": _flow,
}


@lru_cache(maxsize=64)
def sigma_table(sampling: ModelSampling) -> SigmaTable:
    """The noise levels of a model; ValueError for a schedule that is not known."""
    build = _TABLES.get(sampling.schedule)
    if build is None:
        raise Told(
            "Unknown noise schedule {schedule}; known are {known}.",
            schedule=repr(sampling.schedule),
            known=", ".join(_TABLES),
        )
    return build(sampling)
