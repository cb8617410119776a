"""What files are, by their first bytes; what is not known to be harmless to show is only ever downloaded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

UNKNOWN = "application/octet-stream"
SNIFFED = 64
"""Bytes that are looked at."""

_MARKS: Sequence[tuple[re.Pattern[bytes], str]] = tuple(
    (re.compile(mark, re.DOTALL), media)
    for mark, media in (
        (rb"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"RIFF....WEBPVP8[ LX]", "image/webp"),
        (rb"GIF8[79]a", "image/gif"),
        (rb"BM....\x00\x00\x00\x00", "image/bmp"),
        (rb"....ftyp(avif|avis)", "image/avif"),
        (rb"....ftyp(isom|iso[2-9]|mp4[12]|avc1|M4V |dash)", "video/mp4"),
        (rb"....ftypqt  ", "video/quicktime"),
        (rb"....ftypM4A ", "audio/mp4"),
        (rb"\x1aE\xdf\xa3", "video/webm"),
        (rb"OggS\x00", "audio/ogg"),
        (rb"fLaC\x00", "audio/flac"),
        (rb"RIFF....WAVE", "audio/wav"),
        (rb"ID3[\x02-\x04]|\xff[\xfb\xf3\xf2]", "audio/mpeg"),
    )
)

SUFFIXES = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp", ".avif"),
        *(".mp4", ".m4v", ".mov", ".webm", ".mkv", ".ogv"),
        *(".m4a", ".ogg", ".oga", ".opus", ".flac", ".wav", ".mp3"),
    )
)
"""Names of pictures, sound and film; a file of another name is not shown whatever it holds."""

_STATIC: Mapping[str, str] = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".map": "application/json",
    ".txt": "text/plain",
    ".md": "text/plain",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".otf": "font/otf",
    ".wasm": "application/wasm",
}
"""Files of installed packs by their suffix, beside what is sniffed."""

SANDBOX = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"


def sniffed(head: bytes) -> str:
    """The media type that the first bytes of a file show, of those that a browser may show; else UNKNOWN."""
    return next((media for mark, media in _MARKS if mark.match(head)), UNKNOWN)


def media_of(path: Path) -> str:
    """The media type to show a user's file as; UNKNOWN unless name and content both are of a harmless kind."""
    if path.suffix.lower() not in SUFFIXES:
        return UNKNOWN
    with path.open("rb") as file:
        return sniffed(file.read(SNIFFED))


def static_media(path: Path) -> str:
    """The media type of a file of an installed pack."""
    return _STATIC.get(path.suffix.lower()) or media_of(path)


def disposition(kind: str, name: str) -> str:
    """A Content-Disposition with a file's name, safe for any characters."""
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
