"""What a browser sees at `/`: an editor's files when there are some, else a page that says that the server runs."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from engine.settings import ROOT
from web.keys import SERVICE

BUILT = ROOT / "web" / "ui" / "dist"
"""Our own editor, when it is built."""

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Inkwater</title>
<body style="font: 1rem/1.6 system-ui, sans-serif; margin: 4rem auto; max-width: 36rem; padding: 0 1rem">
<h1>Inkwater runs</h1>
<p>No editor is installed here. The API is described at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>;
ComfyUI's clients and front ends find theirs at this address.</p>
</body></html>
"""


async def index(request: web.Request) -> web.StreamResponse:
    """The first page, never from a cache."""
    root = _root(request)
    if root is None:
        return web.Response(text=PAGE, content_type="text/html")
    return web.FileResponse(root / "index.html", headers={"Cache-Control": "no-cache"})


async def file(request: web.Request) -> web.StreamResponse:
    """A file of the editor."""
    root = _root(request)
    path = None if root is None else _inside(root, request.match_info["path"])
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path)


ROUTES = [web.get("/", index), web.get("/{path:.+}", file)]
"""The last ones of all: the second takes every path that is left."""


def _root(request: web.Request) -> Path | None:
    chosen = request.app[SERVICE].settings.front_end_root
    return chosen or (BUILT if (BUILT / "index.html").is_file() else None)


def _inside(root: Path, name: str) -> Path | None:
    """The file of this name, unless it is none or leads out."""
    try:
        path = (root / name).resolve()
        return path if path.is_relative_to(root.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None
