"""The editor's settings, one JSON object in a file, and the one user there is."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from engine.files import contained
from web.answers import Refusal, answer, parsed, read_json, read_object
from web.files.storing import write
from web.files.userdata import home
from web.guard import JSON, takes

FILE = "comfy.settings.json"
LARGEST = 4 << 20
DEFAULTS: Mapping[str, Any] = {"Comfy.TutorialCompleted": True}
"""Without this, stock front ends open a dialog in place of a graph."""

log = logging.getLogger(__name__)
_lock = asyncio.Lock()


def load(root: Path) -> dict[str, Any]:
    """The settings that were stored; raises Refusal 409 when the file is damaged."""
    try:
        value, problems = parsed((root / FILE).read_bytes())
    except FileNotFoundError:
        return {}
    if problems or not isinstance(value, dict):
        raise Refusal(409, "damaged_settings", f"{root / FILE} is damaged; mend it or delete it.")
    return value


async def every(request: web.Request) -> web.Response:
    """All settings."""
    return answer(await asyncio.to_thread(_shown, home(request)))


async def one(request: web.Request) -> web.Response:
    """One setting; null when it is not set."""
    return answer((await asyncio.to_thread(_shown, home(request))).get(request.match_info["id"]))


def _shown(root: Path) -> dict[str, Any]:
    try:
        return {**DEFAULTS, **load(root)}
    except Refusal as damaged:
        log.warning("%s", damaged.message)
        return dict(DEFAULTS)


@takes(JSON, "text/plain")
async def change(request: web.Request) -> web.Response:
    """Set all that is sent."""
    changes = await read_object(request, limit=LARGEST)
    return await _change(request, lambda known: {**known, **changes})


@takes(JSON, "text/plain")
async def change_one(request: web.Request) -> web.Response:
    """Set one."""
    id, value = request.match_info["id"], await read_json(request, limit=LARGEST)
    return await _change(request, lambda known: {**known, id: value})


async def _change(request: web.Request, by: Callable[[dict[str, Any]], dict[str, Any]]) -> web.Response:
    """One change at a time, so that none is lost."""
    async with _lock:
        await asyncio.to_thread(_store, home(request), by)
    return web.Response()


def _store(root: Path, by: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    data = json.dumps(by(load(root)), indent=4).encode()
    if len(data) > LARGEST:
        raise Refusal(413, "body_too_large", f"All settings together may have {LARGEST >> 20} MiB.")
    write(contained(root, FILE), data, overwrite=True)


async def users(request: web.Request) -> web.Response:
    """There is one user, whose files are here."""
    return answer({"storage": "server", "migrated": True})


async def add_user(request: web.Request) -> web.Response:
    """No users are added: whoever has the token is the user."""
    raise Refusal(400, "one_user", "This server has one user; start another with its own --data for another.")
