"""How the engine measures tensors and diffusion's values and writes them to disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.traces import Trace, TraceStep
from engine.diffusion.types import Area, Cond, Control, Embeds, Latent, LatentSpec, ModelSampling, Sampler, Tokens
from engine.files import FileRef
from engine.run.codecs import Buffer, Codec, Codecs, Record, record

DTYPES: Mapping[str, torch.dtype] = {
    name: getattr(torch, name)
    for name in (
        "float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2",
        "int64", "int32", "int16", "int8", "uint8", "bool",
    )
}  # fmt: skip
"""Dtypes that can be written, by their names on disk."""


def codecs() -> Codecs:
    """The table for tensors, latents, pictures, conditionings, tokens, token vectors and traces."""
    table: dict[type, Codec | Record] = {Tensor: Codec("tensor", _sizeof, _encode, _decode)}
    records = (
        Latent,
        Cond,
        Control,
        Area,
        Tokens,
        Embeds,
        FileRef,
        Trace,
        TraceStep,
        Sampler,
        ModelSampling,
        LatentSpec,
    )
    table |= {kind: record(kind) for kind in records}
    return Codecs(table)


def _sizeof(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _encode(tensor: Tensor) -> tuple[Any, Mapping[str, Buffer]]:
    """Bits are kept as they are, whatever the dtype: through bytes, which numpy knows."""
    plain = tensor.detach().cpu().contiguous()
    raw: Any = plain.reshape(-1).view(torch.uint8).numpy()
    name = str(tensor.dtype).removeprefix("torch.")
    return {"dtype": name, "shape": list(tensor.shape)}, {"data": memoryview(raw)}


def _decode(json: Any, buffers: Mapping[str, memoryview]) -> Tensor:
    dtype, shape = DTYPES[json["dtype"]], json["shape"]
    if not buffers["data"]:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(buffers["data"], dtype=torch.uint8).view(dtype).reshape(shape)
