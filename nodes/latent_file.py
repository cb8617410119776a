"""ComfyUI's .latent files: safetensors with the samples as `latent_tensor`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.diffusion.types import Latent
from engine.files import FileRef
from engine.graph.facts import NOTHING, Facts, Known
from engine.graph.problems import Refused
from engine.graph.told import Told, beside
from engine.models.header import read_safetensors
from nodes.facts import latent_of

if TYPE_CHECKING:
    from torch import Tensor

SAMPLES, MASK, INDEX = "latent_tensor", "noise_mask", "batch_index"
MARK = "latent_format_version_0"
"""An empty tensor of this name says that the samples are in the autoencoder's own units."""

DIMENSIONS = 4

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


def facts(known: Known) -> Sequence[Facts]:
    """Size of the latents in the file that the input `latent` names; a file without any is a problem."""
    ref = known.get("latent")
    if known.library is None or not isinstance(ref, FileRef):
        return (NOTHING,)
    try:
        tensors = read_safetensors(known.library.path(ref.kind, ref.name)).tensors
        if SAMPLES not in tensors or len(tensors[SAMPLES].shape) != DIMENSIONS:
            raise _without_latents(ref.name)
    except Told as error:
        raise Refused("bad_model_file", {"name": ref.name, **beside(error)}, "latent") from None
    batch, channels, height, width = tensors[SAMPLES].shape
    return (latent_of(8 * width, 8 * height, batch, channels),)


def _without_latents(name: str) -> LatentFileError:
    return LatentFileError(
        '"{name}" holds no latents: the tensor {tensor} [B, C, h, w] is missing; choose one that SaveLatent wrote.',
        name=name,
        tensor=SAMPLES,
    )


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
    if samples is None or samples.dim() != DIMENSIONS:
        raise _without_latents(name)
    index = tensors.get(INDEX)
    return Latent(
        samples.float() / (1.0 if MARK in tensors else OLD_FACTOR),
        noise_mask=tensors.get(MASK),
        batch_index=None if index is None else tuple(index.tolist()),
    )
