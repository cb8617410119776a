"""Pictures side by side: a grid with names below its cells, over its columns and beside its rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.drawing.label import band, readable, text_size, write
from engine.drawing.pixels import PAPER, as_pillow, as_tensor, enlarged
from engine.graph.told import Told

if TYPE_CHECKING:
    from PIL import Image as Pil
    from torch import Tensor

MOST_PIXELS, MOST_SIDE = 80_000_000, 16384
GAP = 40
"""A gap is the cells' longer side divided by this, and 2 pixels at least."""
LARGEST_TEXT = 5
"""Text is at most a cell's width divided by this."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where things lie on a grid, in pixels: cells of `width` × `height`, bands of text beside them."""

    columns: int
    rows: int
    width: int
    height: int
    gap: int
    text: int
    below: int
    above: int
    beside: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole."""
        across = self.beside + self.columns * self.width + (self.columns - 1) * self.gap
        down = self.above + self.rows * (self.height + self.below) + (self.rows - 1) * self.gap
        return across, down

    def corner(self, index: int) -> tuple[int, int]:
        """Left and top of a cell."""
        row, column = divmod(index, self.columns)
        return (
            self.beside + column * (self.width + self.gap),
            self.above + row * (self.height + self.below + self.gap),
        )


def grid(
    pictures: Sequence[Tensor],
    columns: int = 0,
    labels: Sequence[str] = (),
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    at_least: int = 0,
) -> Tensor:
    """Pictures [H, W, C] of any sizes as one picture [1, H, W, 3], row by row; smaller ones stand in the middle.

    Args:
        columns: pictures in a row; 0 makes it as square as can be.
        labels: one below each picture, as many as there are.
        row_labels, column_labels: names beside the rows and over the columns.
        at_least: pixels that the longer side of each picture has at least; smaller ones are enlarged in whole pixels.

    Raises ValueError for no pictures at all, and for a grid of more than 80 million pixels.
    """
    from PIL import Image

    if not len(pictures):
        raise Told("There are no pictures to lay out in a grid.")
    shown = [enlarged(picture, at_least) for picture in pictures]
    sheet = _sheet(shown, columns, labels, row_labels, column_labels)
    _check(sheet.size, len(shown))
    page = Image.new("RGB", sheet.size, PAPER)
    for index, picture in enumerate(shown):
        left, top = sheet.corner(index)
        height, width = picture.shape[:2]
        page.paste(as_pillow(picture), (left + (sheet.width - width) // 2, top + (sheet.height - height) // 2))
    _name(page, sheet, labels, row_labels, column_labels)
    return as_tensor(page)[None]


def _sheet(
    shown: Sequence[Tensor], columns: int, labels: Sequence[str], rows: Sequence[str], tops: Sequence[str]
) -> Sheet:
    columns = min(columns, len(shown)) if columns > 0 else math.ceil(math.sqrt(len(shown)))
    height, width = (max(picture.shape[side] for picture in shown) for side in (0, 1))
    gap = max(2, max(height, width) // GAP)
    wanted = min(readable(columns * (width + gap)), max(readable(width), width // LARGEST_TEXT))
    text = text_size([*labels, *rows, *tops], width, wanted)
    return Sheet(
        columns=columns,
        rows=math.ceil(len(shown) / columns),
        width=width,
        height=height,
        gap=gap,
        text=text,
        below=band(labels, width, text),
        above=band(tops, width, text),
        beside=width if any(rows) else 0,
    )


def _name(page: Pil.Image, sheet: Sheet, labels: Sequence[str], rows: Sequence[str], columns: Sequence[str]) -> None:
    for index, label in enumerate(labels[: sheet.columns * sheet.rows]):
        left, top = sheet.corner(index)
        write(page, label, (left, top + sheet.height, sheet.width, sheet.below), sheet.text)
    for index, label in enumerate(columns[: sheet.columns]):
        write(page, label, (sheet.corner(index)[0], 0, sheet.width, sheet.above), sheet.text)
    for index, label in enumerate(rows[: sheet.rows]):
        top = sheet.corner(index * sheet.columns)[1]
        write(page, label, (0, top, sheet.beside - sheet.gap, sheet.height), sheet.text)


def _check(size: tuple[int, int], count: int) -> None:
    width, height = size
    if width * height > MOST_PIXELS or max(size) > MOST_SIDE:
        raise Told(
            "A grid of these {count} pictures would be {width}×{height} pixels, and {side} a side and {all} million in "
            "all are the most; take fewer or smaller pictures.",
            count=count,
            width=width,
            height=height,
            side=MOST_SIDE,
            all=MOST_PIXELS // 1_000_000,
        )
