"""ComfyUI's lists of model files."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from aiohttp import web

from engine.files import FileProblem, Library, contained
from engine.folders import OWN_KINDS, kind_named
from web.answers import Refusal, answer
from web.files.send import send_made
from web.keys import SERVICE
from web.pictures import encoded, in_background

HIDDEN = ("configs",)
"""Kinds that its browser of models does not show."""
PICTURES = (".preview.png", ".png", ".preview.jpg", ".jpg", ".jpeg", ".webp")
"""What people keep beside a model to know it by."""
SIDE = 512


async def kinds(request: web.Request) -> web.Response:
    """GET /models"""
    return answer([kind for kind in request.app[SERVICE].library.folders if kind not in OWN_KINDS])


async def names(request: web.Request) -> web.Response:
    """GET /models/{folder}"""
    library, kind = _asked(request)
    return answer(await asyncio.to_thread(library.names, kind))


async def embeddings(request: web.Request) -> web.Response:
    """GET /embeddings: names as prompts use them."""
    found = await asyncio.to_thread(request.app[SERVICE].library.names, "embeddings")
    return answer([str(PurePosixPath(name).with_suffix("")) for name in found])


async def folders(request: web.Request) -> web.Response:
    """GET /experiment/models: the server's own paths are left out, the number of folders stays."""
    told = request.app[SERVICE].library.folders.items()
    shown = [(kind, roots) for kind, roots in told if kind not in (*OWN_KINDS, *HIDDEN)]
    return answer([{"name": kind, "folders": [root.name for root in roots]} for kind, roots in shown])


async def files(request: web.Request) -> web.Response:
    """GET /experiment/models/{folder}"""
    library, kind = _asked(request)
    return answer(await asyncio.to_thread(lambda: list(_described(library, kind))))


def _described(library: Library, kind: str) -> Iterator[dict[str, Any]]:
    roots = library.folders[kind_named(kind)]
    for name in library.names(kind):
        at = next((i for i, root in enumerate(roots) if (root / name).exists()), None)
        if at is None:
            continue
        try:
            stat = (roots[at] / name).stat()
        except OSError:
            continue
        size = {"modified": stat.st_mtime, "created": stat.st_ctime, "size": stat.st_size}
        yield {"name": name, "pathIndex": at, **size}


async def preview(request: web.Request) -> web.StreamResponse:
    """GET /experiment/models/preview/{folder}/{path_index}/{filename}: the picture beside a model."""
    library, kind = _asked(request)
    roots, at = library.folders[kind_named(kind)], request.match_info["path_index"]
    if not re.fullmatch("[0-9]{1,4}", at) or int(at) >= len(roots):
        raise Refusal(404, "not_found", "There is no such folder of models.")
    name = request.match_info["filename"]
    path = await asyncio.to_thread(_picture, library, kind, roots[int(at)], name)
    if path is None:
        raise Refusal(404, "not_found", f"There is no picture of {name!r:.200}.")
    made = await in_background(encoded, path, "WEBP", side=SIDE)
    return send_made(request, made, path.name)


def _picture(library: Library, kind: str, root: Path, name: str) -> Path | None:
    try:
        library.path(kind, name)
        beside = [contained(root, str(PurePosixPath(name).with_suffix("")) + suffix) for suffix in PICTURES]
    except FileProblem:
        return None
    return next((path for path in beside if path.is_file()), None)


def _asked(request: web.Request) -> tuple[Library, str]:
    library, kind = request.app[SERVICE].library, request.match_info["folder"]
    if kind_named(kind) not in library.folders or kind in OWN_KINDS:
        raise Refusal(404, "not_found", f"There is no folder of models {kind!r:.100}.")
    return library, kind


ROUTES = [
    web.get("/models", kinds),
    web.get("/models/{folder}", names),
    web.get("/embeddings", embeddings),
    web.get("/experiment/models", folders),
    web.get("/experiment/models/preview/{folder}/{path_index}/{filename:.+}", preview),
    web.get("/experiment/models/{folder}", files),
]
