"""What networks that look at pictures share: the size they work at, and a second try where half precision overflows."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

log = logging.getLogger("inkwater.models")

MOST = 4
"""Pixels of a working picture at most, in squares of the wanted side: very long pictures are made smaller."""


def working_size(height: int, width: int, side: int, multiple: int) -> tuple[int, int]:
    """Height and width at which a picture is looked at: in proportion, changed as little as brings one side to `side`.

    Both are whole multiples of `multiple`.  So does MiDaS choose ("minimal").
    """
    scale = min(side / height, side / width, key=lambda s: abs(1 - s))
    scale = min(scale, math.sqrt(MOST * side * side / (height * width)))
    tall, wide = (max(round(size * scale / multiple), 1) * multiple for size in (height, width))
    return tall, wide


def resized(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures [B, C, H, W] at another (height, width), bicubic, without aliases when made smaller."""
    if tuple(pictures.shape[-2:]) == size:
        return pictures
    return F.interpolate(pictures, size=size, mode="bicubic", align_corners=False, antialias=True)


def home(module: nn.Module, values: Tensor) -> Tensor:
    """`values` on the device and in the dtype of the network's weights."""
    weight = next(module.parameters())
    return values.to(weight.device, weight.dtype)


def careful(module: nn.Module, run: Callable[[], Tensor], what: str) -> Tensor:
    """What `run` gives, in float32; if half precision overflowed in it, once more in full, and that is said."""
    result = run().float()
    dtype = next(module.parameters()).dtype
    if dtype is torch.float32 or bool(result.isfinite().all()):
        return result
    log.warning("%s overflowed in %s, so it ran once more in float32.", what, str(dtype).removeprefix("torch."))
    try:
        nn.Module.float(module)
        return run().float()
    finally:
        nn.Module.to(module, dtype)
