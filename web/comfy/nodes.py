"""ComfyUI's description of all node types."""

from __future__ import annotations

import asyncio

from aiohttp import web

from engine.compat.object_info import node_info
from web.answers import answer
from web.comfy.keys import CATALOGUE
from web.keys import SERVICE

EDITOR = "Comfy-User"
"""A header that ComfyUI's editors send and scripts do not."""


async def every(request: web.Request) -> web.Response:
    """GET /object_info"""
    service = request.app[SERVICE]
    editor = EDITOR in request.headers
    copy = await request.app[CATALOGUE].copy(service.registry, service.library, editor=editor)
    packed = "gzip" in request.headers.get("Accept-Encoding", "").lower()
    tag = f'"{copy.tag}{"-gzip" if packed else ""}"'
    headers = {"ETag": tag, "Vary": f"Accept-Encoding, {EDITOR}", "Cache-Control": "no-cache"}
    if tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = copy.packed if packed else copy.plain
    return web.Response(body=body, headers=headers, content_type="application/json")


async def one(request: web.Request) -> web.Response:
    """GET /object_info/{class}: `{}` for a type that is not here."""
    service, name = request.app[SERVICE], request.match_info["name"]
    definition = service.registry.get(name)
    if definition is None:
        return answer({})
    return answer({name: await asyncio.to_thread(node_info, definition, service.library.names)})


ROUTES = [web.get("/object_info", every), web.get("/object_info/{name}", one)]
