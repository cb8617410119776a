"""The autoencoder between pictures and latents, as leased from the manager."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from engine.graph.told import Told
from engine.models import tiled

log = logging.getLogger("inkwater.models")


class VaeModule:
    """Encodes pictures [B, H, W, C] in 0..1 to raw latents [B, c, H/8, W/8] and back; float32 on the host outside.

    One picture at a time goes through the network, so that a picture does not depend on its batch.
    """

    def __init__(self, module: nn.Module, downscale: int = 8) -> None:
        self.module: Any = module
        self._downscale = downscale

    @property
    def dtype(self) -> torch.dtype:
        """The dtype that the network computes in."""
        return self._weight.dtype

    @property
    def _weight(self) -> Tensor:
        weight: Tensor = next(iter(self.module.parameters()))
        return weight

    def encode(self, image: Tensor) -> Tensor:
        """The mean of the latents' distribution; sides are cut around the middle to multiples of 8, alpha dropped."""
        return self._encode(
            image, lambda picture: self._mean(self.module.encode(self._home(picture)).latent_dist.mode())
        )

    def encode_tiled(self, image: Tensor, tile: int = 512) -> Tensor:
        """As `encode`, holding one tile of `tile` pixels on the device at a time."""

        def run(picture: Tensor) -> Tensor:
            return self._mean(tiled.encode(self.module, picture, tile).chunk(2, dim=1)[0])

        return self._encode(image, run)

    def decode(self, latent: Tensor) -> Tensor:
        """Pictures [B, H, W, 3] in 0..1 of raw latents [B, c, h, w]."""
        return self._decode(latent, lambda z: self.module.decode(self._home(z), return_dict=False)[0])

    def decode_tiled(self, latent: Tensor, tile: int = 512) -> Tensor:
        """As `decode`, holding one tile of `tile` pixels on the device at a time."""
        return self._decode(latent, lambda z: tiled.decode(self.module, z, tile))

    def _home(self, values: Tensor) -> Tensor:
        return values.to(self._weight.device, self._weight.dtype)

    def _mean(self, values: Tensor) -> Tensor:
        return values.float().cpu()

    @torch.no_grad()
    def _encode(self, image: Tensor, run: Callable[[Tensor], Tensor]) -> Tensor:
        pictures = crop(image[..., :3], self._downscale).permute(0, 3, 1, 2) * 2 - 1
        return torch.cat([self._careful(run, picture[None], "encoded") for picture in pictures])

    @torch.no_grad()
    def _decode(self, latent: Tensor, run: Callable[[Tensor], Tensor]) -> Tensor:
        pictures = torch.cat([self._careful(run, z[None], "decoded") for z in latent])
        return pictures.float().cpu().permute(0, 2, 3, 1).div(2).add(0.5).clamp(0, 1).contiguous()

    def _careful(self, run: Callable[[Tensor], Tensor], values: Tensor, done: str) -> Tensor:
        """Half precision can overflow in some autoencoders: then once more in full, and say so."""
        result = run(values)
        dtype = self.dtype
        if dtype is torch.float32 or bool(result.isfinite().all()):
            return result
        name = str(dtype).removeprefix("torch.")
        log.warning("The VAE overflowed in %s, so this picture was %s once more in float32.", name, done)
        try:
            nn.Module.float(self.module)
            return run(values)
        finally:
            nn.Module.to(self.module, dtype)


def crop(image: Tensor, multiple: int) -> Tensor:
    """Cut pictures [B, H, W, C] around their middle to sides of whole multiples; raises ValueError if too small."""
    height, width = (size // multiple * multiple for size in image.shape[1:3])
    if not height or not width:
        raise Told(
            "A picture of {width}×{height} is too small: each side needs {multiple} pixels.",
            width=image.shape[2],
            height=image.shape[1],
            multiple=multiple,
        )
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return image[:, top : top + height, left : left + width]
