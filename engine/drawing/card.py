"""A card: a few words where a picture should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.drawing.label import LONGEST, broken, cut, font, line_height, readable
from engine.drawing.pixels import FAINT, INK, PAPER, SERIES, as_tensor

if TYPE_CHECKING:
    from torch import Tensor


LARGEST_TEXT = 14
"""Text is at most a card's width divided by this."""


def card(text: str, width: int, height: int) -> Tensor:
    """A picture [H, W, 3] that is none: a cross, and below it as much of the text as is readable there."""
    from PIL import Image, ImageDraw

    page = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(page)
    edge = max(1, min(width, height) // 160)
    draw.rectangle((0, 0, width - 1, height - 1), outline=FAINT, width=edge)
    size, lines = _set(text, width - 4 * edge, height - 4 * edge, readable(width))
    top = (height - line_height(size) * (len(lines) + 1)) / 2
    for number, line in enumerate(["✕", *lines]):
        middle = (width / 2, top + (number + 0.5) * line_height(size))
        draw.text(middle, line, font=font(size), fill=INK if number else SERIES[1], anchor="mm")
    return as_tensor(page)


def _set(text: str, width: int, height: int, smallest: int) -> tuple[int, list[str]]:
    """The largest size at which the whole text fits below the cross, and its lines; else as much of it as does."""
    for size in range(max(width // LARGEST_TEXT, smallest), smallest, -1):
        lines = broken(text, width, size)
        whole = len(text) <= LONGEST and all(font(size).getlength(line) <= width for line in lines)
        if whole and (len(lines) + 1) * line_height(size) <= height:
            return size, lines
    return smallest, _lines(text, width, height // line_height(smallest), smallest)


def _lines(text: str, width: int, room: int, size: int) -> list[str]:
    """The lines for which there is room below the cross, the last cut with … where some are left over."""
    lines = broken(text[:LONGEST], width, size)
    kept = lines[: max(0, room - 1)]
    if kept and (len(kept) < len(lines) or len(text) > LONGEST):
        kept[-1] += "…"
    return [cut(line, width, size) for line in kept]
