"""ComfyUI's history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from engine.compat.views import history_entry
from engine.queue.jobs import JobRow, State
from web.answers import Refusal, dumped, read_object
from web.comfy.keys import ENDED
from web.comfy.prompt import ids_of
from web.keys import SERVICE

OVER: tuple[State, ...] = ("success", "error", "cancelled", "parked")
MOST = 1000
"""Jobs in one answer; the newest, where no offset is given."""


async def listed(request: web.Request) -> web.Response:
    """GET /history?max_items=&offset= : the oldest first; without an offset, or with a negative one, the last."""
    limit = min(whole(request, "max_items", MOST), MOST)
    offset = whole(request, "offset", -1, lowest=None)
    queue = request.app[SERVICE].queue
    if limit <= 0:
        return await _told(request, ())
    if offset >= 0:
        return await _told(request, await queue.history(limit, offset, OVER, newest=False))
    return await _told(request, (await queue.history(limit, 0, OVER))[::-1])


async def one(request: web.Request) -> web.Response:
    """GET /history/{prompt_id}: `{}` while it has not ended, or is not known."""
    row = await request.app[SERVICE].queue.job(request.match_info["prompt_id"])
    return await _told(request, [row] if row is not None and row.state in OVER else ())


async def change(request: web.Request) -> web.Response:
    """POST /history {clear, delete}"""
    queue, body = request.app[SERVICE].queue, await read_object(request)
    if body.get("clear"):
        await queue.clear_history()
    if ids := ids_of(body, "delete"):
        await queue.delete_history(ids)
    return web.Response()


async def _told(request: web.Request, rows: Sequence[JobRow]) -> web.Response:
    queue, ended = request.app[SERVICE].queue, request.app[ENDED]
    ids = [row.id for row in rows]
    bodies, results = await queue.bodies(ids), await queue.results_of(ids)
    entries: dict[str, Any] = {}
    for row in rows:
        if (body := bodies.get(row.id)) is not None:
            messages = await ended.messages(queue, row, body)
            entries[row.id] = history_entry(row, body, results.get(row.id, {}), messages)
    text = await asyncio.to_thread(dumped, entries) if len(entries) > 1 else dumped(entries)
    return web.Response(body=text, content_type="application/json")


def whole(request: web.Request, name: str, default: int, lowest: int | None = 0) -> int:
    """A whole number of the query."""
    text = request.query.get(name)
    if text is None or text == "":
        return default
    try:
        value = int(text)
    except ValueError as wrong:
        raise Refusal(400, "bad_number", f"{name} must be a whole number, not {text[:40]!r}.") from wrong
    if not -(2**53) < value < 2**53:
        raise Refusal(400, "bad_number", f"{name} is too large.")
    return value if lowest is None else max(value, lowest)


ROUTES = [
    web.get("/history", listed),
    web.get("/history/{prompt_id}", one),
    web.post("/history", change),
]
