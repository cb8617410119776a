"""Pictures of one colour, batches of pictures, pictures side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

from engine.diffusion.types import Image
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Choice, Range, Widget
from nodes.facts import number, picture_of
from nodes.image import with_channels
from nodes.image_size import Side, scaled
from nodes.size_facts import of_batch, size_at

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")

DIRECTIONS = ("right", "down", "left", "up")
COLOURS = {
    "white": (1.0, 1.0, 1.0),
    "black": (0.0, 0.0, 0.0),
    "red": (1.0, 0.0, 0.0),
    "green": (0.0, 1.0, 0.0),
    "blue": (0.0, 0.0, 1.0),
}
MAX_COUNT = 4096

Count = Annotated[int, Range(1, MAX_COUNT)]
Colour = Annotated[int, Range(0, 0xFFFFFF), Widget("color", {"display": "color"})]


def rgb(colour: int) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1 of 0xRRGGBB."""
    return (colour >> 16 & 255) / 255, (colour >> 8 & 255) / 255, (colour & 255) / 255


def grouped(items: Sequence[T], kind: Callable[[T], object], most: int) -> list[list[T]]:
    """`items` in their order in groups of one kind and at most `most`."""
    groups: list[list[T]] = []
    for item in items:
        if groups and len(groups[-1]) < most and kind(groups[-1][0]) == kind(item):
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def taken(start: int, length: int, count: int) -> slice:
    """`length` of `count` from `start` on; it begins inside and ends with the last."""
    start = min(start, count - 1)
    return slice(start, min(start + length, count))


def taken_count(known: Known, batch: int) -> int | None:
    """How many `taken` leaves of a batch, where its inputs are known."""
    start, length = number(known, "batch_index"), number(known, "length")
    if start is None or length is None:
        return None
    start = min(start, batch - 1)
    return min(start + length, batch) - start


def repeated_count(known: Known, batch: int) -> int | None:
    """How many there are of a batch when it is repeated `amount` times."""
    amount = number(known, "amount")
    return None if amount is None else batch * amount


