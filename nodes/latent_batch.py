"""Batches of latents: put together, taken apart, and which noise each of them gets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from engine.diffusion.types import Latent
from engine.graph.define import node
from engine.graph.sockets import Choice, Range
from nodes.facts import latent_of, passed
from nodes.image_batch import grouped, repeated_count, taken, taken_count
from nodes.latent_mix import same_channels
from nodes.latent_shape import cells
from nodes.planes import to_batch
from nodes.resize import resize
from nodes.size_facts import of_batch, together

if TYPE_CHECKING:
    from torch import Tensor


def places(latent: Latent) -> tuple[int, ...]:
    """Which picture's noise each sample gets: the `batch_index`, else 0, 1, 2 …"""
    return tuple(range(len(latent.samples))) if latent.batch_index is None else latent.batch_index


def _part(latent: Latent, part: slice) -> Latent:
    mask = latent.noise_mask
    if mask is not None:
        mask = to_batch(_rows(mask), len(latent.samples))[part]
    return replace(latent, samples=latent.samples[part].clone(), noise_mask=mask, batch_index=places(latent)[part])


def _rows(mask: Tensor) -> Tensor:
    """A mask as [B, H, W]."""
    return mask.reshape(-1, *mask.shape[-2:])


@node("LatentBatch", category="latent/batch", label="LatentBatch", facts=together("samples1", "samples2", latent_of))
def latent_batch(*, samples1: Latent, samples2: Latent) -> Latent:
    """Put latents of two batches into one.

    Args:
        samples1: Come first; their size is kept.
        samples2: Come behind; cut and resized to that size. Each keeps the noise that it had in its own batch.
    """
    same_channels(samples1, samples2)
    height, width = samples1.samples.shape[-2:]
    second = samples2
    if second.samples.shape[-2:] != (height, width):
        mask = None if second.noise_mask is None else resize(cells(second), width, height, "bilinear", "center")
        second = replace(second, samples=resize(second.samples, width, height, "bilinear", "center"), noise_mask=mask)
    return _joined([samples1, second])


@node(
    "LatentFromBatch",
    category="latent/batch",
    label="Latent From Batch",
    facts=of_batch("samples", taken_count, latent_of),
)
def latent_from_batch(
    *,
    samples: Latent,
    batch_index: Annotated[int, Range(0, 63)] = 0,
    length: Annotated[int, Range(1, 64)] = 1,
) -> Latent:
    """Take some latents out of a batch; each keeps the noise that it has there.

    Args:
        samples: The batch.
        batch_index: The first to take, counted from 0; beyond the end it is the last.
        length: How many; no more than there are.
    """
    return _part(samples, taken(batch_index, length, len(samples.samples)))


@node(
    "RepeatLatentBatch",
    category="latent/batch",
    label="Repeat Latent Batch",
    facts=of_batch("samples", repeated_count, latent_of),
)
def repeat_latent_batch(*, samples: Latent, amount: Annotated[int, Range(1, 64)] = 1) -> Latent:
    """A batch several times over, each time with other noise.

    Args:
        samples: The batch.
        amount: How many times.
    """
    mask, index = samples.noise_mask, samples.batch_index
    if mask is not None and len(_rows(mask)) > 1:
        mask = to_batch(_rows(mask), len(samples.samples)).repeat(amount, 1, 1)
    if index is not None:
        step = max(index) - min(index) + 1
        index = tuple(place + i * step for i in range(amount) for place in index)
    return replace(samples, samples=samples.samples.repeat(amount, 1, 1, 1), noise_mask=mask, batch_index=index)


@node(
    "RebatchLatents",
    category="latent/batch",
    label="Rebatch Latents",
    facts=of_batch("latents", lambda known, batch: None, latent_of),
)
def rebatch_latents(*, latents: list[Latent], batch_size: Annotated[int, Range(1, 4096)] = 1) -> list[Latent]:
    """Put latents into batches of another size; the nodes behind run once for each batch.

    Args:
        latents: Batches of latents; each latent keeps the noise that it has there.
        batch_size: How many latents a batch has; the last may have fewer, and so the last before another size.
    """
    singles = [_part(latent, slice(i, i + 1)) for latent in latents for i in range(len(latent.samples))]
    return [_joined(group) for group in grouped(singles, lambda latent: latent.samples.shape, batch_size)]


def _joined(latents: list[Latent]) -> Latent:
    import torch

    masked = any(latent.noise_mask is not None for latent in latents)
    return replace(
        latents[0],
        samples=torch.cat([latent.samples for latent in latents]),
        noise_mask=torch.cat([cells(latent) for latent in latents]) if masked else None,
        batch_index=tuple(place for latent in latents for place in places(latent)),
    )


@node("LatentBatchSeedBehavior", category="latent/advanced", label="LatentBatchSeedBehavior", facts=passed("samples"))
def latent_batch_seed_behavior(
    *, samples: Latent, seed_behavior: Annotated[str, Choice(("random", "fixed"))] = "fixed"
) -> Latent:
    """Whether the latents of a batch get noise of their own or all the same.

    Args:
        samples: The batch.
        seed_behavior: random gives each its own, fixed gives all that of the first.
    """
    if seed_behavior == "random":
        return replace(samples, batch_index=None)
    return replace(samples, batch_index=places(samples)[:1] * len(samples.samples))
