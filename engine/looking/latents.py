"""Latents as pictures: each channel by itself, and all together in a family's rough colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.models.families import FAMILIES

if TYPE_CHECKING:
    from torch import Tensor

OUTLIERS = 0.005
"""Share of the numbers that may lie beyond the ends of the colours, so that a few do not make the rest pale."""


def span(samples: Tensor) -> float:
    """The number that the strongest colour stands for, on both sides of zero."""
    import torch

    sizes = samples.detach().float().abs().flatten()
    finite = sizes[torch.isfinite(sizes)]
    if not finite.numel():
        return 1.0
    rank = max(1, round(finite.numel() * (1 - OUTLIERS)))
    return float(finite.kthvalue(rank).values) or 1.0


def channels(samples: Tensor, most: float) -> list[Tensor]:
    """Each channel of samples [C, h, w] as a picture [h, w, 3]: blue below zero, white at zero, red above."""
    from engine.drawing.heat import coloured

    return [coloured(plane, -most, most, "signed") for plane in samples]


def rough(sample: Tensor, family: str) -> Tensor | None:
    """A latent [C, h, w] in the sampler's units as a picture [h, w, 3]; None for a family without colours."""
    import torch

    from engine.models.preview import colours

    known = FAMILIES.get(family)
    if known is None or len(known.rgb) != len(sample) + 1:
        return None
    return torch.from_numpy(colours(sample, known.rgb)).float() / 255
