"""Poses: people as coloured sticks, for a pose ControlNet."""

from __future__ import annotations

import colorsys
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from engine.diffusion.types import Image
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Range, Widget
from engine.graph.told import Told
from nodes.facts import number, picture_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 18
"""Points of a body: nose, neck, right shoulder, elbow, wrist, left the same, right hip, knee, ankle, left the same,
eyes and ears (right, left)."""

FROM_25 = (*range(8), *range(9, 19))
"""Where the 18 points are among OpenPose's 25, which have the middle of the hips and the feet too."""

LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""The points that each stick joins, in the order of their colours."""

COLOURS = tuple(tuple(round(255 * c) for c in colorsys.hsv_to_rgb(i / POINTS, 1, 1)) for i in range(POINTS))
"""Colour of each stick and point, once around the circle of hues: those that pose ControlNets were trained on."""

DIM = 0.6
"""Brightness of sticks; points are drawn in full on top."""
MAX_PEOPLE = 200

Point = tuple[float, float] | None


class PoseError(Told):
    """Keypoints that cannot be drawn; the text is one sentence."""


def drawn(known: Known) -> Sequence[Facts]:
    """One picture of the size that the inputs say."""
    return (picture_of(number(known, "width"), number(known, "height"), None),)


@node("PoseDraw", category="image/preprocessors", label="Pose Draw", facts=drawn)
def pose_draw(
    *,
    keypoints: Annotated[str, Widget("multiline")],
    width: Annotated[int, Range(16, 16384, step=8)] = 512,
    height: Annotated[int, Range(16, 16384, step=8)] = 512,
) -> Image:
    """Draw people as the coloured sticks that pose ControlNets know, from keypoints as OpenPose writes them.

    Args:
        keypoints: JSON with "people", each with "pose_keypoints_2d": 18 or 25 times x, y, confidence, in pixels of
            "canvas_width" and "canvas_height" or as fractions; a list of such makes a batch.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
    """
    import numpy as np
    import torch

    frames = read_poses(keypoints)
    pictures = [_draw(people, width, height) for people in frames]
    return Image(torch.from_numpy(np.stack(pictures).astype(np.float32) / 255))


def read_poses(text: str) -> list[list[list[Point]]]:
    """The points of the people of each picture, as fractions of its sides; None for a point that was not seen.

    Raises PoseError.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise PoseError("The keypoints are not JSON; give what OpenPose writes, with a list of people.") from None
    frames = value if isinstance(value, list) else [value]
    if not frames:
        raise PoseError("The keypoints are an empty list; give at least one picture's people.")
    return [list(_people(frame)) for frame in frames]


def _people(frame: Any) -> Iterator[list[Point]]:
    people = frame.get("people") if isinstance(frame, Mapping) else None
    if not isinstance(people, list) or len(people) > MAX_PEOPLE:
        raise PoseError(
            'The keypoints have no list "people" of at most {most}; give what OpenPose writes.', most=MAX_PEOPLE
        )
    sides = tuple(frame.get(name) for name in ("canvas_width", "canvas_height"))
    for person in people:
        numbers = person.get("pose_keypoints_2d") if isinstance(person, Mapping) else None
        if numbers is None and isinstance(person, Mapping):
            continue
        yield _points(numbers, sides)


def _points(numbers: Any, sides: Sequence[Any]) -> list[Point]:
    sound = isinstance(numbers, list) and all(type(n) in (int, float) and math.isfinite(n) for n in numbers)
    if not sound or len(numbers) not in (3 * POINTS, 3 * 25):
        raise PoseError('"pose_keypoints_2d" must be 54 or 75 numbers: x, y and confidence of 18 or 25 points.')
    triples = [numbers[i : i + 3] for i in range(0, len(numbers), 3)]
    picked = [triples[i] for i in FROM_25] if len(triples) == 25 else triples
    fractions = all(0 <= n <= 1 for x, y, _ in picked for n in (x, y))
    if not fractions and not all(type(side) in (int, float) and side > 0 for side in sides):
        raise PoseError(
            'The keypoints are in pixels and do not say of what size; add "canvas_width" and "canvas_height".'
        )
    wide, tall = (1, 1) if fractions else sides
    return [(x / wide, y / tall) if seen > 0 else None for x, y, seen in picked]


def _draw(people: Sequence[Sequence[Point]], width: int, height: int) -> NDArray[np.uint8]:
    import cv2
    import numpy as np

    canvas: Any = np.zeros((height, width, 3), np.uint8)
    thick = max(1, round(4 * min(width, height) / 512))
    for points in people:
        places = [None if p is None else (p[0] * width, p[1] * height) for p in points]
        for (a, b), colour in zip(LIMBS, COLOURS, strict=False):
            start, end = places[a], places[b]
            if start is not None and end is not None:
                cv2.fillConvexPoly(canvas, _stick(start, end, thick), tuple(DIM * c for c in colour))
        for place, colour in zip(places, COLOURS, strict=True):
            if place is not None:
                cv2.circle(canvas, (_pixel(place[0]), _pixel(place[1])), thick, colour, -1)
    return canvas  # type: ignore[no-any-return]


def _stick(start: tuple[float, float], end: tuple[float, float], thick: int) -> Any:
    """The outline of an ellipse from one point to the other."""
    import cv2

    middle = (_pixel((start[0] + end[0]) / 2), _pixel((start[1] + end[1]) / 2))
    across, down = end[0] - start[0], end[1] - start[1]
    axes = (_pixel(math.hypot(across, down) / 2), thick)
    return cv2.ellipse2Poly(middle, axes, round(math.degrees(math.atan2(down, across))), 0, 360, 1)


def _pixel(value: float) -> int:
    """The nearest whole pixel, kept within what the drawing takes: points may lie far outside the picture."""
    return round(min(max(value, -32768.0), 32767.0))
