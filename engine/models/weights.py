"""Tensors of a model file, mapped into memory and not yet read."""

from __future__ import annotations

import math
import mmap
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.models.detect import is_pickle
from engine.models.header import Entry, ModelFileError, read_safetensors
from engine.models.pickles import PARAMETERS, Inert, Parameters, read_value, state_dict

DTYPES: Mapping[str, torch.dtype] = {
    "BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "U16": torch.uint16,
    "I32": torch.int32, "U32": torch.uint32, "I64": torch.int64, "U64": torch.uint64, "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2, "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32,
    "F64": torch.float64,
}  # fmt: skip

SCALES = (".scale_weight", "scaled_fp8")
"""Ends of names that tell of weights which mean something only times a number kept beside them."""

_unpickling = threading.Lock()


def open_weights(path: Path) -> Mapping[str, Tensor]:
    """All tensors of a model file by name, read-only views of the mapped file; raises ModelFileError."""
    with path.open("rb") as file:
        start = file.read(2)
    return _open_pickle(path) if is_pickle(start) else _open_safetensors(path)


def _open_safetensors(path: Path) -> dict[str, Tensor]:
    header = read_safetensors(path)
    if any(name.endswith(SCALES) for name in header.tensors):
        raise ModelFileError(
            "{name} holds fp8 weights with scales of their own, which are not read; get it in fp16 or plain fp8.",
            name=path.name,
        )
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return {name: _view(data, entry) for name, entry in header.tensors.items()}


def _view(data: mmap.mmap, entry: Entry) -> Tensor:
    """Offsets need not be aligned in a file: many older files begin their numbers at an odd byte."""
    dtype, count = DTYPES[entry.dtype], math.prod(entry.shape)
    if not count:
        return torch.empty(entry.shape, dtype=dtype)
    return torch.frombuffer(data, dtype=dtype, count=count, offset=entry.start).view(entry.shape)


def _open_pickle(path: Path) -> dict[str, Tensor]:
    tensors = {name: item for name, item in state_dict(load_value(path)).items() if isinstance(item, Tensor)}
    if not tensors:
        raise ModelFileError(
            "{name} holds no table of tensors.",
            name=path.name,
        )
    return tensors


def load_value(path: Path) -> Any:
    """What a PyTorch file holds, read safely; raises ModelFileError.

    The file is scanned without torch first: only a file that names nothing strange reaches torch.load at all.
    """
    _, inert = read_value(path)
    known: list[Any] = [(Inert, name) for name in inert]
    known.append((Parameters, ".".join(PARAMETERS)))
    with _unpickling, torch.serialization.safe_globals(known):
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
        except Exception as error:
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise ModelFileError(
                "{name} cannot be loaded safely: {reason}",
                name=path.name,
                reason=reason,
            ) from None
