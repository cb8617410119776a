"""Picture files on the server: told by their first bytes, decoded within limits, in threads of their own."""

from __future__ import annotations

import asyncio
import io
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal, TypeVar

from engine.workflow.png_text import png_texts
from web.answers import Refusal

if TYPE_CHECKING:
    from PIL import Image as Pil

Channel = Literal["rgba", "rgb", "a"]

FORMATS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "PNG": ("image/png", (".png", ".apng")),
    "JPEG": ("image/jpeg", (".jpg", ".jpeg", ".jfif")),
    "MPO": ("image/jpeg", (".jpg", ".jpeg", ".jfif")),
    "WEBP": ("image/webp", (".webp",)),
    "GIF": ("image/gif", (".gif",)),
    "BMP": ("image/bmp", (".bmp",)),
    "TIFF": ("image/tiff", (".tif", ".tiff")),
}
"""What is taken for a picture: media type and suffixes by Pillow's names."""

MAX_SIDE = 16384
MAX_PIXELS = 80_000_000
LARGEST_PREVIEW = 4096
"""Pixels of the longer side of what is encoded anew."""

CACHED_BYTES = 32 << 20
THREADS = 2

T = TypeVar("T")
_pool = ThreadPoolExecutor(THREADS, "pictures")


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as the bytes of a file, and its media type."""

    data: bytes
    media: str


async def in_background(work: Callable[..., T], /, *args: object, **named: object) -> T:
    """Run work on pictures in the threads for it; at most two at once, so that memory stays bounded."""
    return await asyncio.get_running_loop().run_in_executor(_pool, partial(work, *args, **named))


def format_of(file: Path | IO[bytes], name: str) -> str:
    """Pillow's name of a picture's format, from its header alone; raises Refusal 415 for what is none or too large."""
    with _opened(file, name) as picture:
        return picture.format or ""


def _opened(file: Path | IO[bytes], name: str) -> Pil.Image:
    """The picture, with its header read and judged."""
    from PIL import Image

    try:
        picture = Image.open(file, formats=tuple(kind for kind in FORMATS if kind != "MPO"))
    except Image.DecompressionBombError:
        raise _too_large(name) from None
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, TypeError, KeyError, IndexError):
        raise Refusal(415, "no_picture", f"{name!r:.100} is no picture that can be read ({_known()}).") from None
    width, height = picture.size
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        picture.close()
        raise _too_large(name)
    return picture


def _known() -> str:
    return ", ".join(kind for kind in FORMATS if kind != "MPO")


def _too_large(name: str) -> Refusal:
    limit = f"at most {MAX_SIDE} pixels a side and {MAX_PIXELS // 1_000_000} million in all"
    return Refusal(413, "picture_too_large", f"{name!r:.100} has too many pixels: {limit}.")


def encoded(path: Path, kind: str, *, quality: int = 90, channel: Channel = "rgba", side: int = 0) -> Encoded:
    """The first frame of a picture, upright and without metadata, as PNG, WEBP or JPEG.

    Args:
        channel: rgb leaves transparency out; a is transparency alone, over black.
        side: most pixels of the longer side; 0: LARGEST_PREVIEW for what is a preview, else as it is.

    Raises Refusal: 413, 415.
    """
    with _opened(path, path.name) as picture:
        if side:
            picture.draft("RGB", (side, side))
        try:
            shown = _channels(_upright(picture), channel)
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError):
            raise Refusal(415, "broken_picture", f"{path.name!r:.100} is broken and cannot be shown.") from None
        if side:
            shown.thumbnail((side, side))
        return _saved(shown, kind, quality)


def _upright(picture: Pil.Image) -> Pil.Image:
    from PIL import ImageOps

    transparent = picture.has_transparency_data
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        picture = picture.point(lambda v: v / 257).convert("L") if picture.mode != "F" else picture.convert("L")
    turned: Pil.Image = ImageOps.exif_transpose(picture)
    return turned.convert("RGBA" if transparent else "RGB")


def _channels(picture: Pil.Image, channel: Channel) -> Pil.Image:
    from PIL import Image

    if channel == "rgb":
        return picture.convert("RGB")
    if channel == "a":
        alpha = picture.convert("RGBA").getchannel("A")
        alone = Image.new("RGBA", picture.size)
        alone.putalpha(alpha)
        return alone
    return picture


def _saved(picture: Pil.Image, kind: str, quality: int) -> Encoded:
    buffer = io.BytesIO()
    options = {"compress_level": 1} if kind == "PNG" else {"quality": quality}
    (picture.convert("RGB") if kind == "JPEG" else picture).save(buffer, kind, **options)
    return Encoded(buffer.getvalue(), FORMATS[kind][0])


def masked(original: Path, mask: IO[bytes]) -> bytes:
    """The original's colours with the mask's transparency, as PNG with the original's texts (and nothing else).

    Raises Refusal: 400 when the sizes differ, 413, 415.
    """
    from PIL.PngImagePlugin import PngInfo

    with _opened(original, original.name) as below, _opened(mask, "the mask") as above:
        try:
            colours, alpha = _upright(below).convert("RGB"), above.convert("RGBA").getchannel("A")
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError, IndexError):
            raise Refusal(415, "broken_picture", "The picture or its mask is broken and cannot be read.") from None
    if colours.size != alpha.size:
        sizes = f"the mask is {alpha.width}×{alpha.height}, the picture {colours.width}×{colours.height}"
        raise Refusal(400, "mask_size", f"The mask must be as large as its picture: {sizes}.")
    colours.putalpha(alpha)
    texts = PngInfo()
    for name, text in png_texts(original).items():
        texts.add_text(name, text) if text.isascii() else texts.add_itxt(name, text)
    buffer = io.BytesIO()
    colours.save(buffer, "PNG", pnginfo=texts, compress_level=4)
    return buffer.getvalue()


class Thumbnails:
    """Small WebP versions of pictures, made once as long as the file is the same; the last 32 MiB are kept."""

    def __init__(self, limit: int = CACHED_BYTES) -> None:
        self._limit = limit
        self._held = 0
        self._kept: OrderedDict[tuple[str, int, int, int], Encoded] = OrderedDict()

    async def of(self, path: Path, side: int = 256) -> Encoded:
        """The picture with at most `side` pixels a side (16 to 1024); raises Refusal: 413, 415."""
        side = min(max(side, 16), 1024)
        stat = await asyncio.to_thread(path.stat)
        key = (str(path), stat.st_mtime_ns, stat.st_size, side)
        if (found := self._kept.get(key)) is None:
            found = await in_background(encoded, path, "WEBP", quality=80, side=side)
            self._keep(key, found)
        else:
            self._kept.move_to_end(key)
        return found

    def _keep(self, key: tuple[str, int, int, int], made: Encoded) -> None:
        if key not in self._kept:
            self._kept[key] = made
            self._held += len(made.data)
        while self._held > self._limit:
            self._held -= len(self._kept.popitem(last=False)[1].data)
