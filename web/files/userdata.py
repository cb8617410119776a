"""The editor's files of its user: workflows, templates, style; in ComfyUI's layout, under `user/default`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.files import FileProblem, contained
from engine.service.threads import off
from web.answers import Refusal, answer, read_body
from web.files import versions
from web.files.send import send
from web.files.stock import told_stock
from web.files.storing import part_of, place, write
from web.guard import JSON, takes
from web.keys import SERVICE

LARGEST_FILE = 64 << 20
MOST_LISTED = 50_000
BOOKMARKS = ".index.json"
"""The one hidden name that stock front ends use."""


def home(request: web.Request) -> Path:
    """The folder of the one user."""
    return request.app[SERVICE].settings.user_folder / "default"


def place_of(root: Path, name: str) -> Path:
    """Where a user's file is, or would be written; raises FileProblem."""
    folder, _, last = name.rpartition("/")
    if last == BOOKMARKS:
        return (contained(root, folder) if folder else root) / last
    return contained(root, name)


def described(path: Path, root: Path) -> dict[str, Any]:
    """What is told of a file: path, bytes, times in milliseconds."""
    stat = path.stat()
    times = {"modified": int(stat.st_mtime * 1000), "created": int(stat.st_ctime * 1000)}
    return {"path": path.relative_to(root).as_posix(), "size": stat.st_size, **times}


def _yes(request: web.Request, name: str, default: str = "false") -> bool:
    return request.query.get(name, default).lower() not in ("false", "0", "")


async def listed(request: web.Request) -> web.Response:
    """The files of a folder: names, parts of names (split), or with size and times (full_info)."""
    if not request.query.get("dir"):
        raise Refusal(400, "no_folder", "Say which folder: /userdata?dir=workflows.")
    root, folder = home(request), request.query["dir"].strip("/")
    found = await asyncio.to_thread(_listed, root, folder, _yes(request, "recurse"))
    if _yes(request, "full_info"):
        return answer(found)
    names = [row["path"] for row in found]
    return answer([[name, *name.split("/")] for name in names] if _yes(request, "split") else names)


def _listed(root: Path, folder: str, deep: bool) -> list[dict[str, Any]]:
    home = contained(root, folder) if folder else root.resolve()
    return sorted((described(path, home) for path in _files(home, deep)), key=lambda row: str(row["path"]))


def _files(folder: Path, deep: bool) -> Iterator[Path]:
    """Files that are no links, up to MOST_LISTED; hidden ones are left out."""
    count = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if deep and not name.startswith(".")]
        for path in (Path(parent, name) for name in names if not name.startswith(".")):
            if path.is_file() and not path.is_symlink() and (count := count + 1) <= MOST_LISTED:
                yield path


async def listed_v2(request: web.Request) -> web.Response:
    """The files and folders directly in a folder."""
    root, path = home(request), request.query.get("path", "").strip("/")
    return answer(await asyncio.to_thread(_entries, root, path))


def _entries(root: Path, path: str) -> list[dict[str, Any]]:
    folder = contained(root, path) if path else root.resolve()
    if path and not folder.is_dir():
        raise _missing(path)
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError:
        return []
    rows: list[dict[str, Any]] = []
    for file in (folder / name for name in names[:MOST_LISTED]):
        if file.is_symlink() or not (file.is_dir() or file.is_file()):
            continue
        about = described(file, root.resolve())
        kind = {"type": "directory"} if file.is_dir() else {"type": "file", "size": about["size"]}
        times = {"modified": about["modified"], "created": about["created"]}
        rows.append({"name": file.name, "path": about["path"], **kind, **times})
    return rows


def _missing(name: str) -> Refusal:
    return Refusal(404, "not_found", f"There is no {name!r:.200} among the user's files.")


async def read(request: web.Request) -> web.StreamResponse:
    """One file, as a download; a workflow that our own editor saved is told in the form that stock front ends open."""
    name, root = request.match_info["file"], home(request)
    path = await asyncio.to_thread(_found, root, name)
    if versions.name_of(root, path) is not None:
        told = await off(told_stock, path, request.app[SERVICE].registry)
        if told is not None:
            return web.Response(body=told, content_type="application/json")
    return await send(path, download=True)


def _found(root: Path, name: str) -> Path:
    path = place_of(root, name)
    if not path.is_file() or path.is_symlink():
        raise _missing(name)
    return path


@takes(JSON, "text/plain", "application/octet-stream")
async def store(request: web.Request) -> web.Response:
    """Write a file; with overwrite=false one that is there stays, and the answer is 409."""
    root, name = home(request), request.match_info["file"]
    target = await asyncio.to_thread(place_of, root, name)
    data = await read_body(request, LARGEST_FILE)
    overwrite = _yes(request, "overwrite", "true")
    if overwrite:
        await asyncio.to_thread(versions.keep, root, target)
    if not await asyncio.to_thread(write, target, data, overwrite=overwrite):
        raise _taken(name)
    return answer(await asyncio.to_thread(_told, target, root, _yes(request, "full_info")))


def _told(path: Path, root: Path, full: bool) -> Any:
    about = described(path.resolve(), root.resolve())
    return about if full else about["path"]


def _taken(name: str) -> Refusal:
    return Refusal(409, "name_taken", f"There is a {name!r:.200} already; overwrite=true replaces it.")


async def remove(request: web.Request) -> web.Response:
    """Delete one file; of a workflow the versions stay, this one among them."""
    root = home(request)
    path = await asyncio.to_thread(_found, root, request.match_info["file"])
    await asyncio.to_thread(versions.keep, root, path)
    await asyncio.to_thread(path.unlink, missing_ok=True)
    return web.Response(status=204)


async def move(request: web.Request) -> web.Response:
    """Give a file another name; 409 when that is taken, unless overwrite is not "false"."""
    root, source, dest = home(request), request.match_info["file"], request.match_info["dest"]
    moved = await asyncio.to_thread(_move, root, source, dest, _yes(request, "overwrite", "true"))
    return answer(await asyncio.to_thread(_told, moved, root, _yes(request, "full_info")))


def _move(root: Path, source: str, dest: str, overwrite: bool) -> Path:
    path, target = _found(root, source), place_of(root, dest)
    with part_of(target.parent):
        pass
    if path == target:
        return target
    if overwrite:
        versions.keep(root, target)
    if not place(path, target, overwrite=overwrite):
        raise _taken(dest)
    path.unlink(missing_ok=True)
    versions.follow(root, path, target)
    return target


async def style(request: web.Request) -> web.StreamResponse:
    """The user's own style sheet; empty when there is none."""
    try:
        path = await asyncio.to_thread(_found, home(request), "user.css")
    except (Refusal, FileProblem):
        return web.Response(content_type="text/css", charset="utf-8")
    return await send(path, media=lambda path: "text/css")
