"""Pictures made larger, smaller, cut, turned and filled up to a size."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from engine.diffusion.types import Image
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Choice, Range
from nodes.facts import number, picture_of, without_unknown
from nodes.resize import IMAGE_METHODS, resize
from nodes.size_facts import Size, constant_of, of_size, same_size, size_at

MEGA = 1024 * 1024
MAX_METHODS = ("area", "lanczos", "bilinear", "nearest-exact", "bicubic")
PAD_METHODS = ("area", "bicubic", "nearest-exact", "bilinear", "lanczos")
TURNS = ("none", "90 degrees", "180 degrees", "270 degrees")
FLIPS = ("x-axis: vertically", "y-axis: horizontally")
PADDING = {"white": 1.0, "black": 0.0}

Side = Annotated[int, Range(1, 16384)]
Place = Annotated[int, Range(0, 16384)]
Method = Annotated[str, Choice(IMAGE_METHODS)]


class PictureSize(NamedTuple):
    """What pictures measure."""

    width: int
    height: int
    batch_size: int


def by_factor(width: int, height: int, factor: float) -> tuple[int, int]:
    """Width and height times `factor`, rounded, at least 1."""
    return max(1, round(width * factor)), max(1, round(height * factor))


def to_pixels(width: int, height: int, megapixels: float) -> tuple[int, int]:
    """Width and height in the same proportions with about `megapixels` × 1024² pixels."""
    return by_factor(width, height, math.sqrt(int(megapixels * MEGA) / (width * height)))


def to_longest(width: int, height: int, longest: int) -> tuple[int, int]:
    """Width and height in the same proportions whose longer one is `longest`; 0 keeps them."""
    if not longest:
        return width, height
    if height > width:
        return max(1, round(width / height * longest)), longest
    return longest, max(1, round(height / width * longest))


def cut(x: int, y: int, width: int, height: int, old_width: int, old_height: int) -> tuple[slice, slice]:
    """Rows and columns of a rectangle in a picture; it begins inside and ends at the picture's edge at the latest."""
    x, y = min(x, old_width - 1), min(y, old_height - 1)
    return slice(y, min(y + height, old_height)), slice(x, min(x + width, old_width))


def cut_size(known: Known, width: int, height: int) -> Size:
    """The size that is left by `cut`, where its inputs are known."""
    x, y, wide, tall = (number(known, name) for name in ("x", "y", "width", "height"))
    if x is None or y is None or wide is None or tall is None:
        return None, None
    rows, columns = cut(x, y, wide, tall, width, height)
    return columns.stop - columns.start, rows.stop - rows.start


def turned_size(known: Known, width: int, height: int) -> Size:
    """Width and height, which change places at a quarter turn."""
    turn = known.get("rotation")
    if turn not in TURNS:
        return None, None
    return (height, width) if TURNS.index(turn) % 2 else (width, height)


def _scaled(known: Known, width: int, height: int) -> Size:
    factor = constant_of(known, "scale_by")
    return (None, None) if factor is None else by_factor(width, height, factor)


def _pixels(known: Known, width: int, height: int) -> Size:
    megapixels = constant_of(known, "megapixels")
    return (None, None) if megapixels is None else to_pixels(width, height, megapixels)


def _longest(known: Known, width: int, height: int) -> Size:
    longest = number(known, "largest_size")
    return (None, None) if longest is None else to_longest(width, height, longest)


def _sizes(known: Known) -> list[Facts]:
    width, height, batch = size_at(known, "image")
    return [without_unknown(value=value) for value in (width, height, batch)]


def _padded(known: Known) -> list[Facts]:
    return [
        picture_of(number(known, "target_width"), number(known, "target_height"), known.facts("image").get("batch"))
    ]


def scaled(image: Image, width: int, height: int, method: str) -> Image:
    """Pictures [B, H, W, C] at another size, within 0 and 1."""
    return Image(resize(image.movedim(-1, 1), width, height, method).clamp_(0, 1).movedim(1, -1).contiguous())


@node("ImageScaleBy", category="image/upscaling", label="Upscale Image By", facts=of_size("image", _scaled, picture_of))
def image_scale_by(
    *,
    image: Image,
    upscale_method: Method = "nearest-exact",
    scale_by: Annotated[float, Range(0.01, 8.0, step=0.01)] = 1.0,
) -> Image:
    """Resize pictures by a factor.

    Args:
        image: The pictures.
        upscale_method: How new pixels are found; lanczos is the sharpest, area the best for making smaller.
        scale_by: Factor for both sides; 2 doubles width and height.
    """
    return scaled(image, *by_factor(image.shape[2], image.shape[1], scale_by), upscale_method)


