"""What a model file holds, read from its first bytes only: names, dtypes, shapes.  Torch-free, nothing trusted."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.graph.told import Telling, Told, telling

MAX_HEADER = 100 << 20
MAX_TENSORS = 200_000
MAX_DIMENSIONS = 8

ITEMSIZE: Mapping[str, int] = {
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2,
    "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
}  # fmt: skip
"""Bytes of one element, by safetensors' dtype names."""

INSTEAD: Mapping[bytes, Telling] = {
    b"version ": telling("a pointer of Git LFS to it"),
    b"<!DOCTYP": telling("a web page"),
    b"<!doctyp": telling("a web page"),
    b"<html": telling("a web page"),
    b"GGUF": telling("a file in the format GGUF, which is not read here"),
}
"""How files begin that are often saved in place of a model, and what they are."""

Shape = tuple[int, ...]


class ModelFileError(Told):
    """A model file cannot be read or used; the text is one sentence for the person who chose it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One tensor of a file: safetensors dtype name, shape, and the bytes [start, end) that hold it (0 if not known)."""

    dtype: str
    shape: Shape
    start: int = 0
    end: int = 0
    storage: str = ""
    """In a PyTorch file, the entry of the archive that holds it; `start` counts from its beginning."""

    @property
    def nbytes(self) -> int:
        """Bytes of the tensor as stored."""
        return math.prod(self.shape) * ITEMSIZE[self.dtype]


@dataclass(frozen=True, slots=True)
class Header:
    """All tensors of a file by name, and its text metadata."""

    tensors: Mapping[str, Entry]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def shapes(self) -> dict[str, Shape]:
        """Shape of every tensor, by name."""
        return {name: entry.shape for name, entry in self.tensors.items()}


def read_safetensors(path: Path) -> Header:
    """Read a safetensors header (8 bytes of length, then JSON); raises ModelFileError if it is not a sound one."""
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(8)
        if len(prefix) < 8:
            raise ModelFileError(
                "{name} is damaged or cut short: it has only {size} bytes; get it anew.",
                name=path.name,
                size=size,
            )
        if (instead := next((what for start, what in INSTEAD.items() if prefix.startswith(start)), None)) is not None:
            raise ModelFileError(
                "{name} is no model but {instead}; download the model itself.",
                name=path.name,
                instead=instead,
            )
        (length,) = struct.unpack("<Q", prefix)
        if length > min(MAX_HEADER, size - 8):
            raise ModelFileError(
                "{name} is not a sound safetensors file: its header claims {length} bytes, the file has {size}.",
                name=path.name,
                length=length,
                size=size,
            )
        raw = file.read(length)
    return _parse(path.name, _json(path.name, raw), 8 + length, size)


def _json(name: str, raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise ModelFileError(
            "{name} is not a sound safetensors file: its header is no JSON.",
            name=name,
        ) from None
    if not isinstance(value, dict) or len(value) > MAX_TENSORS:
        raise ModelFileError(
            "{name} is not a sound safetensors file: its header is no table of tensors.",
            name=name,
        )
    return value


def _parse(file: str, table: dict[str, Any], data: int, size: int) -> Header:
    meta = table.pop("__metadata__", None)
    metadata = {str(k): v for k, v in meta.items() if isinstance(v, str)} if isinstance(meta, dict) else {}
    return Header({name: _entry(file, name, row, data, size) for name, row in table.items()}, metadata)


def _entry(file: str, name: str, row: Any, data: int, size: int) -> Entry:
    try:
        dtype, shape, (start, end) = row["dtype"], tuple(row["shape"]), row["data_offsets"]
        sound = dtype in ITEMSIZE and len(shape) <= MAX_DIMENSIONS and all(_count(n) for n in (*shape, start, end))
        sound = sound and end - start == math.prod(shape) * ITEMSIZE[dtype] and data + end <= size
    except (TypeError, KeyError, ValueError):
        sound = False
    if not sound:
        raise ModelFileError(
            '{name} is damaged or cut short: its tensor "{tensor}" does not fit its {size} bytes.',
            name=file,
            tensor=name[:80],
            size=size,
        )
    return Entry(dtype, shape, data + start, data + end)


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


def first_names(header: Header) -> Telling | str:
    """What the first tensors of a file are called, for a sentence."""
    return ", ".join(f'"{name[:60]}"' for name in list(header.tensors)[:2]) or telling("nothing")
