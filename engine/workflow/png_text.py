"""The text that PNG files carry beside their pixels: where pictures keep the workflow that made them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAGIC = b"\x89PNG\r\n\x1a\n"

LONGEST = 64 << 20
"""Bytes of one text, unpacked; longer ones are left out."""


def png_texts(path: Path) -> dict[str, str]:
    """The texts of a PNG file by name; what is damaged or too long is left out. Raises OSError."""
    with path.open("rb") as file:
        return texts_of_png(file)


def texts_of_png(file: BinaryIO) -> dict[str, str]:
    """The same of an open file."""
    texts: dict[str, str] = {}
    if file.read(8) != MAGIC:
        return texts
    for kind, body in _text_chunks(file):
        name, text = _read(kind, body)
        if text is not None:
            texts.setdefault(name, text)
    return texts


def _text_chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    while len(head := file.read(8)) == 8:
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IEND":
            return
        if kind in (b"tEXt", b"zTXt", b"iTXt") and length <= LONGEST:
            yield kind, file.read(length)
            file.seek(4, 1)
        else:
            file.seek(length + 4, 1)


def _read(kind: bytes, body: bytes) -> tuple[str, str | None]:
    name, _, rest = body.partition(b"\0")
    try:
        if kind == b"tEXt":
            text = rest
        elif kind == b"zTXt":
            text = _unpacked(rest[1:])
        else:
            packed = rest[:1] == b"\1"
            _, _, text = rest[2:].split(b"\0", 2)
            text = _unpacked(text) if packed else text
        return name.decode("latin-1"), text.decode("utf-8" if kind == b"iTXt" else "latin-1")
    except (ValueError, zlib.error):
        return name.decode("latin-1"), None


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(data, LONGEST)
    if unpacker.unconsumed_tail:
        raise ValueError("too long")
    return text
