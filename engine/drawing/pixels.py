"""Between tensors of pictures and Pillow's, and the colours of everything that is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image as Pil
    from torch import Tensor

PAPER, INK, FAINT = "#fbfaf7", "#20242a", "#b9b6ae"
"""Ground, text and lines of what is drawn: opaque, so that they are read alike on a light and a dark canvas."""
SERIES = ("#2563c9", "#d1495b", "#2a9d6f", "#c77d0a", "#7b4fb5", "#5d6b78")
"""Colours of curves and bars, told apart by people who see no red or no green too."""


def as_pillow(picture: Tensor) -> Pil.Image:
    """A picture [H, W, C] (C = 1, 3 or 4), 0 to 1, in RGB; what is transparent shows the paper, NaN is black."""
    import numpy as np
    from PIL import Image

    scaled = picture.detach().float().cpu().nan_to_num(0.0).clamp(0, 1) * 255
    array: Any = scaled.round().byte().numpy()
    if array.shape[-1] == 4:
        drawn = Image.fromarray(array)
        ground = Image.new("RGBA", drawn.size, PAPER)
        return Image.alpha_composite(ground, drawn).convert("RGB")
    return Image.fromarray(np.repeat(array, 3, axis=2) if array.shape[-1] == 1 else array)


def as_tensor(picture: Pil.Image) -> Tensor:
    """Pillow's picture as [H, W, 3], float32, 0 to 1."""
    import numpy as np
    import torch

    return torch.from_numpy(np.array(picture.convert("RGB"), dtype=np.float32) / np.float32(255))


def enlarged(picture: Tensor, at_least: int) -> Tensor:
    """The picture [H, W, C], each pixel made a square of whole pixels so that the longer side is `at_least` or more."""
    factor = max(1, -(-at_least // max(picture.shape[:2])))
    return picture.repeat_interleave(factor, 0).repeat_interleave(factor, 1) if factor > 1 else picture
