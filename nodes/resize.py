"""Resizing pictures and latents: the methods of ImageScale and LatentUpscale.  Tensors are [B, C, H, W]."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

IMAGE_METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")
LATENT_METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "bislerp")
CROPS = ("disabled", "center")


def resize(x: Tensor, width: int, height: int, method: str, crop: str = "disabled") -> Tensor:
    """`x` [B, C, H, W] at `width` × `height`; crop "center" first cuts to the new proportions."""
    from torch.nn.functional import interpolate

    if crop == "center":
        x = crop_to_proportions(x, width, height)
    if x.shape[-2:] == (height, width):
        return x.clone()
    match method:
        case "bislerp":
            return bislerp(x, width, height)
        case "lanczos":
            return lanczos(x, width, height)
        case _:
            return interpolate(x, size=(height, width), mode=method)


def crop_to_proportions(x: Tensor, width: int, height: int) -> Tensor:
    """The largest centred part of `x` whose sides are as `width` to `height`; at least one pixel of each side."""
    old_height, old_width = x.shape[-2:]
    left = top = 0
    if old_width * height > width * old_height:
        left = min(round((old_width - old_height * width / height) / 2), (old_width - 1) // 2)
    else:
        top = min(round((old_height - old_width * height / width) / 2), (old_height - 1) // 2)
    return x[..., top : old_height - top, left : old_width - left]


def fill_in(width: int, height: int, old_width: int, old_height: int) -> tuple[int, int]:
    """`width`, `height` with a 0 replaced so that the proportions stay; two zeros keep the size."""
    if not width and not height:
        return old_width, old_height
    if not width:
        return max(1, round(old_width * height / old_height)), height
    if not height:
        return width, max(1, round(old_height * width / old_width))
    return width, height


def bislerp(x: Tensor, width: int, height: int) -> Tensor:
    """Spherical interpolation of the channel vectors, along the width and then the height (Shoemake, 1985)."""
    across = _slerp_axis(x.float(), width)
    both = _slerp_axis(across.transpose(-1, -2), height)
    return both.transpose(-1, -2).contiguous().to(x.dtype)


def _slerp_axis(x: Tensor, size: int) -> Tensor:
    """`x` [B, C, H, W] resampled to `size` along its last axis."""
    import torch

    old = x.shape[-1]
    centres = ((torch.arange(size, device=x.device) + 0.5) * (old / size) - 0.5).clamp(0, old - 1)
    low = centres.floor().long()
    high = (low + 1).clamp(max=old - 1)
    return slerp(x[..., low], x[..., high], centres - low)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """From `a` (t = 0) to `b` (t = 1) along the arc between the channel vectors (axis 1); lengths change linearly.

    Where the arc is undefined (equal, opposite or zero vectors) the straight line is taken.
    """
    import torch

    length_a, length_b = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
    tiny = torch.finfo(a.dtype).tiny
    unit_a, unit_b = a / length_a.clamp(min=tiny), b / length_b.clamp(min=tiny)
    cosine = (unit_a * unit_b).sum(dim=1, keepdim=True)
    angle = cosine.clamp(-1, 1).acos()
    sine = angle.sin().clamp(min=tiny)
    arc = ((1 - t) * angle).sin() / sine * unit_a + (t * angle).sin() / sine * unit_b
    line = (1 - t) * a + t * b
    defined = (cosine.abs() < 1 - 1e-5) & (length_a > 0) & (length_b > 0)
    return torch.where(defined, arc * ((1 - t) * length_a + t * length_b), line)


def lanczos(x: Tensor, width: int, height: int) -> Tensor:
    """Lanczos-3 by Pillow, each channel in 32-bit floats."""
    import numpy as np
    import torch
    from PIL import Image

    flat = x.detach().float().cpu().reshape(-1, *x.shape[-2:]).numpy()
    planes = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.LANCZOS))  # mode "F" keeps the bits
        for plane in np.ascontiguousarray(flat)
    ]
    return torch.from_numpy(np.stack(planes)).reshape(*x.shape[:2], height, width).to(x.dtype)
