"""What pictures, masks, latents and the like must be to be of use to any node; tells what a pack gives.  Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.graph.told import Telling, telling


def pictures(value: Any) -> Telling | None:
    """What is wrong with a picture batch, which is [B, H, W, 3] or [B, H, W, 4] with something in it."""
    found = _shape(value)
    if found is not None and len(found) == 4 and all(found) and found[3] in (3, 4):
        return None
    return telling(
        "{found}; pictures are [batch, height, width, channels] with 3 channels, or 4 with transparency, and at least "
        "one pixel",
        found=_named(value, found),
    )


def masks(value: Any) -> Telling | None:
    """What is wrong with a batch of masks, which is [B, H, W] with something in it."""
    found = _shape(value)
    if found is not None and len(found) == 3 and all(found):
        return None
    return telling("{found}; masks are [batch, height, width] with at least one pixel", found=_named(value, found))


def levels(value: Any) -> Telling | None:
    """What is wrong with noise levels, which are [n]; there may be none."""
    found = _shape(value)
    if found is not None and len(found) == 1:
        return None
    return telling("{found}; noise levels are a list of numbers", found=_named(value, found))


def latents(value: Any) -> Telling | None:
    """What is wrong with latents: samples [B, C, h, w] with something in them, a place in a batch for each or none."""
    found, places = _shape(value.samples), value.batch_index
    if found is None or len(found) != 4 or not all(found):
        return telling(
            "{found}; latents are [batch, channels, height, width] with at least one cell",
            found=_named(value.samples, found),
        )
    if places is not None and len(places) != found[0]:
        return telling(
            "{count} latents with the places of {places} in their batch; each latent has one place, or none has",
            count=found[0],
            places=len(places),
        )
    return None


def prompts(value: Any) -> Telling | None:
    """What is wrong with a conditioning, which is a tuple of prompts as encoders give them."""
    if isinstance(value, tuple) and all(hasattr(cond, "embeds") for cond in value):
        return None
    return telling("{found}; a conditioning is what text encoders give", found=_named(value, None))


def _shape(value: Any) -> Sequence[int] | None:
    found = getattr(value, "shape", None)
    return None if found is None else tuple(found)


def _named(value: Any, shape: Sequence[int] | None) -> Telling:
    if shape is None:
        return telling("a {type}", type=type(value).__name__)
    return telling("numbers of the shape {shape}", shape=str(list(shape)))
