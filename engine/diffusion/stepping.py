"""One sampler step by hand: noise levels by number, and noisy latents in and out of the sampler's units."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from torch import Tensor

from engine.diffusion.guidance import Guidance, GuidanceRule
from engine.diffusion.trajectory import Trajectory
from engine.diffusion.types import Conditioning, LatentSpec
from engine.graph.told import Told

NEGATIVE = frozenset({"negative"})


@dataclass(frozen=True, slots=True)
class Both:
    """A guidance rule that always asks about the negative prompt too, even where its answer does not count."""

    rule: GuidanceRule

    @property
    def conditionings(self) -> tuple[Conditioning, ...]:
        return tuple(getattr(self.rule, "conditionings", ()))

    def __call__(self, x: Tensor, sigma: float, wants: frozenset[str] = frozenset()) -> Guidance:
        return self.rule(x, sigma, wants | NEGATIVE)


def levels_of(sigmas: Tensor) -> tuple[float, ...]:
    """The noise levels that a run stops at: those that would stand still are one.  ValueError for none at all."""
    if not len(sigmas):
        raise Told(
            "There are no noise levels (sigmas is empty, as a denoise of 0 makes it); give it a schedule "
            "of at least one step."
        )
    return tuple(sigma for sigma, _ in groupby(sigmas.tolist()))


def level(sigmas: Tensor, step: int) -> float:
    """The noise level of a step, counted from 0; ValueError for a step that there is not."""
    levels = levels_of(sigmas)
    if not 0 <= step < len(levels):
        raise Told(
            "There are {count} noise levels, 0 to {last}, and {step} was asked for; choose one of those.",
            count=len(levels),
            last=len(levels) - 1,
            step=step,
        )
    return levels[step]


def noisy_level(sigmas: Tensor, step: int) -> float:
    """The noise level of a step at which there is noise to be taken away; ValueError where there is none."""
    sigma = level(sigmas, step)
    if sigma <= 0:
        raise Told(
            "Noise level {step} is 0, the end of the schedule: nothing is left to take away there; choose "
            "an earlier step.",
            step=step,
        )
    return sigma


def between(sigmas: Tensor, step: int) -> tuple[float, float]:
    """The noise levels before and after a sampler step; ValueError for a step that the schedule does not have."""
    levels = levels_of(sigmas)
    if not 0 <= step < len(levels) - 1:
        if len(levels) == 1:
            raise Told("The schedule has one noise level alone and no sampler step; give it one of two or more.")
        raise Told(
            "The schedule has sampler steps 0 to {last}, and {step} was asked for; choose one of those.",
            last=len(levels) - 2,
            step=step,
        )
    return levels[step], levels[step + 1]


def as_x(samples: Tensor, spec: LatentSpec, sigma: float, trajectory: Trajectory) -> Tensor:
    """A noisy latent of the graph (in the autoencoder's units, divided by alpha) as the sampler's x at `sigma`."""
    return (samples - spec.shift) * (spec.factor * trajectory.share(sigma))


def as_samples(x: Tensor, spec: LatentSpec, sigma: float, trajectory: Trajectory) -> Tensor:
    """The way back from `as_x`."""
    return x / (spec.factor * trajectory.share(sigma)) + spec.shift
