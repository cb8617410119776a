"""Depth: how near each pixel of a picture is, and models that keep to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine.diffusion.types import Conditioning, Image, Latent
from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import File, Range
from engine.models.depth_files import inspect_depth
from engine.models.handle import DepthModel, ModelHandle, Vae
from nodes.facts import encoded, passed

if TYPE_CHECKING:
    from torch import Tensor


class DepthGuided(NamedTuple):
    """Conditionings that bring depth, and the latent to start from."""

    positive: Conditioning
    negative: Conditioning
    latent: Latent


def guided_facts(known: Known) -> Sequence[Facts]:
    """The conditionings keep their facts and bring one channel; the latent is that of the pictures."""
    prompts = ({**known.facts(name), "brings": (1,)} for name in ("positive", "negative"))
    return (*prompts, *encoded(known))


@node("DepthModelLoader", runs_on="io", category="loaders", label="Load Depth Estimator", facts=passed("model_name"))
def depth_model_loader(*, model_name: Annotated[FileRef, File("depth_estimators")], context: Context) -> DepthModel:
    """Load a network that estimates depth: MiDaS DPT-hybrid or DPT-large, or Depth Anything, in any of their formats.

    Args:
        model_name: A file in models/depth_estimators; of a transformers folder its weights, with config.json beside.
    """
    return DepthModel(ModelHandle(model_name, inspect_depth(context.path(model_name)).family, "depth"))


@node("DepthEstimate", runs_on="device", category="image/preprocessors", label="Depth Estimate", facts=passed("image"))
def depth_estimate(
    *,
    depth_model: DepthModel,
    image: Image,
    resolution: Annotated[int, Range(0, 2048, step=32)] = 0,
    context: Context,
) -> Image:
    """Estimate how near everything in a picture is: white is near, black is far.

    Args:
        depth_model: The network that estimates depth.
        image: The pictures.
        resolution: Side in pixels at which the network looks; more finds finer detail and may lose the whole. 0 is
            what it was trained on.
    """
    with context.lease(depth_model.handle) as (estimator,):
        return grey_picture(estimator.estimate(image, resolution, context.progress))


@node(
    "DepthConditioning",
    runs_on="device",
    category="conditioning/depth",
    label="Depth Conditioning",
    facts=guided_facts,
)
def depth_conditioning(
    *, positive: Conditioning, negative: Conditioning, vae: Vae, pixels: Image, depth: Image, context: Context
) -> DepthGuided:
    """Let a model of Stable Diffusion 2 depth keep to a picture's depth while the prompt changes all else.

    Args:
        positive: What the picture should show.
        negative: What it should not show.
        vae: The autoencoder that belongs to the model.
        pixels: The picture to start from; at denoise 1 only its depth remains.
        depth: How near each pixel of it is, white near, such as Depth Estimate makes; resized to the picture.

    Returns:
        positive: The positive conditioning with depth.
        negative: The negative conditioning with depth.
        latent: The picture's latent, for the sampler.
    """
    with context.lease(vae.handle) as (module,):
        latent = Latent(module.encode(pixels), downscale=vae.latent.downscale)
    channel = depth_channel(depth, (pixels.shape[1], pixels.shape[2]), latent)

    def brought(conditioning: Conditioning) -> Conditioning:
        return Conditioning(tuple(replace(cond, concat=channel) for cond in conditioning))

    return DepthGuided(brought(positive), brought(negative), latent)


def depth_channel(depth: Image, size: tuple[int, int], latent: Latent) -> Tensor:
    """Depth [B, H, W, C] as the channel [B, 1, h, w] from -1 (far) to 1 (near) that goes beside `latent`.

    It is cut as the autoencoder cuts a picture of `size` (height, width); all zeros where all is equally near.
    """
    import torch
    from torch.nn.functional import interpolate

    near = depth[..., :3].mean(-1)[:, None].float()
    if tuple(near.shape[-2:]) != size:
        near = interpolate(near, size=size, mode="bicubic", align_corners=False)
    cells = (latent.samples.shape[-2], latent.samples.shape[-1])
    tall, wide = (count * latent.downscale for count in cells)
    top, left = (size[0] - tall) // 2, (size[1] - wide) // 2
    near = interpolate(near[..., top : top + tall, left : left + wide], size=cells, mode="bicubic", align_corners=False)
    low, high = near.amin((1, 2, 3), keepdim=True), near.amax((1, 2, 3), keepdim=True)
    return torch.where(high > low, 2 * (near - low) / (high - low).clamp(min=1e-12) - 1, 0.0)


def grey_picture(values: Tensor) -> Image:
    """Values [B, H, W] in 0..1 as grey pictures [B, H, W, 3]."""
    return Image(values[..., None].expand(-1, -1, -1, 3).contiguous())
