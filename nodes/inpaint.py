"""Inpainting and outpainting: which part of a picture is made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine.diffusion.types import Conditioning, Image, Latent, Mask
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Range
from engine.models.facts import MASK_AND_PICTURE
from engine.models.handle import Vae
from nodes.areas import changed
from nodes.facts import latent_of, number, passed, picture_of, without_unknown
from nodes.image_blend import Layer
from nodes.planes import by_strips, square_max, to_batch
from nodes.size_facts import mask_of, size_at

if TYPE_CHECKING:
    from torch import Tensor

GREY = 0.5
Border = Annotated[int, Range(0, 16384, step=8)]


class Inpainted(NamedTuple):
    """Conditionings that know the picture to be filled in, and where the sampler starts."""

    positive: Conditioning
    negative: Conditioning
    latent: Latent


def _encoded(known: Known) -> Facts:
    width, height, batch = size_at(known, "pixels")
    masks = known.facts("mask").get("batch")
    size = latent_of(width, height, None if batch is None or masks is None else max(batch, masks))
    return {**size, **without_unknown(space=known.facts("vae").get("space"))}


def _conditioned(known: Known) -> Sequence[Facts]:
    brings = {"brings": (MASK_AND_PICTURE,)}
    return [*({**facts, **brings} for facts in passed("positive", "negative")(known)), _encoded(known)]


def _padded(known: Known) -> Sequence[Facts]:
    width, height, batch = size_at(known, "image")
    left, top, right, bottom = (number(known, name) for name in ("left", "top", "right", "bottom"))
    if width is None or height is None or left is None or top is None or right is None or bottom is None:
        return [{}, {}]
    width, height = width + left + right, height + top + bottom
    return [picture_of(width, height, batch), mask_of(width, height, 1)]


@node("SetLatentNoiseMask", category="latent/inpaint", label="Set Latent Noise Mask", facts=passed("samples"))
def set_latent_noise_mask(*, samples: Latent, mask: Mask) -> Latent:
    """Let the sampler change latents only where a mask is white; in grey parts old and new are mixed.

    Args:
        samples: The latents, with the picture that is kept elsewhere.
        mask: White (1) is made anew, black (0) is kept; stretched over the picture.
    """
    return replace(samples, noise_mask=mask)


@node(
    "VAEEncodeForInpaint",
    runs_on="device",
    category="latent/inpaint",
    label="VAE Encode (for Inpainting)",
    facts=lambda known: [_encoded(known)],
)
def vae_encode_for_inpaint(
    *,
    pixels: Image,
    vae: Vae,
    mask: Mask,
    grow_mask_by: Annotated[int, Range(0, 64)] = 6,
    context: Context,
) -> Latent:
    """Turn pictures into latents whose masked part is wiped to grey and made anew from nothing, with denoise 1.

    Args:
        pixels: The pictures; sides that are no multiple of 8 are cut evenly.
        vae: The autoencoder that belongs to the model.
        mask: White (above a half) is made anew; stretched over the pictures.
        grow_mask_by: By how many pixels the part that the sampler may change is larger, so that no seam shows.
    """
    pictures, masks = fitting(pixels, mask, vae.latent.downscale)
    hard = masks.round()
    reach = (
        square_max(hard[..., None], grow_mask_by // 2, grow_mask_by - 1 - grow_mask_by // 2) if grow_mask_by else None
    )
    with context.lease(vae.handle) as (module,):
        samples = module.encode(wiped(pictures, hard))
    return Latent(samples, noise_mask=hard if reach is None else reach[..., 0], downscale=vae.latent.downscale)


@node(
    "InpaintModelConditioning",
    runs_on="device",
    category="conditioning/inpaint",
    label="InpaintModelConditioning",
    facts=_conditioned,
)
def inpaint_model_conditioning(
    *,
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    pixels: Image,
    mask: Mask,
    noise_mask: bool = True,
    context: Context,
) -> Inpainted:
    """Show an inpainting model the picture and the part to fill in; with any other model only the noise mask counts.

    Args:
        positive: What the picture should show.
        negative: What the picture should not show.
        vae: The autoencoder that belongs to the model.
        pixels: The pictures; sides that are no multiple of 8 are cut evenly.
        mask: White (1) is filled in; stretched over the pictures.
        noise_mask: On keeps what is not white exactly as it was; off lets the model change it.

    Returns:
        positive: With the mask and the latents of the pictures without the masked part.
        negative: With the same.
        latent: The latents of the whole pictures, where the sampler starts.
    """
    pictures, masks = fitting(pixels, mask, vae.latent.downscale)
    with context.lease(vae.handle) as (module,):
        seen = module.encode(wiped(pictures, masks.round()))
        whole = module.encode(pictures)
    concat = beside(seen, masks, vae)
    latent = Latent(whole, noise_mask=masks if noise_mask else None, downscale=vae.latent.downscale)
    return Inpainted(changed(positive, concat=concat), changed(negative, concat=concat), latent)


@node("ImagePadForOutpaint", category="image", label="Pad Image for Outpainting", facts=_padded)
def image_pad_for_outpaint(
    *,
    image: Image,
    left: Border = 0,
    top: Border = 0,
    right: Border = 0,
    bottom: Border = 0,
    feathering: Annotated[int, Range(0, 16384)] = 40,
) -> Layer:
    """Put grey room around pictures, and a mask of it, so that inpainting goes on beyond their edges.

    Args:
        image: The pictures.
        left: Pixels of room on the left.
        top: Pixels of room above.
        right: Pixels of room on the right.
        bottom: Pixels of room below.
        feathering: Pixels over which the mask reaches softly into the picture, so that no seam shows; none where it
            would meet itself in the middle.

    Returns:
        IMAGE: The pictures with room around them.
        MASK: 1 in the room, 0 in the picture, between along the seam.
    """
    count, height, width, channels = image.shape
    whole = image.new_full((count, top + height + bottom, left + width + right, channels), GREY)
    whole[:, top : top + height, left : left + width] = image
    mask = image.new_ones(1, *whole.shape[1:3])
    mask[0, top : top + height, left : left + width] = seam(height, width, (top, bottom, left, right), feathering)
    return Layer(Image(whole), Mask(mask))


def seam(height: int, width: int, room: tuple[int, int, int, int], reach: int) -> Tensor:
    """Weights [height, width] that fall as the square of the distance from 1 at each edge with `room` (above, below,
    left, right) behind it to 0 at `reach` pixels.
    """
    import torch

    if not reach or 2 * reach >= min(height, width):
        return torch.zeros(height, width)
    top, bottom, left, right = (bool(part) for part in room)
    rows, columns = _distance(height, top, bottom, height), _distance(width, left, right, width)
    nearest = torch.minimum(rows[:, None], columns[None, :])
    return ((reach - nearest) / reach).clamp_(min=0).square_()


def _distance(size: int, first: bool, last: bool, far: int) -> Tensor:
    """How far each place of a line is from its first and last edge, where these count; else `far`."""
    import torch

    places = torch.arange(size, dtype=torch.float32)
    ahead = places if first else torch.full((size,), float(far))
    return ahead.minimum(size - places) if last else ahead


def fitting(pixels: Image, mask: Mask, multiple: int) -> tuple[Tensor, Tensor]:
    """Pictures [B, H, W, 3] and masks [B, H, W] of one size and batch, cut around the middle to whole latent cells."""
    from torch.nn.functional import interpolate

    from engine.models.vae import crop

    count = max(len(pixels), len(mask))
    if mask.shape[1:] != pixels.shape[1:3]:
        mask = Mask(interpolate(mask[:, None], size=pixels.shape[1:3], mode="bilinear")[:, 0])
    pictures, masks = crop(pixels[..., :3], multiple), crop(mask[..., None], multiple)[..., 0]
    return to_batch(pictures, count), to_batch(masks, count)


def wiped(pictures: Tensor, hard: Tensor) -> Tensor:
    """The pictures with grey where the mask (0 or 1) is 1."""
    return by_strips(lambda x, m: (x - GREY) * (1 - m[..., None]) + GREY, pictures, hard)


def beside(seen: Tensor, masks: Tensor, vae: Vae) -> Tensor:
    """The channels [B, 5, h, w] that inpainting models read: the mask, 0 or 1, and the wiped pictures' latents."""
    import torch
    from torch.nn.functional import interpolate

    cells = interpolate(masks[:, None], size=seen.shape[-2:], mode="bilinear").round()
    return torch.cat([cells, (seen - vae.latent.shift) * vae.latent.factor], 1)
