"""Prompts for SDXL: one for each of its text encoders, with the sizes that it was trained to read beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from engine.diffusion.types import Conditioning
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.sockets import Range
from engine.models.handle import Clip
from nodes.prompt import Prompt, encoding, prompted, tokens_of

Pixels = Annotated[int, Range(0, 16384)]


@node(
    "CLIPTextEncodeSDXL",
    runs_on="device",
    category="advanced/conditioning",
    label="CLIPTextEncodeSDXL",
    facts=prompted("text_g", "text_l"),
)
def clip_text_encode_sdxl(
    *,
    clip: Clip,
    width: Pixels = 1024,
    height: Pixels = 1024,
    crop_w: Pixels = 0,
    crop_h: Pixels = 0,
    target_width: Pixels = 1024,
    target_height: Pixels = 1024,
    text_g: Prompt = "",
    text_l: Prompt = "",
    context: Context,
) -> Conditioning:
    """Encode a prompt for each of SDXL's two text encoders, and tell the model of what size the picture should seem.

    Args:
        clip: SDXL's text encoders; a model with one reads text_g alone.
        width: Width that the picture should seem to come from; small values make it look enlarged.
        height: Height that the picture should seem to come from.
        crop_w: Pixels that seem cut off at the left; above 0 the subject moves out of the middle.
        crop_h: Pixels that seem cut off at the top.
        target_width: Width of the picture that is made, as the model is told.
        target_height: Height of the picture that is made, as the model is told.
        text_g: The prompt for the larger encoder, OpenCLIP bigG: sentences.
        text_l: The prompt for the smaller encoder, CLIP L: often the same, or keywords of style.
    """
    texts = (text_l, text_g) if len(clip.handles) == 2 else (text_g,)
    tokens = [tokens_of(text, clip, context) for text in texts]
    with encoding(clip, context) as encode:
        cond = encode(*tokens)
    return Conditioning((replace(cond, size_crop=(height, width, crop_h, crop_w, target_height, target_width)),))


@node(
    "CLIPTextEncodeSDXLRefiner",
    runs_on="device",
    category="advanced/conditioning",
    label="CLIPTextEncodeSDXLRefiner",
    facts=prompted("text"),
)
def clip_text_encode_sdxl_refiner(
    *,
    ascore: Annotated[float, Range(0.0, 1000.0, step=0.01)] = 6.0,
    width: Pixels = 1024,
    height: Pixels = 1024,
    text: Prompt = "",
    clip: Clip,
    context: Context,
) -> Conditioning:
    """Encode a prompt for SDXL's refiner, and tell it how beautiful and of what size the picture should seem.

    Args:
        ascore: Aesthetic score of the pictures to resemble, 1 to 10: 6 for the prompt, 2.5 for the negative.
        width: Width that the picture should seem to come from.
        height: Height that the picture should seem to come from.
        text: The prompt.
        clip: The refiner's text encoder.
    """
    tokens = tokens_of(text, clip, context)
    with encoding(clip, context) as encode:
        cond = encode(tokens)
    return Conditioning((replace(cond, size_crop=(height, width, 0, 0, height, width), aesthetic=ascore),))
