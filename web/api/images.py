"""Pictures and other files that people put in and nodes make: lists, newest first, and small versions."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator
from heapq import nlargest
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from aiohttp import web

from engine.files import Library
from engine.folders import OWN_KINDS
from engine.service.threads import off
from web.api.errors import BadRequest
from web.api.jobs import view_url
from web.api.operation import BASE, CURSOR, LIMIT, Call, Operation, Parameter, number, path
from web.api.schema import TEXT, Misfit, list_of, maybe, obj, one_of, ref, told
from web.api.state import STATE
from web.files.send import send_made

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})

OWN = Parameter("type", told(one_of(*OWN_KINDS), "Which folder."), default="output")
IN_PATH = Parameter("type", told(one_of(*OWN_KINDS), "Which folder."), "path")
NAME = path("name", "The file's name, with its folders.", slashes=True)
SIDE = number("side", "The most pixels of a side.", 256, low=16, high=1024)


class Entry(NamedTuple):
    """A file; sorts by the time of its last change."""

    changed: int
    name: str
    size: int


async def list_images(call: Call) -> dict[str, Any]:
    """The files of a folder, newest first, a page at a time."""
    before = _before(call["cursor"])
    rows = await off(_newest, call.service.library, call["type"], before, call["limit"] + 1)
    shown = rows[: call["limit"]]
    images = [_image(call["type"], entry) for entry in shown]
    return {"images": images, "next": _cursor(shown[-1]) if len(rows) > len(shown) else None}


async def get_thumbnail(call: Call) -> web.StreamResponse:
    """A small WebP version of a picture."""
    place = await off(call.service.library.path, call["type"], call["name"])
    made = await call.request.app[STATE].thumbnails.of(place, call["side"])
    return send_made(call.request, made, f"{place.stem}.webp")


def _newest(library: Library, kind: str, before: tuple[int, str] | None, limit: int) -> list[Entry]:
    entries = (e for e in _entries(library, kind) if before is None or e[:2] < before)
    return nlargest(limit, entries)


def _entries(library: Library, kind: str) -> Iterator[Entry]:
    """Each file that can be had by its name; of equal names that of the first folder."""
    for name in library.names(kind):
        for root in library.folders[kind]:
            try:
                stat = os.stat(root / name)
            except OSError:
                continue
            yield Entry(stat.st_mtime_ns, name, stat.st_size)
            break


def _image(kind: str, entry: Entry) -> dict[str, Any]:
    folder, _, name = entry.name.rpartition("/")
    small = f"{BASE}/images/{kind}/{quote(entry.name)}/thumbnail" if Path(name).suffix.lower() in PICTURES else None
    place = {"filename": name, "subfolder": folder, "type": kind}
    times = {"size": entry.size, "modified": entry.changed / 1e9}
    return {"name": entry.name, **place, **times, "url": view_url(place), "thumbnail": small}


def _cursor(entry: Entry) -> str:
    return base64.urlsafe_b64encode(json.dumps([entry.changed, entry.name]).encode()).decode()


def _before(cursor: str | None) -> tuple[int, str] | None:
    """The place that a cursor stands for; raises BadRequest."""
    if cursor is None:
        return None
    try:
        changed, name = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if type(changed) is int and type(name) is str:
            return changed, name
    except (binascii.Error, ValueError, TypeError, RecursionError):
        pass
    raise BadRequest(Misfit("cursor", "`next` of the page before", json.dumps(cursor[:60])))


IMAGES = obj({"images": list_of(ref("Picture")), "next": maybe(TEXT)})

OPERATIONS = (
    Operation(
        "GET", "/images", list_images, "List files, newest first", "images", (OWN, LIMIT, CURSOR), answers={200: IMAGES}
    ),
    Operation(
        "GET",
        "/images/{type}/{name}/thumbnail",
        get_thumbnail,
        "A small version of a picture",
        "images",
        (IN_PATH, NAME, SIDE),
        answers={200: {"type": "string", "contentMediaType": "image/webp"}},
        errors=(413, 415),
        media="image/webp",
    ),
)
