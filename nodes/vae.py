"""Between pictures and latents: the autoencoder, on the whole picture or in tiles."""

from __future__ import annotations

from typing import Annotated

from engine.diffusion.types import Image, Latent
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.sockets import Range
from engine.graph.told import Told
from engine.models.handle import Vae
from nodes.facts import decoded, encoded

TileSize = Annotated[int, Range(64, 4096, step=64)]
Overlap = Annotated[int, Range(0, 4096, step=32)]
Frames = Annotated[int, Range(8, 4096, step=4)]
FrameOverlap = Annotated[int, Range(4, 4096, step=4)]


@node("VAEDecode", runs_on="device", category="latent", label="VAE Decode", facts=decoded)
def vae_decode(*, samples: Latent, vae: Vae, context: Context) -> Image:
    """Turn latents into pictures.

    Args:
        samples: The latents.
        vae: The autoencoder that belongs to the model.
    """
    _same_channels(samples, vae)
    with context.lease(vae.handle) as (module,):
        return Image(module.decode(samples.samples))


@node("VAEEncode", runs_on="device", category="latent", label="VAE Encode", facts=encoded)
def vae_encode(*, pixels: Image, vae: Vae, context: Context) -> Latent:
    """Turn pictures into latents: the start of image to image.

    Args:
        pixels: The pictures; sides that are no multiple of 8 are cut evenly.
        vae: The autoencoder that belongs to the model.
    """
    with context.lease(vae.handle) as (module,):
        return Latent(module.encode(pixels), downscale=vae.latent.downscale)


@node("VAEDecodeTiled", runs_on="device", category="_for_testing", label="VAE Decode (Tiled)", facts=decoded)
def vae_decode_tiled(
    *,
    samples: Latent,
    vae: Vae,
    tile_size: TileSize = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: FrameOverlap = 8,
    context: Context,
) -> Image:
    """Turn latents into pictures tile by tile: large pictures in little memory.

    Args:
        samples: The latents.
        vae: The autoencoder that belongs to the model.
        tile_size: Side of a tile in pixels.
        overlap: Read and not used: tiles here share their statistics, so that no seam shows at any overlap.
        temporal_size: Frames decoded at a time; only video models have frames.
        temporal_overlap: Frames that neighbours share; only video models have frames.
    """
    _same_channels(samples, vae)
    with context.lease(vae.handle) as (module,):
        return Image(module.decode_tiled(samples.samples, tile_size))


@node("VAEEncodeTiled", runs_on="device", category="_for_testing", label="VAE Encode (Tiled)", facts=encoded)
def vae_encode_tiled(
    *,
    pixels: Image,
    vae: Vae,
    tile_size: TileSize = 512,
    overlap: Overlap = 64,
    temporal_size: Frames = 64,
    temporal_overlap: FrameOverlap = 8,
    context: Context,
) -> Latent:
    """Turn pictures into latents tile by tile: large pictures in little memory.

    Args:
        pixels: The pictures; sides that are no multiple of 8 are cut evenly.
        vae: The autoencoder that belongs to the model.
        tile_size: Side of a tile in pixels.
        overlap: Read and not used: tiles here share their statistics, so that no seam shows at any overlap.
        temporal_size: Frames encoded at a time; only video models have frames.
        temporal_overlap: Frames that neighbours share; only video models have frames.
    """
    with context.lease(vae.handle) as (module,):
        raw = module.encode_tiled(pixels, tile_size)
    return Latent(raw, downscale=vae.latent.downscale)


def _same_channels(samples: Latent, vae: Vae) -> None:
    found, expected = samples.samples.shape[1], vae.latent.channels
    if found != expected:
        raise Told(
            "The latents have {found} channels and the VAE takes {expected}; use the VAE of their model.",
            found=found,
            expected=expected,
        )
