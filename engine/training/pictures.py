"""Compositions: a drawing on a solid background of a named colour, at a given place and size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from engine.training.data import Picture

SIZE = 128

COLOURS: dict[str, tuple[int, int, int]] = {
    "white": (246, 246, 246),
    "black": (24, 24, 28),
    "gray": (136, 138, 144),
    "red": (212, 48, 52),
    "orange": (246, 142, 44),
    "yellow": (250, 214, 70),
    "green": (66, 168, 82),
    "blue": (58, 118, 222),
    "purple": (138, 78, 190),
    "pink": (250, 160, 198),
}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a drawing lies: its side as a fraction of the picture, its shift in pixels, mirrored or not."""

    scale: float = 0.86
    dx: int = 0
    dy: int = 0
    flip: bool = False


def draw_placement(rng: np.random.Generator, low: float = 0.78, high: float = 0.92, shift: int = 5) -> Placement:
    """Return a random placement: scale in [low, high], shift within `shift` pixels, mirrored half of the time."""
    dx, dy = (int(v) for v in rng.integers(-shift, shift + 1, 2))
    return Placement(float(rng.uniform(low, high)), dx, dy, bool(rng.integers(2)))


def compose(pixels: Picture, colour: tuple[int, int, int], place: Placement) -> Picture:
    """Lay a drawing [256, 256, 4] on the colour and return the picture [128, 128, 3]."""
    side = round(SIZE * place.scale)
    drawn = Image.fromarray(pixels).resize(
        (side, side), Image.Resampling.BOX if side > 128 else Image.Resampling.LANCZOS
    )
    if place.flip:
        drawn = drawn.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture = Image.new("RGB", (SIZE, SIZE), colour)
    corner = (SIZE - side) // 2
    picture.paste(drawn, (corner + place.dx, corner + place.dy), drawn)
    return np.asarray(picture)
