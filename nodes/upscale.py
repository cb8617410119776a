"""Upscalers: networks that make pictures larger and sharper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from engine.diffusion.types import Image
from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.problems import Refused
from engine.graph.sockets import File
from engine.graph.told import Told
from engine.models.handle import ModelHandle, UpscaleModel
from engine.models.upscale_files import inspect_upscaler
from nodes.facts import passed, picture_of
from nodes.pictures import MAX_SIDE


def enlarged(known: Known) -> Sequence[Facts]:
    """The pictures' size times the upscaler's scale; a problem where that is beyond the largest picture."""
    picture, scale = known.facts("image"), known.facts("upscale_model").get("scale")
    width, height = picture.get("width"), picture.get("height")
    if scale is None or width is None or height is None:
        return ({},)
    if max(width, height) * scale > MAX_SIDE:
        details = {"width": width * scale, "height": height * scale, "limit": MAX_SIDE}
        raise Refused("picture_too_large", details, "image")
    return (picture_of(width * scale, height * scale, picture.get("batch")),)


@node("UpscaleModelLoader", runs_on="io", category="loaders", label="Load Upscale Model", facts=passed("model_name"))
def upscale_model_loader(*, model_name: Annotated[FileRef, File("upscale_models")], context: Context) -> UpscaleModel:
    """Load a network that enlarges pictures: ESRGAN, Real-ESRGAN (RRDBNet) or a compact one (SRVGGNetCompact).

    Args:
        model_name: A file in models/upscale_models.
    """
    scale = inspect_upscaler(context.path(model_name)).layout.scale
    return UpscaleModel(ModelHandle(model_name, "upscaler", "upscaler"), scale)


@node(
    "ImageUpscaleWithModel",
    runs_on="device",
    category="image/upscaling",
    label="Upscale Image (using Model)",
    facts=enlarged,
)
def image_upscale_with_model(*, upscale_model: UpscaleModel, image: Image, context: Context) -> Image:
    """Enlarge pictures with a network, tile by tile: as many times as it was trained for.

    Args:
        upscale_model: The network.
        image: The pictures; transparency is left out.
    """
    height, width = (side * upscale_model.scale for side in image.shape[1:3])
    if max(height, width) > MAX_SIDE:
        raise Told(
            "The pictures would become {width}×{height} pixels, and {most} a side is the most; make them smaller first "
            "or take an upscaler of less than {scale} times.",
            width=width,
            height=height,
            most=MAX_SIDE,
            scale=upscale_model.scale,
        )
    with context.lease(upscale_model.handle) as (upscaler,):
        return Image(upscaler.enlarge(image, context.progress))