def matched_size(direction: str, first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the second picture as high (or wide) as the first, in its own proportions."""
    (width, height), (wide, tall) = first, second
    if direction in ("left", "right"):
        return max(1, int(height * (wide / tall))), height
    return width, max(1, int(width / (wide / tall)))


def _empty(known: Known) -> Sequence[Facts]:
    return [picture_of(number(known, "width"), number(known, "height"), number(known, "batch_size"))]


def _stitched(known: Known) -> Sequence[Facts]:
    (wide1, tall1, one), (wide2, tall2, two) = size_at(known, "image1"), size_at(known, "image2")
    gap, direction, match = number(known, "spacing_width"), known.get("direction"), known.get("match_image_size")
    if not known.facts("image2") or None in (wide1, tall1, wide2, tall2, gap) or direction not in DIRECTIONS:
        return [{}]
    assert wide1 is not None
    assert tall1 is not None
    assert wide2 is not None
    assert tall2 is not None
    assert gap is not None
    if match:
        wide2, tall2 = matched_size(direction, (wide1, tall1), (wide2, tall2))
    gap += gap % 2
    batch = None if one is None or two is None else max(one, two)
    if direction in ("left", "right"):
        return [picture_of(wide1 + gap + wide2, max(tall1, tall2), batch)]
    return [picture_of(max(wide1, wide2), tall1 + gap + tall2, batch)]


@node("EmptyImage", category="image", label="EmptyImage", facts=_empty)
def empty_image(*, width: Side = 512, height: Side = 512, batch_size: Count = 1, color: Colour = 0) -> Image:
    """Pictures of one colour.

    Args:
        width: Width in pixels.
        height: Height in pixels.
        batch_size: How many.
        color: The colour as one number: red × 65536 + green × 256 + blue, each 0 to 255.
    """
    import torch

    return Image(torch.tensor(rgb(color)).expand(batch_size, height, width, 3).contiguous())


@node("ImageFromBatch", category="image/batch", label="ImageFromBatch", facts=of_batch("image", taken_count))
def image_from_batch(
    *, image: Image, batch_index: Annotated[int, Range(0, MAX_COUNT - 1)] = 0, length: Count = 1
) -> Image:
    """Take some pictures out of a batch.

    Args:
        image: The batch.
        batch_index: The first to take, counted from 0; beyond the end it is the last.
        length: How many; no more than there are.
    """
    return Image(image[taken(batch_index, length, len(image))].clone())


@node("RepeatImageBatch", category="image/batch", label="RepeatImageBatch", facts=of_batch("image", repeated_count))
def repeat_image_batch(*, image: Image, amount: Count = 1) -> Image:
    """A batch several times over.

    Args:
        image: The batch.
        amount: How many times.
    """
    return Image(image.repeat(amount, 1, 1, 1))


@node(
    "RebatchImages",
    category="image/batch",
    label="Rebatch Images",
    facts=of_batch("images", lambda known, batch: None),
)
def rebatch_images(*, images: list[Image], batch_size: Count = 1) -> list[Image]:
    """Put pictures into batches of another size; the nodes behind run once for each batch.

    Args:
        images: Batches of pictures.
        batch_size: How many pictures a batch has; the last may have fewer, and so the last before another size.
    """
    import torch

    singles = [image[i : i + 1] for image in images for i in range(len(image))]
    return [Image(torch.cat(group)) for group in grouped(singles, lambda image: image.shape, batch_size)]


@node("ImageStitch", category="image/transform", label="Image Stitch", facts=_stitched)
def image_stitch(
    *,
    image1: Image,
    direction: Annotated[str, Choice(DIRECTIONS)] = "right",
    match_image_size: bool = True,
    spacing_width: Annotated[int, Range(0, 1024, step=2)] = 0,
    spacing_color: Annotated[str, Choice(tuple(COLOURS))] = "white",
    image2: Image | None = None,
) -> Image:
    """Put two pictures side by side; of batches of different length the last picture of the shorter is repeated.

    Args:
        image1: The first pictures; they keep their size.
        direction: Where the second is put.
        match_image_size: On gives the second the height (or width) of the first; off fills up the smaller.
        spacing_width: Width of the gap in pixels, rounded up to an even number.
        spacing_color: Colour of the gap and of what is filled up.
        image2: The second pictures; without them the first come out.
    """
    import torch

    if image2 is None:
        return image1
    first, second = (_lengthened(image, max(len(image1), len(image2))) for image in (image1, image2))
    channels = max(first.shape[3], second.shape[3])
    first, second = with_channels(first, channels), with_channels(second, channels)
    if match_image_size:
        size = matched_size(direction, _size(first), _size(second))
        second = second if size == _size(second) else scaled(second, *size, "lanczos")
    side = 2 if direction in ("left", "right") else 1
    length = max(first.shape[3 - side], second.shape[3 - side])
    first, second = (_filled(image, 3 - side, length, spacing_color) for image in (first, second))
    parts: list[Tensor] = [first, second]
    if spacing_width:
        shape = list(first.shape)
        shape[side] = spacing_width + spacing_width % 2
        parts.insert(1, _coloured(first, shape, spacing_color))
    return Image(torch.cat(parts if direction in ("right", "down") else parts[::-1], side))


def _size(image: Image) -> tuple[int, int]:
    return image.shape[2], image.shape[1]


def _lengthened(image: Image, batch: int) -> Image:
    import torch

    return (
        image if len(image) == batch else Image(torch.cat([image, image[-1:].expand(batch - len(image), -1, -1, -1)]))
    )


def _filled(image: Image, axis: int, length: int, colour: str) -> Image:
    missing = length - image.shape[axis]
    if not missing:
        return image
    shape = list(image.shape)
    shape[axis] = length
    result = _coloured(image, shape, colour)
    result.narrow(axis, missing // 2, image.shape[axis]).copy_(image)
    return Image(result)


def _coloured(like: Image, shape: Sequence[int], colour: str) -> Tensor:
    return like.new_tensor((*COLOURS[colour], 1.0)[: shape[3]]).expand(*shape).clone()
