"""Latents as pictures of their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from engine.diffusion.types import Image, Latent
from engine.graph.define import node
from engine.graph.sockets import Range
from engine.graph.told import Told
from engine.looking.latents import channels, span
from engine.looking.numbers import numbers, short

if TYPE_CHECKING:
    from torch import Tensor

    from engine.drawing.plot import Curve

CATEGORY = "inspect"
WIDTH, HEIGHT = 640, 500
BINS = 64
REACH = 4.0
"""A histogram goes this many deviations to both sides of the mean, or as far as the numbers if that is less."""
MOST_CHANNELS = 16


@node("ShowLatent", category=CATEGORY, label="Show Latent")
def show_latent(*, latent: Latent, columns: Annotated[int, Range(1, 16)] = 4) -> Image:
    """Draw each channel of a latent as a picture: blue where its numbers are below zero, red where they are above.

    Args:
        latent: The latents; each makes one picture of all its channels, coloured by one scale.
        columns: How many channels stand in a row.
    """
    import torch

    samples = _pictures(latent)
    most = span(samples)
    return Image(torch.stack([_page(sample, most, columns) for sample in samples]))


def _pictures(latent: Latent) -> Tensor:
    samples = latent.samples
    if samples.ndim != 4 or not samples.numel():
        raise Told(
            "This latent has the shape {shape}, and only [B, C, h, w] with something in it can be drawn.",
            shape=str(list(samples.shape)),
        )
    if samples.shape[1] > MOST_CHANNELS:
        raise Told(
            "This latent has {found} channels, and at most {most} can be drawn.",
            found=samples.shape[1],
            most=MOST_CHANNELS,
        )
    return samples


def _page(sample: Tensor, most: float, columns: int) -> Tensor:
    from engine.drawing.grid import grid
    from engine.drawing.scale import scale_bar, stacked

    columns = min(columns, len(sample))
    names = [f"channel {index}" for index in range(len(sample))]
    sheet = grid(channels(sample, most), columns, names, at_least=WIDTH // columns)[0]
    return stacked(sheet, scale_bar(sheet.shape[1], (short(-most), "0", short(most))))


@node("LatentHistogram", category=CATEGORY, label="Latent Histogram")
def latent_histogram(*, latent: Latent) -> Image:
    """Draw how often each number occurs in each channel of a latent, against the normal curve of the same spread.

    Args:
        latent: The latents; a channel is counted over the whole batch. Pure noise lies on the normal curve.
    """
    from engine.drawing.plot import curves

    samples = _pictures(latent)
    found = numbers(samples)
    reach = REACH * found.std or 1.0
    low, high = max(found.min, found.mean - reach), min(found.max, found.mean + reach)
    if high <= low:
        low, high = found.mean - reach, found.mean + reach
    lines = [_density(samples[:, index], low, high, f"channel {index}") for index in range(samples.shape[1])]
    if found.std:
        lines.append(_normal(found.mean, found.std, low, high))
    told = f"number (mean {found.mean:.2g}, deviation {found.std:.2g})"
    return Image(curves(lines, told, "how often", height=HEIGHT))


def _density(values: Tensor, low: float, high: float, name: str) -> Curve:
    """The histogram of the finite values as a density: the area under the whole of it is 1."""
    import torch

    from engine.drawing.plot import Curve

    finite = values[torch.isfinite(values)].float()
    width = (high - low) / BINS
    counts = torch.histc(finite, BINS, low, high) / (max(1, finite.numel()) * width)
    return Curve(name, _middles(low, width), counts.tolist())


def _middles(low: float, width: float) -> Sequence[float]:
    return [low + (index + 0.5) * width for index in range(BINS)]


def _normal(mean: float, std: float, low: float, high: float) -> Curve:
    from math import exp, pi, sqrt

    from engine.drawing.plot import Curve

    x = _middles(low, (high - low) / BINS)
    y = [exp(-(((at - mean) / std) ** 2) / 2) / (std * sqrt(2 * pi)) for at in x]
    return Curve("normal curve", x, y, dashed=True)
