"""Two pictures into one: blended, laid onto each other, with their transparency."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine.diffusion.types import Image, Mask
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Choice, Range
from nodes.compose import BLENDS, MODES, composed, pasted
from nodes.facts import passed, picture_of
from nodes.image import with_channels
from nodes.image_size import Place
from nodes.planes import by_strips, to_batch
from nodes.resize import resize
from nodes.size_facts import mask_of, same_size, size_at

if TYPE_CHECKING:
    from torch import Tensor


class Layer(NamedTuple):
    """Pictures and where they are transparent."""

    IMAGE: Image
    MASK: Mask


def alike(first: Image, second: Image) -> Image:
    """The second pictures with as many channels as the first: an opaque fourth, or none."""
    return with_channels(Image(second[..., : first.shape[3]]), first.shape[3])


def _joined(known: Known) -> Sequence[Facts]:
    width, height, one = size_at(known, "image")
    two = known.facts("alpha").get("batch")
    return [picture_of(width, height, None if one is None or two is None else max(one, two))]


def _composed(known: Known) -> Sequence[Facts]:
    width, height, _ = size_at(known, "destination")
    names = ("source", "source_alpha", "destination", "destination_alpha")
    counts = [batch for name in names if (batch := known.facts(name).get("batch")) is not None]
    batch = min(counts) if len(counts) == len(names) else None
    return [picture_of(width, height, batch), mask_of(width, height, batch)]


@node("ImageBlend", category="image/postprocessing", label="Image Blend", facts=passed("image1"))
def image_blend(
    *,
    image1: Image,
    image2: Image,
    blend_factor: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.5,
    blend_mode: Annotated[str, Choice(tuple(BLENDS))] = "normal",
) -> Image:
    """Blend two pictures pixel by pixel.

    Args:
        image1: The pictures below; their size is kept.
        image2: The pictures above; cut and resized to that size.
        blend_factor: How much the blended colour counts; 0 leaves image1 as it is.
        blend_mode: The colour that both make: normal is that of image2, multiply darkens, screen brightens, overlay and
            soft_light do both, difference takes image2 away from image1.
    """
    second = alike(image1, image2)
    if second.shape[1:3] != image1.shape[1:3]:
        second = Image(_resized(second, image1.shape[1], image1.shape[2]))
    second = Image(to_batch(second, len(image1)))

    def mixed(a: Tensor, b: Tensor) -> Tensor:
        return (a * (1 - blend_factor) + BLENDS[blend_mode](a, b) * blend_factor).clamp_(0, 1)

    return Image(by_strips(mixed, image1, second))


@node("ImageCompositeMasked", category="image", label="ImageCompositeMasked", facts=passed("destination"))
def image_composite_masked(
    *,
    destination: Image,
    source: Image,
    x: Place = 0,
    y: Place = 0,
    resize_source: bool = False,
    mask: Mask | None = None,
) -> Image:
    """Lay pictures onto others.

    Args:
        destination: The pictures below; their size is kept.
        source: The pictures above; what reaches beyond the edge is left away.
        x: How far the left edge of source is from that of destination.
        y: How far the upper edge of source is from that of destination.
        resize_source: Stretch source to the size of destination first.
        mask: Where source shows (1) and where destination does (0); stretched over source. Without it all of it shows.
    """
    below, above = destination.movedim(-1, 1), alike(destination, source).movedim(-1, 1)
    return Image(pasted(below, above, x, y, mask, stretch=resize_source).movedim(1, -1).contiguous())


@node("PorterDuffImageComposite", category="mask/compositing", label="Porter-Duff Image Composite", facts=_composed)
def porter_duff_image_composite(
    *,
    source: Image,
    source_alpha: Mask,
    destination: Image,
    destination_alpha: Mask,
    mode: Annotated[str, Choice(tuple(MODES))] = "DST",
) -> Layer:
    """Compose two transparent pictures by one of Porter and Duff's operators.

    Args:
        source: The pictures above; cut and resized to the size of destination.
        source_alpha: Where source is transparent (1 is fully).
        destination: The pictures below.
        destination_alpha: Where destination is transparent (1 is fully).
        mode: SRC_OVER lays source onto destination; IN keeps what lies inside the other, OUT what lies outside.

    Returns:
        IMAGE: The pictures, as many as the shortest input has.
        MASK: Where they are transparent (1 is fully).
    """
    count = min(len(value) for value in (source, source_alpha, destination, destination_alpha))
    height, width = destination.shape[1:3]
    channels = max(source.shape[3], destination.shape[3])
    s, d = (with_channels(Image(image[:count]), channels) for image in (source, destination))
    values = (s, source_alpha[:count, ..., None], d, destination_alpha[:count, ..., None])
    fitting = [_resized(value, height, width) for value in values]
    both = by_strips(lambda s, a, d, b: composed(s, 1 - a, d, 1 - b, mode), *fitting)
    return Layer(Image(both[..., :-1].contiguous()), Mask(both[..., -1].neg().add_(1)))


@node(
    "SplitImageWithAlpha",
    category="mask/compositing",
    label="Split Image with Alpha",
    facts=same_size("image", picture_of, mask_of),
)
def split_image_with_alpha(*, image: Image) -> Layer:
    """Pictures apart from their transparency.

    Args:
        image: The pictures.

    Returns:
        IMAGE: Their colours.
        MASK: Where they are transparent (1 is fully); all 0 for pictures without alpha.
    """
    alpha = image[..., 3] if image.shape[3] > 3 else image.new_ones(image.shape[:3])
    return Layer(Image(image[..., :3].contiguous()), Mask(1.0 - alpha))


@node("JoinImageWithAlpha", category="mask/compositing", label="Join Image with Alpha", facts=_joined)
def join_image_with_alpha(*, image: Image, alpha: Mask) -> Image:
    """Give pictures a transparency.

    Args:
        image: The pictures.
        alpha: Where they become transparent (1 is fully); stretched over the pictures. The shorter batch is repeated.
    """
    import torch
    from torch.nn.functional import interpolate

    count = max(len(image), len(alpha))
    if alpha.shape[1:] != image.shape[1:3]:
        alpha = Mask(interpolate(alpha[:, None], size=image.shape[1:3], mode="bilinear")[:, 0])
    opacity = 1.0 - to_batch(alpha, count)
    return Image(torch.cat([to_batch(image[..., :3], count), opacity[..., None]], -1))


def _resized(image: Tensor, height: int, width: int) -> Tensor:
    if image.shape[1:3] == (height, width):
        return image
    return resize(image.movedim(-1, 1), width, height, "bicubic", "center").clamp_(0, 1).movedim(1, -1)
