"""Batches of pictures as one moving picture."""

from __future__ import annotations

import io
from typing import Annotated, Any

from engine.diffusion.types import Image
from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.sockets import Choice, Range
from nodes import pictures
from nodes.output import named, signed, texts

EFFORT = {"default": 4, "fastest": 0, "slowest": 6}
EXIF_PROMPT = 0x0110
"""The EXIF tag that holds the prompt in WebP; further texts go into the tags below it."""

Fps = Annotated[float, Range(0.01, 1000.0, step=0.01)]


@node("SaveAnimatedWEBP", kind="sink", runs_on="io", category="image/animation", label="SaveAnimatedWEBP")
def save_animated_webp(
    *,
    images: Image,
    filename_prefix: str = "Inkwater",
    fps: Fps = 6.0,
    lossless: bool = True,
    quality: Annotated[int, Range(0, 100)] = 80,
    method: Annotated[str, Choice(tuple(EFFORT))] = "default",
    context: Context,
) -> Ui:
    """Save a batch of pictures as one animated WebP in the output folder.

    Args:
        images: The pictures, in the order in which they are shown.
        filename_prefix: Start of the file name; folders with /, and %date:yyyy-MM-dd%, %width%, %height%.
        fps: Pictures a second.
        lossless: On keeps every pixel; off makes smaller files.
        quality: How faithful the picture is, or how much effort goes into a small lossless file.
        method: How much time goes into a small file.
    """
    from PIL import Image as Pil

    exif = Pil.Exif()
    for tag, (name, text) in enumerate(signed(texts(context), context).items()):
        exif[EXIF_PROMPT - tag] = f"{name}:{text}"
    options = {"lossless": lossless, "quality": quality, "method": EFFORT[method], "exif": exif.tobytes()}
    return _saved(images, filename_prefix, fps, context, "webp", **options)


@node("SaveAnimatedPNG", kind="sink", runs_on="io", category="image/animation", label="SaveAnimatedPNG")
def save_animated_png(
    *,
    images: Image,
    filename_prefix: str = "Inkwater",
    fps: Fps = 6.0,
    compress_level: Annotated[int, Range(0, 9)] = 4,
    context: Context,
) -> Ui:
    """Save a batch of pictures as one animated PNG in the output folder.

    Args:
        images: The pictures, in the order in which they are shown.
        filename_prefix: Start of the file name; folders with /, and %date:yyyy-MM-dd%, %width%, %height%.
        fps: Pictures a second.
        compress_level: 0 is fast and large, 9 slow and small; the pixels are the same.
    """
    chunks = pictures.text_chunks(signed(texts(context), context))
    return _saved(images, filename_prefix, fps, context, "png", compress_level=compress_level, pnginfo=chunks)


def _saved(images: Image, prefix: str, fps: float, context: Context, ext: str, **options: Any) -> Ui:
    frames = [pictures.frame(picture) for picture in pictures.to_bytes(images)]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, ext.upper(), save_all=True, append_images=frames[1:], duration=int(1000 / fps), loop=0, **options
    )
    file = context.save(named(prefix, images.shape[2], images.shape[1], 0), ext, buffer.getvalue())
    return Ui({"images": [file.ui], "animated": (True,)})
