"""ComfyUI's .latent files: safetensors with the samples as `latent_tensor`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.diffusion.types import Latent
from engine.graph.told import Told

if TYPE_CHECKING:
    from torch import Tensor

SAMPLES, MASK, INDEX = "latent_tensor", "noise_mask", "batch_index"
MARK = "latent_format_version_0"
"""An empty tensor of this name says that the samples are in the autoencoder's own units."""

OLD_FACTOR = 0.18215
"""Files without the mark hold samples multiplied by this."""


class LatentFileError(Told):
    """A file that holds no latents; the message says why."""


def write(latent: Latent, text: Mapping[str, str]) -> bytes:
    """The file's bytes; `text` goes into the header."""
    import torch
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {SAMPLES: latent.samples.contiguous(), MARK: torch.tensor([])}
    if latent.noise_mask is not None:
        tensors[MASK] = latent.noise_mask.contiguous()
    if latent.batch_index is not None:
        tensors[INDEX] = torch.tensor(latent.batch_index)
    return save(tensors, metadata=dict(text) or None)


def read(path: Path, name: str) -> Latent:
    """The latents of a file.

    Raises:
        LatentFileError: no safetensors file, or without latents [B, C, h, w].
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as cause:
        raise LatentFileError(
            '"{name}" is no .latent file ({cause}); choose one that SaveLatent wrote.', name=name, cause=str(cause)
        ) from None
    samples = tensors.get(SAMPLES)
    if samples is None or samples.dim() < 4:
        raise LatentFileError(
            '"{name}" holds no latents: the tensor {tensor} [B, C, h, w] is missing; choose one that SaveLatent wrote.',
            name=name,
            tensor=SAMPLES,
        )
    index = tensors.get(INDEX)
    return Latent(
        samples.float() / (1.0 if MARK in tensors else OLD_FACTOR),
        noise_mask=tensors.get(MASK),
        batch_index=None if index is None else tuple(index.tolist()),
    )
