"""Guiders: which branches to ask the network for, and how to make one clean latent of the answers."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from engine.diffusion.composed import composed, is_plain, terms
from engine.diffusion.types import Conditioning

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One evaluation that a guider asks for."""

    conditioning: Conditioning


Guidance = Generator[Mapping[str, Branch], Mapping[str, "Tensor"], "Tensor"]
"""Yields named branches, is sent a clean latent for each, returns the guided one."""


class GuidanceRule(Protocol):
    """A guider: called for each question of a sampler; `wants` are branches that the sampler itself has a use for.

    A rule whose conditionings may have ControlNets gives them all as its property `conditionings`.
    """

    def __call__(self, x: Tensor, sigma: float, wants: frozenset[str] = frozenset()) -> Guidance: ...


@dataclass(frozen=True, slots=True)
class Cfg:
    """Classifier-free guidance (Ho and Salimans 2022): from the negative through the positive and `scale` times as far.

    At scale 1 the negative does not count and is asked for only if the sampler wants it.
    """

    positive: Conditioning
    negative: Conditioning
    scale: float

    @property
    def conditionings(self) -> tuple[Conditioning, ...]:
        return self.positive, self.negative

    def __call__(self, x: Tensor, sigma: float, wants: frozenset[str] = frozenset()) -> Guidance:
        if math.isclose(self.scale, 1.0) and "negative" not in wants and is_plain(terms(self.positive)):
            return (yield {"positive": Branch(self.positive)})["positive"]
        clean = yield from _both(self)
        if math.isclose(self.scale, 1.0):
            return clean["positive"]
        return clean["negative"] + (clean["positive"] - clean["negative"]) * self.scale


@dataclass(frozen=True, slots=True)
class RescaledCfg:
    """Cfg whose answer has, to the share `multiplier`, the deviation of the positive's (Lin et al. 2024, section 3.4).

    The deviation is taken of v, over all but the batch, as ComfyUI's RescaleCFG does.
    """

    cfg: Cfg
    multiplier: float

    @property
    def conditionings(self) -> tuple[Conditioning, ...]:
        return self.cfg.conditionings

    def __call__(self, x: Tensor, sigma: float, wants: frozenset[str] = frozenset()) -> Guidance:
        if math.isclose(self.cfg.scale, 1.0):
            return (yield from self.cfg(x, sigma, wants))
        clean = yield from _both(self.cfg)
        scaled = x / (sigma**2 + 1)
        unit = math.sqrt(sigma**2 + 1) / sigma

        def velocity(value: Tensor) -> Tensor:
            return (scaled - value) * unit

        wanted = velocity(clean["positive"])
        found = velocity(clean["negative"]) + (wanted - velocity(clean["negative"])) * self.cfg.scale
        sides = tuple(range(1, x.ndim))
        rescaled = found * (wanted.std(sides, keepdim=True) / found.std(sides, keepdim=True))
        mixed = rescaled * self.multiplier + found * (1 - self.multiplier)
        return scaled - mixed / unit


def _both(
    rule: Cfg,
) -> Generator[Mapping[str, Branch], Mapping[str, Tensor], Mapping[str, Tensor]]:
    """Ask for both branches; the terms of a composed positive are asked for one by one, and made one answer."""
    found = terms(rule.positive)
    branches = {name: Branch(conditioning) for name, (conditioning, _) in found.items()}
    clean = yield {**branches, "negative": Branch(rule.negative)}
    return clean if is_plain(found) else {**clean, "positive": composed(clean, found)}


def cfg(positive: Conditioning, negative: Conditioning, scale: float, rescale: float = 0.0) -> Cfg | RescaledCfg:
    """Classifier-free guidance, rescaled to the share `rescale` (0 is not)."""
    rule = Cfg(positive, steered_alike(positive, negative), scale)
    return RescaledCfg(rule, rescale) if rescale else rule


def steered_alike(positive: Conditioning, negative: Conditioning) -> Conditioning:
    """The negative with the positive's ControlNets that are for both, unless it has its own.

    As in ComfyUI: conditionings for an area neither give nor get any, the others are taken in turn.
    """
    given = [c.controls for c in positive if c.area is None and c.controls and c.controls[-1].both]
    places = [i for i, c in enumerate(negative) if c.area is None]
    if not given or not places or any(negative[i].controls for i in places):
        return negative
    steered = list(negative)
    for i, controls in enumerate(given):
        place = places[i % len(places)]
        steered[place] = replace(steered[place], controls=controls)
    return Conditioning(tuple(steered))


@dataclass(frozen=True, slots=True)
class Single:
    """No guidance: the positive alone."""

    positive: Conditioning

    @property
    def conditionings(self) -> tuple[Conditioning, ...]:
        return (self.positive,)

    def __call__(self, x: Tensor, sigma: float, wants: frozenset[str] = frozenset()) -> Guidance:
        return (yield {"positive": Branch(self.positive)})["positive"]
