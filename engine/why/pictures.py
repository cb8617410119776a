"""Two pictures pixel by pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

PEAK = 255


@dataclass(frozen=True, slots=True)
class Compared:
    """How far two pictures of one size are apart; PSNR in decibels (Huynh-Thu and Ghanbari 2008), None when equal.

    Args:
        largest: the greatest difference of any channel of any pixel, 0 to 255.
    """

    psnr: float | None
    largest: int

    @property
    def equal(self) -> bool:
        return self.largest == 0


def compared(before: Image.Image, after: Image.Image) -> Compared | None:
    """Compare two pictures; None where their sizes differ, for then no pixel has a partner."""
    if before.size != after.size:
        return None
    stat = ImageStat.Stat(ImageChops.difference(before.convert("RGBA"), after.convert("RGBA")))
    colours = stat.sum2[:3]
    mean = sum(colours) / (3 * before.width * before.height)
    largest = max(int(high) for _, high in stat.extrema)
    return Compared(10 * math.log10(PEAK**2 / mean) if mean else None, largest)


def difference(before: Image.Image, after: Image.Image) -> Image.Image:
    """Where two pictures of one size differ, stretched so that the greatest difference of any channel is white."""
    found = ImageChops.difference(before.convert("RGB"), after.convert("RGB"))
    top = max(high for _, high in ImageStat.Stat(found).extrema) or 1
    return found.point([min(round(value * PEAK / top), PEAK) for value in range(PEAK + 1)] * 3)


def read(path: Path) -> Image.Image | None:
    """A picture, loaded; None where the file is gone or is none."""
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture.copy()
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
