"""Layers: formulas of blending, and one picture or latent laid onto another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from nodes.planes import strips, to_batch

if TYPE_CHECKING:
    from torch import Tensor


def _overlay(a: Tensor, b: Tensor) -> Tensor:
    import torch

    return torch.where(a <= 0.5, 2 * a * b, 1 - 2 * (1 - a) * (1 - b))


def _soft_light(a: Tensor, b: Tensor) -> Tensor:
    import torch

    root = torch.where(a <= 0.25, ((16 * a - 12) * a + 4) * a, a.clamp(min=0).sqrt())
    return torch.where(b <= 0.5, a - (1 - 2 * b) * a * (1 - a), a + (2 * b - 1) * (root - a))


BLENDS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "normal": lambda a, b: b,
    "multiply": lambda a, b: a * b,
    "screen": lambda a, b: 1 - (1 - a) * (1 - b),
    "overlay": _overlay,
    "soft_light": _soft_light,
    "difference": lambda a, b: a - b,
}
"""The colour that the second layer makes of the first, as W3C's compositing names them (soft light: its formula)."""


def _lapped(s: Tensor, a: Tensor, d: Tensor, b: Tensor, both: Tensor) -> Tensor:
    """Each layer where the other is not, and `both` where they meet."""
    return (1 - b) * s + (1 - a) * d + both


def _overlaid(s: Tensor, a: Tensor, d: Tensor, b: Tensor) -> Tensor:
    import torch

    return torch.where(2 * d < b, 2 * s * d, a * b - 2 * (b - s) * (a - d))


PorterDuff = Callable[["Tensor", "Tensor", "Tensor", "Tensor"], tuple["Tensor", "Tensor"]]
MODES: Mapping[str, PorterDuff] = {
    "ADD": lambda s, a, d, b: ((s + d).clamp(0, 1), (a + b).clamp(0, 1)),
    "CLEAR": lambda s, a, d, b: (d * 0, b * 0),
    "DARKEN": lambda s, a, d, b: (_lapped(s, a, d, b, s.minimum(d)), a + b - a * b),
    "DST": lambda s, a, d, b: (d, b),
    "DST_ATOP": lambda s, a, d, b: (a * d + (1 - b) * s, a),
    "DST_IN": lambda s, a, d, b: (d * a, a * b),
    "DST_OUT": lambda s, a, d, b: ((1 - a) * d, (1 - a) * b),
    "DST_OVER": lambda s, a, d, b: (d + (1 - b) * s, b + (1 - b) * a),
    "LIGHTEN": lambda s, a, d, b: (_lapped(s, a, d, b, s.maximum(d)), a + b - a * b),
    "MULTIPLY": lambda s, a, d, b: (s * d, a * b),
    "OVERLAY": lambda s, a, d, b: (_overlaid(s, a, d, b), a + b - a * b),
    "SCREEN": lambda s, a, d, b: (s + d - s * d, a + b - a * b),
    "SRC": lambda s, a, d, b: (s, a),
    "SRC_ATOP": lambda s, a, d, b: (b * s + (1 - a) * d, b),
    "SRC_IN": lambda s, a, d, b: (s * b, a * b),
    "SRC_OUT": lambda s, a, d, b: ((1 - b) * s, (1 - b) * a),
    "SRC_OVER": lambda s, a, d, b: (s + (1 - a) * d, a + (1 - a) * b),
    "XOR": lambda s, a, d, b: (_lapped(s, a, d, b, s * 0), (1 - b) * a + (1 - a) * b),
}
"""Porter and Duff's operators (1984) and Android's additions, of colours times their opacity: source s, a and
destination d, b to colour (times opacity) and opacity."""


def composed(s: Tensor, a: Tensor, d: Tensor, b: Tensor, mode: str) -> Tensor:
    """Source colours [..., C] of opacity `a` [..., 1] and destination `d`, `b`: colours and opacity [..., C + 1]."""
    import torch

    colour, opacity = MODES[mode](s * a, a, d * b, b)
    plain = torch.where(opacity > 1e-5, colour / opacity, torch.zeros_like(colour)).clamp(0, 1)
    return torch.cat([plain, opacity.expand(*colour.shape[:-1], 1)], -1)


def pasted(
    below: Tensor, above: Tensor, x: int, y: int, mask: Tensor | None = None, *, stretch: bool = False
) -> Tensor:
    """`below` [B, C, H, W] with `above` [b, C, h, w] laid onto it at column `x` and row `y`, its batch repeated.

    Args:
        mask: [b, H', W'], how much of `above` shows; stretched over it.
        stretch: make `above` as large as `below` first.
    """
    from torch.nn.functional import interpolate

    result = below.clone()
    if stretch and above.shape[-2:] != below.shape[-2:]:
        above = interpolate(above, size=below.shape[-2:], mode="bilinear")
    above = to_batch(above, len(below))
    if mask is not None:
        mask = mask.reshape(-1, 1, *mask.shape[-2:]).to(above)
        if mask.shape[-2:] != above.shape[-2:]:
            mask = interpolate(mask, size=above.shape[-2:], mode="bilinear")
        mask = to_batch(mask, len(below))
    region = result[:, :, y : y + above.shape[2], x : x + above.shape[3]]
    height, width = region.shape[-2:]
    for rows in strips(height, above[:, :, :1].numel()):
        over, under = above[:, :, rows, :width], region[:, :, rows]
        if mask is None:
            under.copy_(over)
        else:
            shown = mask[:, :, rows, :width]
            under.copy_(shown * over + (1 - shown) * under)
    return result
