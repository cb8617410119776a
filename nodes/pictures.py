"""Picture files to arrays and back: reading with limits, 8-bit PNG with text chunks."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.graph.told import Told

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image as Pil
    from PIL.PngImagePlugin import PngInfo
    from torch import Tensor

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
SUFFIXES = (".png", ".apng", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
MAX_SIDE = 16384
MAX_PIXELS = 80_000_000
MAX_FRAMES = 4096
ORIENTATION = 0x0112
"""The EXIF tag that says how the camera was held; from SIDEWAYS on width and height change places."""
SIDEWAYS = 5


class PictureError(Told):
    """A picture file that cannot be used; the message says which and why."""


def read(path: Path, name: str) -> tuple[Tensor, Tensor]:
    """All frames of the file as pictures [B, H, W, 3] and masks [B, H, W] (1 where transparent), 0 to 1.

    The camera's orientation is applied; frames of another size than the first are left out.

    Raises:
        PictureError: no picture of a known format, broken, or beyond 80 million pixels in all its frames.
    """
    import torch
    from PIL import Image, UnidentifiedImageError

    pictures: list[NDArray[np.float32]] = []
    masks: list[NDArray[np.float32]] = []
    try:
        with Image.open(path, formats=FORMATS) as file:
            for frame in _frames(file, name):
                colour, transparent = _to_floats(frame)
                if pictures and colour.shape != pictures[0].shape:
                    continue
                pictures.append(colour)
                masks.append(transparent)
    except UnidentifiedImageError:
        raise PictureError(
            '"{name}" is no picture that can be read; use one of: {formats}.', name=name, formats=", ".join(FORMATS)
        ) from None
    except Image.DecompressionBombError:
        raise _too_large(name) from None
    except PictureError:
        raise
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as cause:
        raise PictureError(
            '"{name}" is broken and cannot be read ({cause}); save it again.', name=name, cause=str(cause)
        ) from None
    return _batch(torch, pictures), _batch(torch, masks)


def _frames(file: Pil.Image, name: str) -> Iterator[Pil.Image]:
    """The frames, each turned upright; limits are checked before a frame's pixels are decoded."""
    from PIL import ImageOps, ImageSequence

    pixels = 0
    for count, frame in enumerate(ImageSequence.Iterator(file), 1):
        width, height = frame.size
        pixels += width * height
        if max(width, height) > MAX_SIDE or pixels > MAX_PIXELS or count > MAX_FRAMES:
            raise _too_large(name)
        yield ImageOps.exif_transpose(frame)


def _too_large(name: str) -> PictureError:
    return PictureError(
        '"{name}" is too large: at most {side} pixels a side, {pixels} million pixels and {frames} frames are read; '
        "make it smaller first.",
        name=name,
        side=MAX_SIDE,
        pixels=MAX_PIXELS // 1_000_000,
        frames=MAX_FRAMES,
    )


def _to_floats(frame: Pil.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One frame as colour [H, W, 3] and transparency [H, W], 0 to 1; 16-bit grey keeps its bits."""
    import numpy as np

    if frame.mode in ("I", "F") or frame.mode.startswith("I;16"):
        grey = np.asarray(frame, dtype=np.float32)
        top = 1.0 if frame.mode == "F" else 65535.0
        grey = np.clip(grey / top, 0.0, 1.0, dtype=np.float32)
        return np.repeat(grey[..., None], 3, axis=2), np.zeros_like(grey)
    if not frame.has_transparency_data:
        colour = np.asarray(frame.convert("RGB"), dtype=np.float32) / np.float32(255)
        return colour, np.zeros(colour.shape[:2], dtype=np.float32)
    rgba = np.asarray(frame.convert("RGBA"), dtype=np.float32) / np.float32(255)
    return rgba[..., :3], 1.0 - rgba[..., 3]


def _batch(torch: Any, frames: list[NDArray[np.float32]]) -> Tensor:
    import numpy as np

    stacked: Tensor = torch.from_numpy(np.stack(frames))
    return stacked


def to_bytes(pictures: Tensor) -> NDArray[np.uint8]:
    """[B, H, W, C] from 0..1 to 0..255, rounded; what lies outside is clipped, NaN becomes 0."""

    scaled = pictures.detach().float().cpu().nan_to_num(0.0).clamp(0, 1) * 255
    array: NDArray[np.uint8] = scaled.round().byte().numpy()
    return array


def png(picture: NDArray[np.uint8], text: Mapping[str, str], *, compress: int = 4) -> bytes:
    """One picture [H, W, C] (C = 1, 3 or 4) as PNG, with one text chunk for each entry of `text`."""
    buffer = io.BytesIO()
    frame(picture).save(buffer, "PNG", pnginfo=text_chunks(text), compress_level=compress)
    return buffer.getvalue()


def frame(picture: NDArray[np.uint8]) -> Pil.Image:
    """One picture [H, W, C] (C = 1, 3 or 4) as Pillow's."""
    from PIL import Image

    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def text_chunks(text: Mapping[str, str]) -> PngInfo:
    """One text chunk of a PNG for each entry."""
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for key, value in text.items():
        chunks.add_text(key, value) if value.isascii() else chunks.add_itxt(key, value)
    return chunks


def size(path: Path, name: str) -> tuple[int, int] | None:
    """Width and height in the file's header, turned upright; None where it is no picture."""
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as file:
            turned = file.getexif().get(ORIENTATION, 1) >= SIDEWAYS
            width, height = file.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return (height, width) if turned else (width, height)
