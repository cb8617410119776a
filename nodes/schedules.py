"""Noise levels between two ends of one's own, whatever the model was trained with."""

from __future__ import annotations

from typing import Annotated

from engine.diffusion.types import Sigmas
from engine.graph.define import node
from engine.graph.sockets import Range
from engine.graph.told import Told
from nodes.sampling import Steps

CATEGORY = "sampling/custom_sampling/schedulers"
HIGHEST, LOWEST = 14.614642, 0.0291675
"""The noise levels between which Stable Diffusion was trained."""

Level = Annotated[float, Range(0.0, 5000.0, step=0.01, round=False)]


@node("KarrasScheduler", category=CATEGORY, label="KarrasScheduler")
def karras_scheduler(
    *,
    steps: Steps = 20,
    sigma_max: Level = HIGHEST,
    sigma_min: Level = LOWEST,
    rho: Annotated[float, Range(0.0, 100.0, step=0.01, round=False)] = 7.0,
) -> Sigmas:
    """Noise levels that are evenly spaced in sigma to the power 1/rho (Karras et al. 2022, equation 5).

    Args:
        steps: Sampler steps; there is one level more, the last is 0.
        sigma_max: The first and highest level.
        sigma_min: The last level above 0.
        rho: 1 takes equal portions of noise away; the higher, the more of them at the beginning.
    """
    import torch

    if rho == 0:
        raise Told("rho is 0, and sigma has no power 1/0; give a number above it, such as 7.")
    ramp = torch.linspace(sigma_max ** (1 / rho), sigma_min ** (1 / rho), steps, dtype=torch.float64) ** rho
    return Sigmas(torch.cat([ramp, ramp.new_zeros(1)]).float())


@node("ExponentialScheduler", category=CATEGORY, label="ExponentialScheduler")
def exponential_scheduler(*, steps: Steps = 20, sigma_max: Level = HIGHEST, sigma_min: Level = LOWEST) -> Sigmas:
    """Noise levels that fall by the same factor at each step.

    Args:
        steps: Sampler steps; there is one level more, the last is 0.
        sigma_max: The first and highest level.
        sigma_min: The last level above 0, which must itself be above 0.
    """
    import torch

    if sigma_min <= 0 or sigma_max <= 0:
        raise Told(
            "The noise falls by a factor from {sigma_max} to {sigma_min}; both must be above 0.",
            sigma_max=f"{sigma_max:g}",
            sigma_min=f"{sigma_min:g}",
        )
    ramp = torch.logspace(0, 1, steps, base=sigma_min / sigma_max, dtype=torch.float64) * sigma_max
    return Sigmas(torch.cat([ramp, ramp.new_zeros(1)]).float())
