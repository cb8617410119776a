"""Views: plain data that the canvas draws a value from, each of a bounded size."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

View = dict[str, Any]
"""JSON: its `kind` is picture, table, tokens, curve or text."""
Told = View | Callable[[], View]
"""A view, or what makes a picture."""

MOST_PICTURES, MOST_PIXELS, MOST_POINTS, MOST_TEXT, MOST_ROWS = 16, 512, 2000, 20_000, 64
SMALLEST = 128
"""Pixels that the longer side of a picture has at least: smaller ones are enlarged in whole pixels."""

KEYS = frozenset((
    "type", "shape", "min", "max", "mean", "std", "bytes", "dtype", "not_finite", "items", "batch", "channels",
    "height", "width", "levels", "chunks", "tokens", "padding", "vector", "pooled", "strength", "area", "mask", "when",
    "controls", "concat", "size_crop", "term", "noise_mask", "downscale", "seed", "source", "sampler", "options",
    "steps", "family", "file", "part", "patches", "prediction", "schedule", "latent_channels", "latent_factor",
    "layer", "rule", "scale", "mode",
))  # fmt: skip
"""Words that the rows of tables begin with; the canvas has them in every language."""


def table(rows: Iterable[tuple[str, Any]]) -> View:
    """Rows of a word of KEYS and a text or number; rows without a value are left out."""
    told = [[key, _plain(value)] for key, value in rows if value is not None and value != ""]
    return {"kind": "table", "rows": told[:MOST_ROWS]}


def _plain(value: Any) -> Any:
    """JSON knows no NaN and no infinity."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else str(value)
    return value if isinstance(value, int) else str(value)[:MOST_TEXT]


def picture(pixels: Tensor, title: str = "") -> View:
    """A picture [H, W, C], 0 to 1, as PNG of at most 512 pixels a side; `title` says which it is."""
    from engine.drawing.pixels import as_pillow, enlarged

    shown = as_pillow(enlarged(pixels, SMALLEST))
    shown.thumbnail((MOST_PIXELS, MOST_PIXELS))
    buffer = io.BytesIO()
    shown.save(buffer, "PNG")
    png = base64.b64encode(buffer.getvalue()).decode("ascii")
    return {"kind": "picture", "png": png, "width": shown.width, "height": shown.height, "title": title}


def curve(x: Sequence[float], y: Sequence[float], x_name: str, y_name: str) -> View:
    """A line through at most 2,000 points; points that are no numbers are left out."""
    both = [(float(a), float(b)) for a, b in zip(x, y, strict=True) if math.isfinite(a) and math.isfinite(b)]
    every = -(-len(both) // MOST_POINTS) if both else 1
    kept = both[::every]
    return {"kind": "curve", "x": [a for a, _ in kept], "y": [b for _, b in kept], "x_name": x_name, "y_name": y_name}


def text(written: str) -> View:
    """Text, cut at 20,000 characters."""
    return {"kind": "text", "text": written if len(written) <= MOST_TEXT else written[: MOST_TEXT - 1] + "…"}


def bounded(told: Iterable[Told], pictures: int) -> tuple[View, ...]:
    """The views, of pictures at most so many: the others are not even made."""
    kept: list[View] = []
    for view in told:
        if isinstance(view, dict):
            kept.append(view)
        elif pictures:
            pictures -= 1
            kept.append(view())
    return tuple(kept)
