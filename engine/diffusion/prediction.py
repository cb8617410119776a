"""What a network's output says about the clean latent, by what it was trained to predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

Scale = Callable[[Tensor], Tensor]
Clean = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Prediction:
    """`scale(sigma)` is what x is multiplied with before it enters the network (c_in of Karras et al. 2022);
    `clean(x, output, sigma, timestep)` is the clean latent.  Sigma and timestep are shaped to broadcast over x."""

    scale: Scale
    clean: Clean


def _unit_variance(sigma: Tensor) -> Tensor:
    return (sigma**2 + 1).rsqrt()


LCM_DATA = 0.5
LCM_TIMES = 10.0
"""Deviation of the data and the factor of timesteps in the boundary condition of latent consistency models."""


def _eps(x: Tensor, out: Tensor, sigma: Tensor, timestep: Tensor) -> Tensor:
    return x - sigma * out


def _v(x: Tensor, out: Tensor, sigma: Tensor, timestep: Tensor) -> Tensor:
    return x / (sigma**2 + 1) - out * sigma * (sigma**2 + 1).rsqrt()


def _lcm(x: Tensor, out: Tensor, sigma: Tensor, timestep: Tensor) -> Tensor:
    """At timestep 0 the answer is x itself, of unit variance (Luo et al. 2023, eq. 9)."""
    times = timestep * LCM_TIMES
    total = times**2 + LCM_DATA**2
    own = x * _unit_variance(sigma)
    return own * (LCM_DATA**2 / total) + _eps(x, out, sigma, timestep) * (times * total.rsqrt())


PREDICTIONS: Mapping[str, Prediction] = {
    # The noise itself (Ho et al. 2020).
    "eps": Prediction(_unit_variance, _eps),
    # alpha * noise - sigma * clean on the unit-variance circle (Salimans and Ho 2022).
    "v": Prediction(_unit_variance, _v),
    # The clean latent.
    "x0": Prediction(_unit_variance, lambda x, out, sigma, timestep: out),
    # The noise, distilled so that one step goes all the way (Luo et al. 2023).
    "lcm": Prediction(_unit_variance, _lcm),
    # noise - clean along a straight line (Liu et al. 2023).
    "flow": Prediction(lambda sigma: sigma.new_ones(()), _eps),
}
