"""What a browser sees at `/`: an editor's files when there are some, else a page that says what is going on."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from web.access import cookie_name
from web.files.media import static_media
from web.guard import ACCESS
from web.keys import EDITOR

OURS = "editor.json"
"""A file that our own editor has beside its index.html, wherever it is served from."""
FOR_EVER = "public, max-age=31536000, immutable"
"""Of files whose name holds the hash of what is in them."""
PLAIN = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def policy(host: str) -> str:
    """What the editor's page may load: everything from this server, and what it made itself; no script but files."""
    rules = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",  # libraries of the page set styles of single elements as text
        "img-src": "'self' blob: data:",
        "media-src": "'self' blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' ws://{host} wss://{host} blob:",  # older Safaris do not count sockets to 'self'
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-src": "'none'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


async def index(request: web.Request) -> web.StreamResponse:
    """The first page, never from a cache. Opened with `?token=`, it keeps that in a cookie for all that it asks for."""
    response = await _first(request)
    token = request.query.get("token")
    if token and request.app[ACCESS].token:
        name = cookie_name(request.host)
        response.set_cookie(name, token, httponly=True, samesite="Strict", secure=request.secure, path="/")
    return response


async def _first(request: web.Request) -> web.StreamResponse:
    editor = request.app[EDITOR]
    root = editor.root
    if root is None:
        headers = {"Content-Security-Policy": PLAIN, "Cache-Control": "no-store"}
        return web.Response(text=editor.page(), content_type="text/html", headers=headers)
    return await _sent(request, root, root / "index.html")


async def file(request: web.Request) -> web.StreamResponse:
    """A file of the editor."""
    root = request.app[EDITOR].root
    path = None if root is None else await asyncio.to_thread(_inside, root, request.match_info["path"])
    if root is None or path is None:
        raise web.HTTPNotFound
    return await _sent(request, root, path)


ROUTES = [web.get("/", index), web.get("/{path:.+}", file)]
"""The last ones of all: the second takes every path that is left."""


async def _sent(request: web.Request, root: Path, path: Path) -> web.FileResponse:
    """A file, or what was compressed of it beforehand."""
    ours = await asyncio.to_thread((root / OURS).is_file)
    headers = {"Content-Type": _media(path), "Cache-Control": "no-cache"}
    if ours and path.parent == root / "assets":
        headers["Cache-Control"] = FOR_EVER
    if ours and path.suffix == ".html":
        headers["Content-Security-Policy"] = policy(request.host)
    return web.FileResponse(path, headers=headers)


def _media(path: Path) -> str:
    """Never from the system's table: some systems hold scripts for text there, and browsers then refuse them."""
    media = "text/html" if path.suffix == ".html" else static_media(path)
    return f"{media}; charset=utf-8" if media.startswith("text/") else media


def _inside(root: Path, name: str) -> Path | None:
    """The file of this name, unless it is none or leads out."""
    try:
        path = (root / name).resolve()
        return path if path.is_relative_to(root.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None
