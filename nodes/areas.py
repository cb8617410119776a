"""Where in the picture and when on the way each conditioning holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from engine.diffusion.types import Area, Conditioning, Mask
from engine.graph.define import node
from engine.graph.sockets import Choice, Range
from engine.graph.told import Told
from nodes.facts import passed

CELL = 8
BOUNDS = ("default", "mask bounds")

Extent = Annotated[int, Range(64, 16384, step=8)]
Place = Annotated[int, Range(0, 16384, step=8)]
Share = Annotated[float, Range(0.0, 1.0, step=0.01)]
Moment = Annotated[float, Range(0.0, 1.0, step=0.001)]
Strength = Annotated[float, Range(0.0, 10.0, step=0.01)]


def changed(conditioning: Conditioning, **values: Any) -> Conditioning:
    """The conditioning with these fields changed in each of its entries."""
    return Conditioning(tuple(replace(cond, **values) for cond in conditioning))


@node("ConditioningSetArea", category="conditioning", label="Conditioning (Set Area)", facts=passed("conditioning"))
def conditioning_set_area(
    *,
    conditioning: Conditioning,
    width: Extent = 64,
    height: Extent = 64,
    x: Place = 0,
    y: Place = 0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt act in a rectangle of the picture only, measured in pixels.

    Args:
        conditioning: The prompt's conditioning.
        width: Width of the rectangle.
        height: Height of the rectangle.
        x: How far its left edge is from that of the picture.
        y: How far its upper edge is from that of the picture.
        strength: How much it counts where it meets other prompts.
    """
    area = Area(y // CELL, x // CELL, height // CELL, width // CELL)
    return changed(conditioning, area=area, strength=strength, within_mask=False)


@node(
    "ConditioningSetAreaPercentage",
    category="conditioning",
    label="Conditioning (Set Area with Percentage)",
    facts=passed("conditioning"),
)
def conditioning_set_area_percentage(
    *,
    conditioning: Conditioning,
    width: Share = 1.0,
    height: Share = 1.0,
    x: Share = 0.0,
    y: Share = 0.0,
    strength: Strength = 1.0,
) -> Conditioning:
    """Let a prompt act in a rectangle of the picture only, measured in shares of the picture.

    Args:
        conditioning: The prompt's conditioning.
        width: Width of the rectangle; 1 is the whole picture's.
        height: Height of the rectangle; 1 is the whole picture's.
        x: Where its left edge is: 0 left, 1 right.
        y: Where its upper edge is: 0 above, 1 below.
        strength: How much it counts where it meets other prompts.
    """
    area = Area(y, x, height, width, fractions=True)
    return changed(conditioning, area=area, strength=strength, within_mask=False)


@node(
    "ConditioningSetAreaStrength",
    category="conditioning",
    label="ConditioningSetAreaStrength",
    facts=passed("conditioning"),
)
def conditioning_set_area_strength(*, conditioning: Conditioning, strength: Strength = 1.0) -> Conditioning:
    """Change how much a prompt counts where it meets others.

    Args:
        conditioning: The prompt's conditioning; its area and mask stay.
        strength: The new strength; 0 leaves it out.
    """
    return changed(conditioning, strength=strength)


@node("ConditioningSetMask", category="conditioning", label="Conditioning (Set Mask)", facts=passed("conditioning"))
def conditioning_set_mask(
    *,
    conditioning: Conditioning,
    mask: Mask,
    strength: Strength = 1.0,
    set_cond_area: Annotated[str, Choice(BOUNDS)] = "default",
) -> Conditioning:
    """Let a prompt act where a mask is white, and more the whiter it is.

    Args:
        conditioning: The prompt's conditioning.
        mask: Where it acts; stretched over the picture.
        strength: How much it counts where it meets other prompts.
        set_cond_area: default lets the model see the whole picture, mask bounds only the rectangle around the white.
    """
    weights = mask * strength
    if set_cond_area == "default":
        return changed(conditioning, mask=weights)
    return changed(conditioning, mask=weights, area=None, within_mask=True)


@node(
    "ConditioningSetTimestepRange",
    category="advanced/conditioning",
    label="ConditioningSetTimestepRange",
    facts=passed("conditioning"),
)
def conditioning_set_timestep_range(
    *, conditioning: Conditioning, start: Moment = 0.0, end: Moment = 1.0
) -> Conditioning:
    """Let a prompt act in a part of the way only: early steps decide the layout, late ones the details.

    Args:
        conditioning: The prompt's conditioning.
        start: Where it begins: 0 is all noise, 1 the finished picture.
        end: Where it ends; not before start.
    """
    if start > end:
        raise Told(
            "start ({start}) is behind end ({end}), so the prompt would never act; exchange the two.",
            start=f"{start:g}",
            end=f"{end:g}",
        )
    return changed(conditioning, when=(start, end), during=None)
