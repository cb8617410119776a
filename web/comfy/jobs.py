"""The jobs of ComfyUI's newer editors: one list in place of queue and history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from engine.compat.views import STATES, job, job_details, jobs_page
from engine.queue.jobs import Body, JobRow, State
from web.answers import answer, dumped, read_object
from web.comfy.keys import ENDED
from web.comfy.prompt import ids_of
from web.keys import SERVICE

MOST = 1000
"""Jobs in one answer."""
LOOKED_AT = 5000
"""Jobs that are sorted or searched; of more, the newest."""

Key = Callable[[JobRow], float]
SORTS: Mapping[str, Key] = {
    "created_at": lambda row: row.serial,
    "execution_duration": lambda row: (row.ended or 0.0) - row.started if row.started and row.ended else 0.0,
}
ORDERS = ("asc", "desc")


class _Wrong(Exception):
    """A parameter that cannot be used."""


async def listed(request: web.Request) -> web.Response:
    """GET /jobs?status=&workflow_id=&limit=&offset=&sort_by=&sort_order="""
    query = request.query
    try:
        states = _states(query.get("status"))
        limit, offset = _whole(query.get("limit"), "limit", 1), _whole(query.get("offset"), "offset", 0) or 0
        key = SORTS[_one_of(query.get("sort_by"), "sort_by", tuple(SORTS))]
        newest = _one_of(query.get("sort_order"), "sort_order", ("desc", *ORDERS)) == "desc"
    except _Wrong as wrong:
        return answer({"error": str(wrong)}, 400)
    queue, workflow = request.app[SERVICE].queue, query.get("workflow_id")
    most = min(limit or MOST, MOST)
    plain = key is SORTS["created_at"] and newest and not workflow
    rows = await queue.page(offset + most if plain else LOOKED_AT, states=states)
    total = sum(queue.counts().get(state, 0) for state in states)
    if workflow:
        bodies = await queue.bodies([row.id for row in rows])
        rows = [row for row in rows if row.id in bodies and _workflow(bodies[row.id]) == workflow]
        total = len(rows)
    rows.sort(key=key, reverse=newest)
    page = rows[offset : offset + most]
    results = await queue.results_of([row.id for row in page])
    value = jobs_page([job(row, results.get(row.id, {})) for row in page], offset, limit, total)
    return web.Response(body=await asyncio.to_thread(dumped, value), content_type="application/json")


async def one(request: web.Request) -> web.Response:
    """GET /jobs/{id}"""
    queue, id = request.app[SERVICE].queue, request.match_info["id"]
    row, body = await queue.job(id), await queue.body(id)
    if row is None or body is None:
        return answer({"error": "Job not found"}, 404)
    messages = await request.app[ENDED].messages(queue, row, body)
    return answer(job_details(row, body, await queue.results(id), messages))


async def cancel(request: web.Request) -> web.Response:
    """POST /jobs/{id}/cancel"""
    service, id = request.app[SERVICE], request.match_info["id"]
    if await service.queue.job(id) is None:
        return answer({"error": "Job not found"}, 404)
    return answer({"id": id, "cancelled": await service.cancel(id)})


async def cancel_some(request: web.Request) -> web.Response:
    """POST /jobs/cancel {job_ids}"""
    service = request.app[SERVICE]
    ids = ids_of(await read_object(request), "job_ids")
    return answer({"cancelled": [id for id in ids if await service.cancel(id)]})


def _states(text: str | None) -> tuple[State, ...]:
    asked = [part.strip() for part in text.split(",") if part.strip()] if text else list(STATES)
    unknown = [part for part in asked if part not in STATES]
    if unknown:
        raise _Wrong(f"status must be one or more of {', '.join(STATES)}, not {unknown[0][:40]!r}")
    return tuple(state for status in dict.fromkeys(asked) for state in STATES[status])


def _whole(text: str | None, name: str, lowest: int) -> int | None:
    if text is None or text == "":
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 12 or int(text) < lowest:
        raise _Wrong(f"{name} must be a whole number of at least {lowest}")
    return int(text)


def _one_of(text: str | None, name: str, known: tuple[str, ...]) -> str:
    if text is None or text == "":
        return known[0]
    if text not in known:
        raise _Wrong(f"{name} must be one of {', '.join(dict.fromkeys(known))}")
    return text


def _workflow(body: Body) -> Any:
    info = body.extra.get("extra_pnginfo")
    workflow = info.get("workflow") if isinstance(info, Mapping) else None
    return workflow.get("id") if isinstance(workflow, Mapping) else None


ROUTES = [
    web.get("/jobs", listed),
    web.post("/jobs/cancel", cancel_some),
    web.get("/jobs/{id}", one),
    web.post("/jobs/{id}/cancel", cancel),
]
