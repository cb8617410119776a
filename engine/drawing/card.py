"""A card: a few words where a picture should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.drawing.label import LONGEST, broken, cut, font, line_height, readable
from engine.drawing.pixels import FAINT, INK, PAPER, SERIES, as_tensor

if TYPE_CHECKING:
    from torch import Tensor


def card(text: str, width: int, height: int) -> Tensor:
    """A picture [H, W, 3] that is none: a cross, and below it as much of the text as is readable there."""
    from PIL import Image, ImageDraw

    page = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(page)
    size, edge = readable(width), max(1, min(width, height) // 80)
    draw.rectangle((0, 0, width - 1, height - 1), outline=FAINT, width=edge)
    margin = size // 2 + edge
    lines = _lines(text, width - 2 * margin, (height - 2 * margin) // line_height(size), size)
    top = (height - line_height(size) * (len(lines) + 1)) / 2
    for number, line in enumerate(["✕", *lines]):
        middle = (width / 2, top + (number + 0.5) * line_height(size))
        draw.text(middle, line, font=font(size), fill=INK if number else SERIES[1], anchor="mm")
    return as_tensor(page)


def _lines(text: str, width: int, room: int, size: int) -> list[str]:
    """The lines for which there is room below the cross, the last cut with … where some are left over."""
    lines = broken(text[:LONGEST], width, size)
    kept = lines[: max(0, room - 1)]
    if kept and (len(kept) < len(lines) or len(text) > LONGEST):
        kept[-1] += "…"
    return [cut(line, width, size) for line in kept]
