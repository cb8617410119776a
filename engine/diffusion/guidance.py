"""Guiders: which branches to ask the network for, and how to make one clean latent of the answers."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

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
    """A guider: called for each question of a sampler; `wants` are branches that the sampler itself has a use for."""

    def __call__(self, x: Tensor, sigma: float, wants: frozenset[str] = frozenset()) -> Guidance: ...


@dataclass(frozen=True, slots=True)
class Cfg:
    """Classifier-free guidance (Ho and Salimans 2022): from the negative through the positive and `scale` times as far.

    At scale 1 the negative does not count and is asked for only if the sampler wants it.
    """

    positive: Conditioning
    negative: Conditioning
    scale: float

    def __call__(self, x: Tensor, sigma: float, wants: frozenset[str] = frozenset()) -> Guidance:
        positive = Branch(self.positive)
        if math.isclose(self.scale, 1.0) and "negative" not in wants:
            return (yield {"positive": positive})["positive"]
        clean = yield {"positive": positive, "negative": Branch(self.negative)}
        if math.isclose(self.scale, 1.0):
            return clean["positive"]
        return clean["negative"] + (clean["positive"] - clean["negative"]) * self.scale


@dataclass(frozen=True, slots=True)
class Single:
    """No guidance: the positive alone."""

    positive: Conditioning

    def __call__(self, x: Tensor, sigma: float, wants: frozenset[str] = frozenset()) -> Guidance:
        return (yield {"positive": Branch(self.positive)})["positive"]
