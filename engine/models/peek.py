"""The numbers of one small tensor of a model file, read without torch."""

from __future__ import annotations

import array
import struct
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.models.header import Entry

MOST = 1 << 20
"""Bytes of the largest tensor that is read."""


def numbers(path: Path, entry: Entry) -> list[float] | None:
    """The numbers of a tensor in their order; None where they cannot be had (large, fp8, an old or damaged file)."""
    unpack = _UNPACK.get(entry.dtype)
    if unpack is None or not 0 < entry.nbytes <= MOST:
        return None
    try:
        raw = _zipped(path, entry) if entry.storage else _plain(path, entry)
        return unpack(raw) if len(raw) == entry.nbytes else None
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError):
        return None


def _plain(path: Path, entry: Entry) -> bytes:
    if not entry.end:
        return b""
    with path.open("rb") as file:
        file.seek(entry.start)
        return file.read(entry.nbytes)


def _zipped(path: Path, entry: Entry) -> bytes:
    with zipfile.ZipFile(path) as archive:
        root = next(name for name in archive.namelist() if name.endswith("/data.pkl")).removesuffix("data.pkl")
        with archive.open(f"{root}data/{entry.storage}") as member:
            member.seek(entry.start)
            return member.read(entry.nbytes)


def _floats(code: str) -> Callable[[bytes], list[float]]:
    size = struct.calcsize(f"<{code}")
    return lambda raw: list(struct.unpack(f"<{len(raw) // size}{code}", raw))


def _bf16(raw: bytes) -> list[float]:
    """The upper halves of float32."""
    halves = array.array("H", raw)
    if sys.byteorder == "big":
        halves.byteswap()
    return [struct.unpack("<f", struct.pack("<I", half << 16))[0] for half in halves]


_UNPACK: Mapping[str, Callable[[bytes], list[float]]] = {
    "F16": _floats("e"),
    "F32": _floats("f"),
    "F64": _floats("d"),
    "BF16": _bf16,
}
