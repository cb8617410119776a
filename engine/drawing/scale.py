"""What the colours of a map stand for: a bar of them with its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.drawing.heat import Ramp, table
from engine.drawing.label import font, line_height, readable
from engine.drawing.pixels import INK, PAPER, as_pillow, as_tensor

if TYPE_CHECKING:
    from torch import Tensor

WIDEST = 480
"""Pixels of the longest bar at the size where a picture is 640 wide."""


def scale_bar(width: int, marks: tuple[str, str, str], ramp: Ramp = "signed") -> Tensor:
    """A page [h, width, 3] with the colours of a ramp and what its left end, its middle and its right end stand for."""
    from PIL import Image, ImageDraw

    size = min(readable(width), max(11, width // 16))
    thick, edge = size, size // 2
    length = min(width - 2 * edge, width * WIDEST // 640)
    left = (width - length) // 2
    page = Image.new("RGB", (width, edge + thick + line_height(size) + edge), PAPER)
    page.paste(as_pillow(table(ramp)[None]).resize((length, thick)), (left, edge))
    draw = ImageDraw.Draw(page)
    for mark, x, anchor in zip(marks, (left, left + length // 2, left + length), "lmr", strict=True):
        draw.text((x, edge + thick + 2), mark, font=font(size), fill=INK, anchor=f"{anchor}a")
    return as_tensor(page)


def stacked(*pages: Tensor) -> Tensor:
    """Pages [h, w, 3] of one width, one below the other."""
    import torch

    return torch.cat(pages)