@node(
    "ImageScaleToTotalPixels",
    category="image/upscaling",
    label="Scale Image to Total Pixels",
    facts=of_size("image", _pixels, picture_of),
)
def image_scale_to_total_pixels(
    *,
    image: Image,
    upscale_method: Method = "nearest-exact",
    megapixels: Annotated[float, Range(0.01, 16.0, step=0.01)] = 1.0,
) -> Image:
    """Resize pictures so that they have a given number of pixels, in the same proportions.

    Args:
        image: The pictures.
        upscale_method: How new pixels are found; lanczos is the sharpest, area the best for making smaller.
        megapixels: Width × height in units of 1024 × 1024 pixels.
    """
    return scaled(image, *to_pixels(image.shape[2], image.shape[1], megapixels), upscale_method)


@node(
    "ImageScaleToMaxDimension",
    category="image/upscaling",
    label="Scale Image to Max Dimension",
    facts=of_size("image", _longest, picture_of),
)
def image_scale_to_max_dimension(
    *,
    image: Image,
    upscale_method: Annotated[str, Choice(MAX_METHODS)] = "area",
    largest_size: Annotated[int, Range(0, 16384)] = 512,
) -> Image:
    """Resize pictures so that their longer side has a given length, in the same proportions.

    Args:
        image: The pictures.
        upscale_method: How new pixels are found; lanczos is the sharpest, area the best for making smaller.
        largest_size: Length of the longer side in pixels; 0 keeps the size.
    """
    return scaled(image, *to_longest(image.shape[2], image.shape[1], largest_size), upscale_method)


@node("ImageCrop", category="image/transform", label="Image Crop", facts=of_size("image", cut_size, picture_of))
def image_crop(*, image: Image, width: Side = 512, height: Side = 512, x: Place = 0, y: Place = 0) -> Image:
    """Cut a rectangle out of pictures; what would lie outside is left away.

    Args:
        image: The pictures.
        width: Width of the rectangle in pixels.
        height: Height of the rectangle in pixels.
        x: How far its left edge is from that of the picture.
        y: How far its upper edge is from that of the picture.
    """
    rows, columns = cut(x, y, width, height, image.shape[2], image.shape[1])
    return Image(image[:, rows, columns].contiguous())


@node("ResizeAndPadImage", category="image/transform", label="Resize and Pad Image", facts=_padded)
def resize_and_pad_image(
    *,
    image: Image,
    target_width: Side = 512,
    target_height: Side = 512,
    padding_color: Annotated[str, Choice(tuple(PADDING))] = "white",
    interpolation: Annotated[str, Choice(PAD_METHODS)] = "area",
) -> Image:
    """Fit whole pictures into a size in their own proportions and fill up the rest with white or black.

    Args:
        image: The pictures.
        target_width: Width of the result in pixels.
        target_height: Height of the result in pixels.
        padding_color: Colour of the bars beside or above and below the picture.
        interpolation: How new pixels are found; area is the best for making smaller.
    """
    height, width = image.shape[1:3]
    factor = min(target_width / width, target_height / height)
    wide, tall = max(1, int(width * factor)), max(1, int(height * factor))
    result = image.new_full((len(image), target_height, target_width, image.shape[3]), PADDING[padding_color])
    result[..., 3:] = 1.0
    top, left = (target_height - tall) // 2, (target_width - wide) // 2
    result[:, top : top + tall, left : left + wide] = scaled(image, wide, tall, interpolation)
    return Image(result)


@node("ImageRotate", category="image/transform", label="Image Rotate", facts=of_size("image", turned_size, picture_of))
def image_rotate(*, image: Image, rotation: Annotated[str, Choice(TURNS)] = "none") -> Image:
    """Turn pictures clockwise by quarters.

    Args:
        image: The pictures.
        rotation: How far.
    """
    return Image(image.rot90(TURNS.index(rotation), (2, 1)).contiguous())


@node("ImageFlip", category="image/transform", label="Image Flip", facts=same_size("image", picture_of))
def image_flip(*, image: Image, flip_method: Annotated[str, Choice(FLIPS)] = "x-axis: vertically") -> Image:
    """Mirror pictures.

    Args:
        image: The pictures.
        flip_method: x-axis puts the top below, y-axis the left to the right.
    """
    return Image(image.flip(1 + FLIPS.index(flip_method)))


@node("GetImageSize", category="image", label="Get Image Size", facts=_sizes)
def get_image_size(*, image: Image) -> PictureSize:
    """Width, height and number of pictures, as numbers for other nodes.

    Args:
        image: The pictures.

    Returns:
        width: Width in pixels.
        height: Height in pixels.
        batch_size: How many pictures there are.
    """
    batch, height, width = image.shape[:3]
    return PictureSize(width, height, batch)
