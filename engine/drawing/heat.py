"""Numbers as colours: maps from low to high, maps around zero, and heat over a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Tensor

Ramp = Literal["heat", "signed"]
RAMPS: dict[Ramp, str] = {"heat": "inferno", "signed": "RdBu_r"}
"""Colours from low (dark) to high (bright); and from blue over white at zero to red.  By matplotlib's names."""


def coloured(values: Tensor, low: float, high: float, ramp: Ramp = "heat") -> Tensor:
    """Numbers [h, w] as a picture [h, w, 3]: `low` and what is below at one end of the ramp, `high` at the other."""
    import torch

    span = high - low if high > low else 1.0
    at = ((values.detach().float().cpu() - low) / span).nan_to_num(0.0).clamp(0, 1)
    return table(ramp)[(at * 255).round().to(torch.long)]


def table(ramp: Ramp) -> Tensor:
    """The 256 colours of a ramp, [256, 3]."""
    import matplotlib
    import numpy as np
    import torch

    colours: Any = matplotlib.colormaps[RAMPS[ramp]](np.linspace(0, 1, 256))
    return torch.from_numpy(np.ascontiguousarray(colours[:, :3], dtype=np.float32))


def heat(base: Tensor, map: Tensor) -> Tensor:
    """A picture [H, W, C] under a map [h, w] of what counts (0 nothing; its greatest number is the brightest).

    Returns [H, W, 3]: the picture in grey where the map is low, in the colours of fire where it is high.
    """
    from torch.nn.functional import interpolate

    height, width = base.shape[:2]
    plain = map.detach().float().cpu().nan_to_num(0.0).clamp(min=0)
    plain = plain / plain.max().clamp(min=1e-12)
    size = (height, width)
    fine = interpolate(plain[None, None], size=size, mode="bilinear", align_corners=False)[0, 0].clamp(0, 1)
    picture = base.detach().float().cpu()[..., :3].expand(height, width, 3)
    dim = 0.85 * (0.6 * picture.mean(-1, keepdim=True) + 0.4 * picture)
    share = 0.1 + 0.6 * fine[..., None]
    return (dim * (1 - share) + coloured(fine, 0.0, 1.0) * share).clamp(0, 1)
