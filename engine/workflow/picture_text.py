"""The texts that pictures carry beside their pixels, by the names under which workflows are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from engine.workflow.exif import exif_texts
from engine.workflow.png_text import MAGIC, texts_of_png
from engine.workflow.xmp import xmp_texts

NAMES = ("inkwater", "inkwater_run", "prompt", "workflow", "parameters")
"""The names that count."""

LONGEST = 64 << 20
"""Bytes of one part of a file that is read for texts."""

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_NAMED = re.compile(rf"\s*({'|'.join(NAMES)})\s*:\s*(?=[{{\[])", re.IGNORECASE)
_STEPS = re.compile(r"^Steps: \d", re.MULTILINE)


def is_picture(path: Path) -> bool:
    """Whether a file is a picture of a kind that can carry texts; raises OSError."""
    with path.open("rb") as file:
        return begins_picture(file.read(12))


def begins_picture(head: bytes) -> bool:
    """Whether the first bytes of a file, 12 or more, are those of such a picture."""
    return head.startswith((MAGIC, b"\xff\xd8\xff")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def picture_texts(path: Path) -> dict[str, str]:
    """The texts of a picture by name; what is damaged or too long is left out. Raises OSError."""
    with path.open("rb") as file:
        return texts_of(file)


def texts_of(file: BinaryIO) -> dict[str, str]:
    """The same of an open file."""
    head = file.read(12)
    file.seek(0)
    if head.startswith(MAGIC):
        return texts_of_png(file)
    parts = list(_jpeg(file) if head.startswith(b"\xff\xd8") else _webp(file))
    texts: dict[str, str] = {}
    for kind, data in parts:
        found = xmp_texts(data) if kind == "xmp" else _named(_written(kind, data))
        for name, text in found:
            texts.setdefault(name, text)
    return texts


def _written(kind: str, data: bytes) -> list[str]:
    return exif_texts(data) if kind == "exif" else [data.decode("utf-8", "replace")]


def _named(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names of texts: "prompt:{…}" as ComfyUI writes them, A1111's and bare JSON by what they look like."""
    for text in texts:
        told = _NAMED.match(text)
        if told is not None:
            yield told[1].lower(), text[told.end() :]
        elif _STEPS.search(text):
            yield "parameters", text
        elif text.lstrip()[:1] == "{":
            yield ("workflow" if '"nodes"' in text[:100_000] and '"class_type"' not in text[:1000] else "prompt"), text


def _jpeg(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """The segments before the pixels that hold EXIF, XMP or a comment."""
    file.read(2)
    while len(mark := file.read(2)) == 2 and mark[0] == 0xFF:
        if mark[1] in (0xD9, 0xDA):
            return
        if mark[1] == 0xFF:
            file.seek(-1, 1)
            continue
        if 0xD0 <= mark[1] <= 0xD7 or mark[1] == 0x01:
            continue
        length = int.from_bytes(file.read(2), "big")
        if length < 2:
            return
        data = file.read(length - 2)
        if mark[1] == 0xE1 and data.startswith(b"Exif\0\0"):
            yield "exif", data
        elif mark[1] == 0xE1 and data.startswith(_XMP):
            yield "xmp", data[len(_XMP) :]
        elif mark[1] == 0xFE:
            yield "comment", data


def _webp(file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """The chunks that hold EXIF or XMP."""
    file.read(12)
    while len(head := file.read(8)) == 8:
        length = int.from_bytes(head[4:], "little")
        kind = {b"EXIF": "exif", b"XMP ": "xmp"}.get(head[:4])
        if kind is not None and length <= LONGEST:
            yield kind, file.read(length)
            file.seek(length & 1, 1)
        else:
            file.seek(length + (length & 1), 1)
