"""What nodes ask of values beyond their types: one sentence where they cannot be used.  Torch-free at import."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from engine.diffusion.names import SAMPLERS
from engine.diffusion.types import Sampler
from engine.graph.told import Told

if TYPE_CHECKING:
    from torch import Tensor


def usable_levels(sigmas: Tensor, sampler: Sampler) -> None:
    """Raise Told for noise levels [n] that are no numbers from 0 up, or that rise where `sampler` cannot follow.

    From 0 none can; elsewhere only those fail whose noise is the increments of a Brownian path.
    """
    levels: list[float] = sigmas.tolist()
    if odd := [level for level in levels if not (math.isfinite(level) and level >= 0)]:
        raise Told(
            "The noise levels hold {found}; give finite numbers that fall, the last of them 0 or above.",
            found=f"{odd[0]:g}",
        )
    row = SAMPLERS.get(sampler.name)
    for low, high in pairwise(levels):
        if high > low and (low == 0 or (row is not None and row.brownian)):
            raise Told(
                "The noise levels rise from {low} to {high}, and {sampler} only takes noise away; give levels that "
                "fall.",
                low=f"{low:g}",
                high=f"{high:g}",
                sampler=sampler.name,
            )


def same_width(first: Tensor, second: Tensor) -> None:
    """Raise Told unless two prompts' vectors [B, T, D] are of one length D."""
    if first.shape[-1] != second.shape[-1]:
        raise Told(
            "The vectors of the two conditionings have {first} and {second} numbers; encode both prompts with the same "
            "CLIP.",
            first=first.shape[-1],
            second=second.shape[-1],
        )


def joined_batch(first: Tensor, second: Tensor) -> int:
    """How many entries two prompts' vectors [B, T, D] have together: as many each, or one of them 1; raises Told."""
    one, other = len(first), len(second)
    if one != other and min(one, other) != 1:
        raise Told(
            "The two conditionings are for {first} and {second} pictures; make both for as many, or one for one.",
            first=one,
            second=other,
        )
    return max(one, other)
