"""Pictures of models: those that people keep beside the files, as other tools write them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from engine.files import Library
from engine.folders import kind_named
from engine.service.threads import off
from web.answers import Refusal
from web.api.operation import BASE, Call
from web.api.state import STATE
from web.files.send import send_made

SUFFIXES = (".preview.png", ".preview.jpg", ".preview.jpeg", ".preview.webp", ".png", ".jpg", ".jpeg", ".webp")
"""Behind a model's name without its own suffix; the first that is there."""


async def get_preview(call: Call) -> web.StreamResponse:
    """A small WebP version of the picture beside a model's file: NAME.preview.png, NAME.png and others."""
    place = await off(_picture, call.service.library, call["kind"], call["name"])
    made = await call.request.app[STATE].thumbnails.of(place, call["side"])
    return send_made(call.request, made, f"{place.stem}.webp")


def preview_url(kind: str, name: str, place: Path) -> str | None:
    """Where the picture of a model is; None without one."""
    return f"{BASE}/models/{quote(kind)}/{quote(name)}/preview" if _beside(place) else None


def _picture(library: Library, kind: str, name: str) -> Path:
    """The picture of a model; raises FileProblem, Refusal: 404."""
    found = _beside(library.path(kind_named(kind), name))
    if found is None:
        raise Refusal(404, "no_preview", f"There is no picture beside {name[:200]!r}.")
    return found


def _beside(place: Path) -> Path | None:
    """The picture beside a model; a link is none, because it may lead out of the folder."""
    pictures = (place.with_name(place.stem + suffix) for suffix in SUFFIXES)
    return next((p for p in pictures if p.is_file() and not p.is_symlink()), None)
