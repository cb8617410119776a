"""Text beside pictures, in a font that knows Vietnamese; it shrinks, wraps and is cut until it fits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine.drawing.pixels import INK, PAPER, as_pillow, as_tensor

if TYPE_CHECKING:
    from PIL import Image as Pil
    from PIL.ImageFont import FreeTypeFont
    from torch import Tensor

CANVAS, READABLE = 320, 11
"""A picture shown this many pixels wide has text of at least this many pixels, where there is room for it."""
SMALLEST = 11
LINES = 2
LONGEST = 200
WORDS = re.compile(r"[^\s_/]*[\s_/]*")
"""A label may be broken behind these: spaces, and what joins the words of names."""


def readable(width: int) -> int:
    """Pixels of text that can be read when a picture of this width is shown at the size of a node on the canvas."""
    return max(SMALLEST, -(-width * READABLE // CANVAS))


@lru_cache(maxsize=64)
def font(size: int) -> FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib, at a height in pixels."""
    from PIL import ImageFont

    return ImageFont.truetype(font_file(), size, layout_engine=ImageFont.Layout.BASIC)


def font_file() -> str:
    """The file of the font."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


def plain(label: str) -> str:
    """A label whose letters and accents are one character each, as the font has them; without what has no shape."""
    whole = unicodedata.normalize("NFC", label[:LONGEST])
    return "".join(letter if letter.isprintable() else " " for letter in whole)


def text_size(labels: Sequence[str], width: int, wanted: int) -> int:
    """The largest size up to `wanted` at which every label fits into `width` on two lines; at least the smallest."""
    for size in range(wanted, SMALLEST, -1):
        if all(_fits(label, width, size) for label in labels):
            return size
    return SMALLEST


def _fits(label: str, width: int, size: int) -> bool:
    lines = broken(label, width, size)
    return len(lines) <= LINES and all(font(size).getlength(line) <= width for line in lines)


def lines_of(label: str, width: int, size: int) -> list[str]:
    """A label in at most two lines of at most `width` pixels, cut with … where there is no room."""
    lines = broken(label, width, size)
    kept = lines[:LINES]
    if len(lines) > LINES:
        kept[-1] += "…"
    return [cut(line, width, size) for line in kept]


def broken(label: str, width: int, size: int) -> list[str]:
    """The label in lines of at most `width` pixels, as many as it takes; a word that is longer stands alone."""
    lines: list[str] = []
    for word in filter(None, WORDS.findall(plain(label).strip())):
        if lines and font(size).getlength((lines[-1] + word).rstrip()) <= width:
            lines[-1] += word
        else:
            lines.append(word)
    return [line.strip() for line in lines]


def cut(line: str, width: int, size: int) -> str:
    """One line, cut with … where it is wider than `width`."""
    if font(size).getlength(line) <= width:
        return line
    kept = line.rstrip("…")
    while kept and font(size).getlength(kept + "…") > width:
        kept = kept[:-1]
    return kept + "…"


def band(labels: Sequence[str], width: int, size: int) -> int:
    """Pixels of height that the tallest of the labels needs; 0 where none says anything."""
    lines = max((len(lines_of(label, width, size)) for label in labels), default=0)
    return lines * line_height(size) + size // 2 if lines else 0


def line_height(size: int) -> int:
    """Pixels from one line to the next."""
    return round(size * 1.3)


def write(on: Pil.Image, label: str, box: tuple[int, int, int, int], size: int) -> None:
    """Write a label into the middle of a box (left, top, width, height) of the picture."""
    from PIL import ImageDraw

    left, top, width, height = box
    lines = lines_of(label, width, size)
    draw = ImageDraw.Draw(on)
    y = top + (height - line_height(size) * len(lines)) / 2
    for number, line in enumerate(lines):
        middle = (left + width / 2, y + (number + 0.5) * line_height(size))
        draw.text(middle, line, font=font(size), fill=INK, anchor="mm")


def labelled(images: Tensor, labels: Sequence[str]) -> Tensor:
    """Pictures [B, H, W, C] with a line or two of text below each: [B, H + text, W, 3]; labels may be fewer."""
    import torch
    from PIL import Image

    height, width = images.shape[1:3]
    names = [*labels[: len(images)], *[""] * (len(images) - len(labels))]
    size = text_size(names, width, readable(width))
    below = band(names, width, size)
    made = []
    for picture, name in zip(images, names, strict=True):
        page = Image.new("RGB", (width, height + below), PAPER)
        page.paste(as_pillow(picture))
        write(page, name, (0, height, width, below), size)
        made.append(as_tensor(page))
    return torch.stack(made)
