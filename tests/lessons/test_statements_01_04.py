"""Statements of lessons 1 to 4: what the model does, noise in, noise out, training."""

from __future__ import annotations

import numpy as np

from tests.lessons.kit import Lessons
from tests.lessons.statements import states


@states(
    1, "A prompt goes in, a picture that fits it comes out", "holds", 1.0, "{:.0f} picture, its corners yellow as asked"
)
def test_a_picture_comes_out(lessons: Lessons) -> float:
    pictures = lessons.value(1, "Latent to picture")
    red, green, blue = np.median(pictures[0, [0, 0, -1, -1], [0, -1, 0, -1]], axis=0)
    assert min(red, green) > 2 * blue
    return float(len(pictures))
