"""Pictures: loading, resizing, joining, inverting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from engine.diffusion.types import Image, Mask
from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Choice, File, Range, Widget
from nodes import pictures
from nodes.facts import passed, picture_of, resized
from nodes.resize import CROPS, IMAGE_METHODS, fill_in, resize


class Loaded(NamedTuple):
    """A picture and its transparency."""

    IMAGE: Image
    MASK: Mask


def picture_facts(known: Known) -> Sequence[Facts]:
    """The size in the file's header; every frame of an animation counts when it is loaded, so the batch is unknown."""
    ref = known.get("image")
    if known.library is None or not isinstance(ref, FileRef):
        return ({}, {})
    width, height = pictures.size(known.library.path(ref.kind, ref.name), ref.name) or (None, None)
    return (picture_of(width, height, None), {})


def batch_facts(known: Known) -> Sequence[Facts]:
    """The first pictures' size, and as many pictures as both have."""
    first, second = known.facts("image1"), known.facts("image2")
    counts = [facts["batch"] for facts in (first, second) if "batch" in facts]
    return (picture_of(first.get("width"), first.get("height"), sum(counts) if len(counts) == 2 else None),)


@node("LoadImage", runs_on="io", category="image", label="Load Image", facts=picture_facts)
def load_image(*, image: Annotated[FileRef, File("input"), Widget("image_upload")], context: Context) -> Loaded:
    """Load a picture; of an animation, all frames as a batch.

    Args:
        image: A picture in the input folder: PNG, JPEG, WebP, GIF, BMP or TIFF.

    Returns:
        IMAGE: The picture, turned upright.
        MASK: Where the picture is transparent (1 is fully); all 0 where it says nothing of it.
    """
    picture, mask = pictures.read(context.path(image), image.name)
    return Loaded(Image(picture), Mask(mask))


@node("ImageScale", category="image/upscaling", label="Upscale Image", facts=resized("image", picture_of))
def image_scale(
    *,
    image: Image,
    upscale_method: Annotated[str, Choice(IMAGE_METHODS)] = "nearest-exact",
    width: Annotated[int, Range(0, 16384)] = 512,
    height: Annotated[int, Range(0, 16384)] = 512,
    crop: Annotated[str, Choice(CROPS)] = "disabled",
) -> Image:
    """Resize pictures.

    Args:
        image: The pictures.
        upscale_method: How new pixels are found; lanczos is the sharpest, area the best for making smaller.
        width: New width in pixels; 0 keeps the proportions.
        height: New height in pixels; 0 keeps the proportions.
        crop: center cuts to the new proportions first; disabled stretches.
    """
    if not width and not height:
        return image
    width, height = fill_in(width, height, image.shape[2], image.shape[1])
    resized_ = resize(image.movedim(-1, 1), width, height, upscale_method, crop)
    return Image(resized_.clamp(0, 1).movedim(1, -1).contiguous())


@node("ImageBatch", category="image", label="Batch Images", facts=batch_facts)
def image_batch(*, image1: Image, image2: Image) -> Image:
    """Put pictures of two batches into one; the second is resized to the first where the sizes differ.

    Args:
        image1: Comes first; its size is kept.
        image2: Comes behind.
    """
    import torch

    height, width = image1.shape[1:3]
    if image2.shape[1:3] != (height, width):
        image2 = Image(resize(image2.movedim(-1, 1), width, height, "bilinear", "center").movedim(1, -1))
    channels = max(image1.shape[-1], image2.shape[-1])
    return Image(torch.cat([with_channels(image1, channels), with_channels(image2, channels)]))


@node("ImageInvert", category="image", label="Invert Image", facts=passed("image"))
def image_invert(*, image: Image) -> Image:
    """Turn every colour into its opposite.

    Args:
        image: The pictures.
    """
    return Image(1.0 - image)


def with_channels(image: Image, channels: int) -> Image:
    """The pictures with an opaque fourth channel where one is wanted and missing."""
    import torch

    missing = channels - image.shape[-1]
    return image if missing <= 0 else Image(torch.cat([image, image.new_ones(*image.shape[:-1], missing)], -1))
