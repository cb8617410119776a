"""Conditionings: joined, mixed, emptied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from engine.diffusion.types import Cond, Conditioning
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Range
from engine.graph.told import Told
from nodes.checks import joined_batch, same_width
from nodes.facts import merged, passed

if TYPE_CHECKING:
    from torch import Tensor


def _combined(known: Known) -> Sequence[Facts]:
    """What is known of either, and what the prompts of both bring."""
    (told,) = merged("conditioning_1", "conditioning_2")(known)
    each = (known.facts(name).get("brings", ()) for name in ("conditioning_1", "conditioning_2"))
    brings = tuple(sorted({n for prompts in each for n in prompts}))
    return ({**told, "brings": brings} if brings else told,)


@node("ConditioningCombine", category="conditioning", label="Conditioning (Combine)", facts=_combined)
def conditioning_combine(*, conditioning_1: Conditioning, conditioning_2: Conditioning) -> Conditioning:
    """Let both prompts act at every sampler step: the denoiser answers each, and the answers are averaged.

    Args:
        conditioning_1: The first prompt's conditioning.
        conditioning_2: The second prompt's conditioning.
    """
    return Conditioning((*conditioning_1, *conditioning_2))


@node(
    "ConditioningConcat",
    category="conditioning",
    label="Conditioning (Concat)",
    facts=merged("conditioning_to", "conditioning_from"),
)
def conditioning_concat(*, conditioning_to: Conditioning, conditioning_from: Conditioning) -> Conditioning:
    """Put the second prompt's vectors behind the first's, as one longer prompt.

    Args:
        conditioning_to: Keeps its area, mask and strength, and comes first.
        conditioning_from: Its first entry's vectors are put behind.
    """
    tail = _first(conditioning_from, "conditioning_from").embeds
    return Conditioning(tuple(replace(c, embeds=_behind(c.embeds, tail)) for c in conditioning_to))


@node(
    "ConditioningAverage",
    category="conditioning",
    label="Conditioning (Average)",
    facts=merged("conditioning_to", "conditioning_from"),
)
def conditioning_average(
    *,
    conditioning_to: Conditioning,
    conditioning_from: Conditioning,
    conditioning_to_strength: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0,
) -> Conditioning:
    """Mix two prompts' vectors into one, position by position.

    Args:
        conditioning_to: Keeps its area, mask and strength; its length decides.
        conditioning_from: Its first entry's vectors are mixed in; cut or filled with zeros to that length.
        conditioning_to_strength: Share of conditioning_to; 1 leaves it as it is, 0 takes conditioning_from.
    """
    other = _first(conditioning_from, "conditioning_from")
    return Conditioning(tuple(_mix(c, other, conditioning_to_strength) for c in conditioning_to))


@node(
    "ConditioningZeroOut",
    category="advanced/conditioning",
    label="ConditioningZeroOut",
    facts=passed("conditioning"),
)
def conditioning_zero_out(*, conditioning: Conditioning) -> Conditioning:
    """The same conditioning with every number of its vectors set to zero.

    Args:
        conditioning: Its shape, areas, masks and times are kept.
    """
    import torch

    return Conditioning(
        tuple(
            replace(
                c,
                embeds=torch.zeros_like(c.embeds),
                pooled=None if c.pooled is None else torch.zeros_like(c.pooled),
            )
            for c in conditioning
        )
    )


def _behind(first: Tensor, tail: Tensor) -> Tensor:
    import torch

    same_width(first, tail)
    count = joined_batch(first, tail)
    return torch.cat((first.expand(count, -1, -1), tail.expand(count, -1, -1)), 1)


def _mix(to: Cond, other: Cond, share: float) -> Cond:
    import torch

    same_width(to.embeds, other.embeds)
    joined_batch(to.embeds, other.embeds)
    length = to.embeds.shape[1]
    rest = other.embeds[:, :length]
    missing = length - rest.shape[1]
    if missing:
        rest = torch.cat((rest, rest.new_zeros(rest.shape[0], missing, rest.shape[2])), 1)
    pooled = to.pooled if to.pooled is not None else other.pooled
    if to.pooled is not None and other.pooled is not None:
        same_width(to.pooled, other.pooled)
        pooled = to.pooled * share + other.pooled * (1 - share)
    return replace(to, embeds=to.embeds * share + rest * (1 - share), pooled=pooled)


def _first(conditioning: Conditioning, name: str) -> Cond:
    if not conditioning:
        raise Told("{input} is empty; connect a conditioning with at least one prompt.", input=name)
    return conditioning[0]
