"""Masks: made, out of pictures, into pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from engine.diffusion.types import Image, Mask
from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Choice, File, Range, Widget
from engine.graph.told import Told
from nodes import pictures
from nodes.facts import number, passed, picture_of
from nodes.image import picture_facts
from nodes.image_batch import Colour, rgb
from nodes.image_size import Place, Side, cut, cut_size
from nodes.output import preview_image
from nodes.planes import by_strips
from nodes.size_facts import mask_of, of_size, same_size

CHANNELS = ("red", "green", "blue", "alpha")
FILE_CHANNELS = ("alpha", "red", "green", "blue")
Share = Annotated[float, Range(0.0, 1.0, step=0.01)]


def _solid(known: Known) -> Sequence[Facts]:
    return [mask_of(number(known, "width"), number(known, "height"), 1)]


def _loaded(known: Known) -> Sequence[Facts]:
    size = picture_facts(known)[0]
    return [mask_of(size.get("width"), size.get("height"), None)]


@node("LoadImageMask", runs_on="io", category="mask", label="Load Image (as Mask)", facts=_loaded)
def load_image_mask(
    *,
    image: Annotated[FileRef, File("input"), Widget("image_upload")],
    channel: Annotated[str, Choice(FILE_CHANNELS)] = "alpha",
    context: Context,
) -> Mask:
    """Load a mask from one channel of a picture.

    Args:
        image: A picture in the input folder.
        channel: alpha is 1 where the picture is transparent; a colour is 1 where that colour is full.
    """
    picture, transparent = pictures.read(context.path(image), image.name)
    if channel == "alpha":
        return Mask(transparent)
    return Mask(picture[..., CHANNELS.index(channel)].contiguous())


@node("SolidMask", category="mask", label="SolidMask", facts=_solid)
def solid_mask(*, value: Share = 1.0, width: Side = 512, height: Side = 512) -> Mask:
    """A mask that is the same everywhere.

    Args:
        value: 1 takes all of a picture in, 0 nothing.
        width: Width in pixels.
        height: Height in pixels.
    """
    import torch

    return Mask(torch.full((1, height, width), value))


@node("InvertMask", category="mask", label="InvertMask", facts=passed("mask"))
def invert_mask(*, mask: Mask) -> Mask:
    """Turn a mask round: what was in is out.

    Args:
        mask: The mask.
    """
    return Mask(1.0 - mask)


@node("CropMask", category="mask", label="CropMask", facts=of_size("mask", cut_size, mask_of))
def crop_mask(*, mask: Mask, x: Place = 0, y: Place = 0, width: Side = 512, height: Side = 512) -> Mask:
    """Cut a rectangle out of a mask; what would lie outside is left away.

    Args:
        mask: The mask.
        x: How far its left edge is from that of the mask.
        y: How far its upper edge is from that of the mask.
        width: Width of the rectangle in pixels.
        height: Height of the rectangle in pixels.
    """
    rows, columns = cut(x, y, width, height, mask.shape[2], mask.shape[1])
    return Mask(mask[:, rows, columns].contiguous())


@node("ThresholdMask", category="mask", label="ThresholdMask", facts=passed("mask"))
def threshold_mask(*, mask: Mask, value: Share = 0.5) -> Mask:
    """Make a soft mask hard: 1 where it is above a value, else 0.

    Args:
        mask: The mask.
        value: What it must exceed.
    """
    return Mask((mask > value).float())


@node("MaskToImage", category="mask", label="Convert Mask to Image", facts=same_size("mask", picture_of))
def mask_to_image(*, mask: Mask) -> Image:
    """A mask as a grey picture: white is 1.

    Args:
        mask: The mask.
    """
    return Image(mask[..., None].expand(-1, -1, -1, 3).contiguous())


@node("ImageToMask", category="mask", label="Convert Image to Mask", facts=same_size("image", mask_of))
def image_to_mask(*, image: Image, channel: Annotated[str, Choice(CHANNELS)] = "red") -> Mask:
    """One channel of pictures as a mask.

    Args:
        image: The pictures.
        channel: The colour (or alpha) whose strength becomes the mask.
    """
    place = CHANNELS.index(channel)
    if place >= image.shape[3]:
        raise Told(
            "The picture has {found} channels and no {channel}; take another channel, or the MASK output of LoadImage "
            "for its transparency.",
            found=image.shape[3],
            channel=channel,
        )
    return Mask(image[..., place].contiguous())


@node("ImageColorToMask", category="mask", label="ImageColorToMask", facts=same_size("image", mask_of))
def image_color_to_mask(*, image: Image, color: Colour = 0) -> Mask:
    """A mask of one exact colour.

    Args:
        image: The pictures.
        color: The colour that becomes 1, as one number: red × 65536 + green × 256 + blue, each 0 to 255.
    """
    wanted = image.new_tensor([round(part * 255) for part in rgb(color)])
    return Mask(by_strips(lambda x: ((x[..., :3] * 255).clamp(0, 255).round() == wanted).all(-1).float(), image))


@node("MaskPreview", kind="sink", runs_on="io", category="mask", label="Preview Mask")
def mask_preview(*, mask: Mask, context: Context) -> Ui:
    """Show a mask without keeping it; white is 1.

    Args:
        mask: The mask.
    """
    return preview_image(images=mask_to_image(mask=mask), context=context)
