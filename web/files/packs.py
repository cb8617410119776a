"""What installed packs serve: their routes under /api/v1/packs/NAME, their files under /extensions/NAME."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from aiohttp import web

from engine.files import contained, unfit
from engine.plugins import Loaded, Pack
from engine.routes import Route
from web.answers import Refusal, answer
from web.files.media import static_media
from web.files.send import send
from web.keys import SERVICE

BASE = "/api/v1/packs"
EDITOR = "editor.js"
"""The ES module in a pack's web folder that our editor loads (web/ui/README.md); what it imports lies in `editor/`."""

log = logging.getLogger(__name__)


def slug(name: str) -> str:
    """A pack's name as it stands in addresses."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", name.removesuffix(".py"))


def add_routes(app: web.Application, loaded: Loaded) -> None:
    """Add the routes of all packs; a pack whose routes cannot be added is named in the log, and only loses these."""
    for pack in loaded.packs:
        try:
            app.add_routes([_served(pack, route) for route in pack.routes])
        except (ValueError, RuntimeError) as error:
            log.warning("the routes of the pack %s are left out: %s", pack.name, error)


def _served(pack: Pack, route: Route) -> web.RouteDef:
    async def handler(request: web.Request) -> web.StreamResponse:
        made = await route.answer(request)
        return made if isinstance(made, web.StreamResponse) else answer(made)

    return web.RouteDef(route.method, f"{BASE}/{slug(pack.name)}{route.path}", handler, {})


def scripts(loaded: Loaded) -> list[str]:
    """The addresses of all scripts that packs add to ComfyUI's front ends."""
    return [
        f"/extensions/{slug(pack.name)}/{name}"
        for pack in loaded.packs
        if pack.web is not None
        for name in sorted(_names(pack.web))
        if name.endswith(".js") and name != EDITOR and not name.startswith("editor/")
    ]


def editor_module(pack: Pack) -> str | None:
    """The address of what a pack adds to our editor."""
    there = pack.web is not None and (pack.web / EDITOR).is_file()
    return f"/extensions/{slug(pack.name)}/{EDITOR}" if there else None


def _names(folder: Path) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        inside = (Path(parent, name).relative_to(folder).as_posix() for name in names)
        yield from (name for name in inside if unfit(name) is None)


async def static(request: web.Request) -> web.StreamResponse:
    """A file of a pack's web folder."""
    named, path = request.match_info["pack"], request.match_info["path"]
    folder = next((p.web for p in request.app[SERVICE].loaded.packs if slug(p.name) == named and p.web), None)
    file = None if folder is None else await asyncio.to_thread(contained, folder, path)
    if file is None or not await asyncio.to_thread(file.is_file):
        raise Refusal(404, "not_found", f"There is no file {path!r:.200} of a pack {named!r:.100}.")
    return await send(file, media=static_media)
