"""The texts in EXIF data: fields of a small TIFF file, in which JPEG and WebP pictures keep workflows."""

from __future__ import annotations

import struct
from collections.abc import Iterator

SUB_DIRECTORY, USER_COMMENT = 0x8769, 0x9286

LONGEST = 64 << 20
"""Bytes of one text; longer ones are left out."""

MOST_FIELDS = 1000
MOST_DIRECTORIES = 8

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1}
"""Bytes of one value, by the types of fields that are read."""

_CODES = {b"ASCII\0\0\0": "ascii", b"JIS\0\0\0\0\0": "shift_jis", b"\0" * 8: "utf-8"}


def exif_texts(data: bytes) -> list[str]:
    """The texts of all fields, in their order; what is damaged is left out."""
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return []
    return [text for tag, raw in _fields(data, order) if (text := _text(tag, raw, order))]


def _fields(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Tag and bytes of the fields of the first directories and of those that they lead to."""
    todo = [struct.unpack_from(f"{order}I", data, 4)[0]]
    seen: set[int] = set()
    while todo and len(seen) < MOST_DIRECTORIES:
        start = todo.pop(0)
        if start in seen or start + 2 > len(data):
            continue
        seen.add(start)
        count = min(struct.unpack_from(f"{order}H", data, start)[0], MOST_FIELDS)
        for at in range(start + 2, start + 2 + 12 * count, 12):
            if at + 12 > len(data):
                break
            tag, kind, length = struct.unpack_from(f"{order}HHI", data, at)
            if tag == SUB_DIRECTORY:
                todo.append(struct.unpack_from(f"{order}I", data, at + 8)[0])
                continue
            size = _SIZES.get(kind, 0) * length
            place = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, at + 8)[0]
            if 0 < size <= LONGEST and place + size <= len(data) and kind in (1, 2, 7):
                yield tag, data[place : place + size]


def _text(tag: int, raw: bytes, order: str) -> str:
    """The text of a field; the comment of a user says its own encoding in front."""
    if tag == USER_COMMENT and raw[:8] == b"UNICODE\0":
        return _utf16(raw[8:], order)
    code = _CODES.get(raw[:8]) if tag == USER_COMMENT else None
    return (raw[8:] if code else raw).decode(code or "utf-8", "replace").strip("\0 ")


def _utf16(raw: bytes, order: str) -> str:
    """UTF-16 by its own mark, else of the byte order in which it reads as text: writers do not agree."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace").strip("\0 ")
    raw = raw[: len(raw) // 2 * 2]
    high = sum(1 for b in raw[:400:2] if b == 0) >= sum(1 for b in raw[1:400:2] if b == 0)
    return raw.decode("utf-16-be" if high else "utf-16-le", "replace").strip("\0 ")
