"""Short texts in coloured boxes, one behind the other like words: how tokens are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from engine.drawing.label import cut, font, plain, readable
from engine.drawing.pixels import INK, PAPER, as_tensor
from engine.drawing.plot import WIDTH

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from torch import Tensor

TINTS = ("#cfe0f7", "#f8d6da", "#cdeadd", "#f6e3c0", "#e0d4f0")
"""Grounds of boxes in turn."""
FAINT_INK = "#4a515b"
PALE = "#e6e4de"
"""The ground of a box that stands for no text."""
MOST_BOXES = 800
EDGE = 12


class Box(NamedTuple):
    """A text, what stands small below it, and whether it is text at all."""

    text: str
    below: str = ""
    pale: bool = False


class Placed(NamedTuple):
    """A box on the page, in pixels."""

    box: Box
    x: int
    y: int
    width: int
    tint: str


def boxes(groups: Sequence[tuple[str, Sequence[Box]]], width: int = WIDTH) -> Tensor:
    """Groups of boxes under their headings as pictures [1, H, width, 3]; boxes beyond the 800th are left out."""
    from PIL import Image, ImageDraw

    size = readable(width)
    high = _height(size)
    headings: list[tuple[str, int]] = []
    placed: list[Placed] = []
    y = EDGE
    for heading, group in groups:
        if heading:
            headings.append((heading, y))
            y += round(size * 1.4)
        y = _place(group[: MOST_BOXES - len(placed)], placed, y, width, size)
    page = Image.new("RGB", (width, y + EDGE), PAPER)
    draw = ImageDraw.Draw(page)
    for heading, top in headings:
        draw.text((EDGE, top), heading, font=font(size), fill=INK)
    for one in placed:
        _draw(draw, one, size, high)
    return as_tensor(page)[None]


def _place(group: Sequence[Box], placed: list[Placed], y: int, width: int, size: int) -> int:
    """Put boxes in rows from `y` on; the height at which they end."""
    x, row = EDGE, _height(size) + 6
    for number, whole in enumerate(group):
        box = whole._replace(text=cut(plain(whole.text), width - 3 * EDGE, size + 4), below=plain(whole.below))
        wide = min(width - 2 * EDGE, _needed(box, size))
        if x + wide > width - EDGE and x > EDGE:
            x, y = EDGE, y + row
        placed.append(Placed(box, x, y, wide, PALE if box.pale else TINTS[number % len(TINTS)]))
        x += wide + 4
    return y + row if group else y


def _needed(box: Box, size: int) -> int:
    return round(max(font(size + 4).getlength(box.text), font(size).getlength(box.below))) + size // 2


def _draw(draw: ImageDraw, one: Placed, size: int, high: int) -> None:
    draw.rounded_rectangle((one.x, one.y, one.x + one.width, one.y + high), size // 4, fill=one.tint)
    middle = one.x + one.width / 2
    draw.text((middle, one.y + size * 0.8), one.box.text, font=font(size + 4), fill=INK, anchor="mm")
    draw.text((middle, one.y + size * 2.05), one.box.below, font=font(size), fill=FAINT_INK, anchor="mm")


def _height(size: int) -> int:
    """Pixels of a box: a line of text and a line below it."""
    return round(size * 2.7)
