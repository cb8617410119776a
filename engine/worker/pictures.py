"""Whatever a node gave as a preview, as an encoded picture."""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from typing import Any

from engine.models.preview import Draft
from engine.run.events import Event, Preview
from engine.run.picture import Picture

log = logging.getLogger(__name__)


def shown(event: Event, size: int) -> Event | None:
    """The event with its picture encoded; None for a preview that is no picture."""
    if not isinstance(event, Preview) or isinstance(event.image, Picture):
        return event
    try:
        return replace(event, image=encoded(event.image, size))
    except Exception as error:
        log.warning("the preview of node %s cannot be shown: %s", event.node, error)
        return None


def encoded(image: Any, size: int) -> Picture:
    """A draft, a PIL image, or an array or tensor [H, W, C] or [1, H, W, C] of 0 to 1, at most `size` pixels a side."""
    if isinstance(image, Draft):
        return image.picture()
    if hasattr(image, "thumbnail"):
        copy = image.convert("RGB")
        copy.thumbnail((size, size))
        buffer = io.BytesIO()
        copy.save(buffer, "JPEG", quality=85)
        return Picture(buffer.getvalue(), "jpeg", *copy.size)
    return Draft(_bytes(image), size).picture()


def _bytes(image: Any) -> Any:
    import numpy as np

    array = np.asarray(image.detach().float().cpu() if hasattr(image, "detach") else image)
    array = array[0] if array.ndim == 4 else array
    if array.ndim != 3:
        raise ValueError(f"an array of shape {list(array.shape)} is no picture")
    if array.dtype != np.uint8:
        array = (np.nan_to_num(array.astype(np.float32)).clip(0, 1) * 255).round().astype(np.uint8)
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else np.ascontiguousarray(array[..., :3])
