"""The pictures that ControlNets read, at the size of the picture that is made."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import interpolate

COLOURS = 3


def fitted_hint(hint: Tensor, height: int, width: int) -> Tensor:
    """Pictures [B, H, W, C] as float32 [B, 3, height, width]: cut to that shape around the centre, then resized without
    blending, as ComfyUI does it, so that lines stay lines.  Grey pictures become coloured, alpha is left out."""
    planes = hint.movedim(-1, 1)
    planes = planes[:, :COLOURS] if planes.shape[1] >= COLOURS else planes[:, :1].expand(-1, COLOURS, -1, -1)
    tall, wide = planes.shape[-2:]
    x = _margin(wide, wide - tall * width / height)
    y = _margin(tall, tall - wide * height / width)
    cut = planes[:, :, y : tall - y, x : wide - x].float()
    return cut if cut.shape[-2:] == (height, width) else interpolate(cut, size=(height, width), mode="nearest-exact")


def _margin(length: int, excess: float) -> int:
    """What to cut from each end of a side; at least one pixel stays."""
    return max(min(round(excess / 2), (length - 1) // 2), 0)
