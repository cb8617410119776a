"""A recording's file: arrays one behind the other, compressed without loss, and at the end what they are.

After MAGIC come the arrays, then JSON, then TAIL: length and digest of the JSON. A file that was not finished has no
tail, so that it is never taken for a whole one. Of each array the four bytes of a float lie apart (all first bytes,
all second ones, …), which lets zlib find the little that is alike in noise.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from io import BufferedWriter
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from engine.graph.told import Told

VERSION = 1
MAGIC = b"INKWATER-RECORDING-%d\n"
TAIL = struct.Struct("<Q16s")
LEVEL = 1
DIGEST = 16

Array = NDArray[Any]


class RecordingError(Told):
    """A recording that cannot be read; `code` says why (no_recording, damaged_recording …), `str()` in one sentence."""

    def __init__(self, sentence: str, code: str, /, **values: Any) -> None:
        super().__init__(sentence, **values)
        self.code = code


def digest(*parts: bytes | memoryview) -> str:
    """The fingerprint of some bytes."""
    found = blake2b(digest_size=DIGEST)
    for part in parts:
        found.update(part)
    return found.hexdigest()


def plain(array: Array) -> memoryview:
    """The bytes of an array, little-endian."""
    ready: Any = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return memoryview(ready.reshape(-1).view(np.uint8))


def packed(array: Array) -> bytes:
    """An array's bytes, compressed."""
    raw = np.frombuffer(plain(array), np.uint8)
    return zlib.compress(raw.reshape(-1, array.dtype.itemsize).T.tobytes(), LEVEL)


def unpacked(data: bytes, shape: tuple[int, ...], dtype: str) -> Array:
    """The inverse of `packed`; raises ValueError or zlib.error for what is damaged."""
    kind = np.dtype(dtype).newbyteorder("<")
    raw = np.frombuffer(zlib.decompress(data), np.uint8).reshape(kind.itemsize, -1)
    return np.ascontiguousarray(raw.T).view(kind).reshape(shape)


class Writing:
    """A file on its way, under another name until `end`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.{os.getpid()}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BufferedWriter = self._part.open("wb")
        self._file.write(MAGIC % VERSION)

    def put(self, array: Array) -> dict[str, Any]:
        """Write an array; gives where it is, for the JSON."""
        data, at = packed(array), self._file.tell()
        self._file.write(data)
        kind = array.dtype.newbyteorder("=").name
        return {"at": at, "length": len(data), "shape": list(array.shape), "dtype": kind, "digest": digest(data)}

    def end(self, head: Mapping[str, Any], path: Path | None = None) -> int:
        """Write what the arrays are and give the file its name, or another one; its size in bytes."""
        text = json.dumps(head, separators=(",", ":")).encode()
        self._file.write(text + TAIL.pack(len(text), blake2b(text, digest_size=DIGEST).digest()))
        size = self._file.tell()
        self._file.close()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._part.replace(path or self._path)
        return size

    def drop(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._part.unlink(missing_ok=True)


def read_head(file: IO[bytes], name: str) -> dict[str, Any]:
    """What the arrays of a file are; raises RecordingError."""
    start = file.read(len(MAGIC % VERSION) + 8).partition(b"\n")[0] + b"\n"
    if start != MAGIC % VERSION:
        if start.startswith(MAGIC.partition(b"%")[0]):
            raise RecordingError(
                "The recording {name} is of another version of Inkwater (format {found}, this one reads {expected}): "
                "record the job again.",
                "other_version",
                name=name,
                found=_number(start),
                expected=VERSION,
            )
        raise damaged(name)
    size = file.seek(0, os.SEEK_END)
    try:
        file.seek(size - TAIL.size)
        length, mark = TAIL.unpack(file.read(TAIL.size))
        if length > size:
            raise damaged(name)
        file.seek(size - TAIL.size - length)
        text = file.read(length)
        if blake2b(text, digest_size=DIGEST).digest() != mark:
            raise damaged(name)
        head: dict[str, Any] = json.loads(text)
    except (OSError, struct.error, ValueError) as error:
        raise damaged(name) from error
    return head


def read_array(file: IO[bytes], place: Mapping[str, Any], name: str) -> Array:
    """One array of a file; raises RecordingError."""
    try:
        file.seek(place["at"])
        data = file.read(place["length"])
        if digest(data) != place["digest"]:
            raise damaged(name)
        return unpacked(data, tuple(place["shape"]), place["dtype"])
    except (OSError, ValueError, zlib.error) as error:
        raise damaged(name) from error


def damaged(name: str) -> RecordingError:
    """What is told of a file that is not as it was written."""
    return RecordingError("The recording {name} is damaged: record the job again.", "damaged_recording", name=name)


def _number(start: bytes) -> str:
    return start.strip().rpartition(b"-")[2].decode("ascii", "replace")
