"""TAESD: autoencoders of a few MB that decode a latent roughly and at once, for previews (Bohan 2023)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.files import Library
from engine.graph.told import telling
from engine.models.detect import read_header
from engine.models.families import FAMILIES
from engine.models.fill import Unfilled
from engine.models.gather import gathered
from engine.models.handle import ModelHandle
from engine.models.header import ModelFileError
from engine.models.libraries import light
from engine.models.precision import Policy
from engine.models.tiny_files import OFFSETS, decoder_file, half_of, partner
from engine.models.vae import VaeModule
from engine.models.weights import open_weights

log = logging.getLogger("inkwater.models")


class TinyVae(VaeModule):
    """A small autoencoder; its own latents are in the sampler's units, those outside raw, `factor` times smaller."""

    def __init__(self, module: nn.Module, factor: float, downscale: int = 8) -> None:
        super().__init__(module, downscale)
        self._factor = factor

    def encode(self, image: Tensor) -> Tensor:
        """The latents of pictures; sides are cut around the middle to multiples of 8, alpha dropped."""
        return self._encode(image, self._encoded)

    def decode(self, latent: Tensor) -> Tensor:
        """Pictures [B, H, W, 3] in 0..1 of raw latents [B, c, h, w]."""
        return self._decode(latent, self._decoded)

    def encode_tiled(self, image: Tensor, tile: int = 512) -> Tensor:
        """As `encode`, in tiles whose edges are blended."""
        return self._in_tiles(lambda: self.encode(image))

    def decode_tiled(self, latent: Tensor, tile: int = 512) -> Tensor:
        """As `decode`, in tiles whose edges are blended."""
        return self._in_tiles(lambda: self.decode(latent))

    def _encoded(self, picture: Tensor) -> Tensor:
        return self._mean(self.module.encode(self._home(picture), return_dict=False)[0]) / self._factor

    def _decoded(self, z: Tensor) -> Tensor:
        made: Tensor = self.module.decode(self._home(z * self._factor), return_dict=False)[0]
        return made

    def _in_tiles(self, run: Any) -> Tensor:
        self.module.enable_tiling()
        try:
            made: Tensor = run()
        finally:
            self.module.disable_tiling()
        return made


def tiny_vae(path: Path, handle: ModelHandle, policy: Policy) -> Unfilled:
    """A small autoencoder of one or two files; raises ModelFileError."""
    latent = FAMILIES[handle.family].latent
    module = make_tiny()
    tensors = tiny_tensors(path)
    found = gathered(handle.source.name, telling("a small autoencoder (TAESD)"), module, tensors.get)
    return Unfilled(module, found, lambda module: TinyVae(module, latent.factor, latent.downscale))


def tiny_decoder(path: Path, device: torch.device) -> nn.Module:
    """The half that makes pictures [B, 3, H, W] in -1..1 of latents in the sampler's units, in fp32 on a device.

    It is for previews, so it is held beside the manager's weights: 5 MB.
    """
    module, tensors = make_tiny(), tiny_tensors(path)
    decoder = module.get_submodule("decoder")
    found = gathered(
        path.name, telling("a small decoder (TAESD)"), decoder, lambda name: tensors.get(f"decoder.{name}")
    )
    decoder.load_state_dict({name: tensor.float() for name, tensor in found.items()}, assign=True)
    return decoder.to(device).requires_grad_(False)


class TinyDecoders:
    """The small decoder for each family's latents, loaded when it is first wanted; None where no file is there."""

    def __init__(self, library: Library, device: torch.device) -> None:
        self._library = library
        self._device = device
        self._known: dict[str, nn.Module | None] = {}

    def __call__(self, family: str) -> Callable[[Tensor], Tensor] | None:
        """The decoder for a family's latents."""
        if family not in self._known:
            self._known[family] = self._load(family)
        return self._known[family]

    def _load(self, family: str) -> nn.Module | None:
        path = decoder_file(self._library, family)
        try:
            return tiny_decoder(path, self._device) if path is not None else None
        except ModelFileError as error:
            log.warning("No small decoder for previews: %s", error)
            return None


def make_tiny() -> nn.Module:
    """The network on the meta device."""
    with light():
        from diffusers import AutoencoderTiny
    make: Any = AutoencoderTiny
    with torch.device("meta"):
        module: nn.Module = make()
    return module.eval()


def tiny_tensors(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a file, and of the file of the other half beside it, by diffusers' names."""
    other = partner(path)
    return _named(path) | (_named(other) if other is not None else {})


def _named(path: Path) -> dict[str, Tensor]:
    half, tensors = half_of(read_header(path)), open_weights(path)
    if not half:
        raise ModelFileError(
            "{name} is no small autoencoder (TAESD): it has other tensors.",
            name=path.name,
        )
    return {_diffusers(name, half): tensor for name, tensor in tensors.items()} if half in OFFSETS else dict(tensors)


def _diffusers(name: str, side: str) -> str:
    """The original's decoder starts with a clamp that diffusers does not count."""
    number, _, rest = name.partition(".")
    return f"{side}.layers.{int(number) - OFFSETS[side] if number.isdecimal() else number}.{rest}"
