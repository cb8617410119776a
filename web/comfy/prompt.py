"""ComfyUI's routes that act: prompts in, the queue, interrupt, free."""

from __future__ import annotations

import asyncio
import contextlib
import math
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web

from engine.compat.errors import (
    NO_OUTPUTS,
    NO_PROMPT,
    class_type,
    error,
    no_type,
    node_errors,
    refusal,
    sinks,
    unknown_type,
)
from engine.compat.views import number, queue_item
from engine.graph.registry import Registry
from engine.queue.jobs import JobRow, QueueProblem
from engine.service.errors import BadName, IdTaken, ServiceBusy
from engine.service.service import Service, Submitted
from engine.worker.channel import ChannelError
from engine.workflow.error import WorkflowError
from web.answers import Refusal, answer, dumped, read_object
from web.comfy.keys import CONDUCTOR
from web.keys import SERVICE

MOST_LISTED = 1000
"""Jobs that wait and are listed with their graphs; the number of all is in `queue_remaining`."""
MOST_IDS = 10_000
SMALL = 200
"""Nodes up to which a prompt is looked at in the event loop."""
PLACELESS = ("mute",)
"""Modes of nodes that are left out before the types are looked at."""

Json = dict[str, Any]
T = TypeVar("T")


async def state(request: web.Request) -> web.Response:
    """GET /prompt"""
    return answer({"exec_info": {"queue_remaining": request.app[CONDUCTOR].remaining()}})


async def submit(request: web.Request) -> web.Response:
    """POST /prompt"""
    body = await read_object(request)
    prompt = body.get("prompt")
    if prompt is None:
        return _refused(NO_PROMPT)
    if not isinstance(prompt, Mapping):
        return _refused(error("invalid_prompt", "The prompt must be an object of nodes by id."))
    service = request.app[SERVICE]
    if (wrong := await _aside(prompt, _unfit, prompt, service.registry)) is not None:
        return _refused(wrong)
    targets = await _aside(prompt, _targets, body, prompt, service.registry)
    if targets is not None and not targets:
        return _refused(NO_OUTPUTS)
    try:
        made = await _submitted(request, body, prompt, targets)
    except WorkflowError as problem:
        if not problem.problems:
            return _refused(error("invalid_prompt", str(problem)))
        return answer(await _aside(prompt, refusal, problem.problems, prompt, service.registry, targets), 400)
    except (BadName, IdTaken) as problem:
        return _refused(error(problem.code, str(problem)))
    errors = await _aside(prompt, node_errors, made.checked.errors, prompt, service.registry, targets)
    return answer({"prompt_id": made.row.id, "number": number(made.row), "node_errors": errors})


async def _aside(prompt: Mapping[str, Any], look: Callable[..., T], *args: Any) -> T:
    """Look at a prompt, in a thread where there is much to look at."""
    return look(*args) if len(prompt) <= SMALL else await asyncio.to_thread(look, *args)


async def _submitted(
    request: web.Request, body: Json, prompt: Mapping[str, Any], targets: list[str] | None
) -> Submitted:
    """The job in the queue; the conductor knows its client before its first event."""
    service, conductor = request.app[SERVICE], request.app[CONDUCTOR]
    id, client = _text(body, "prompt_id") or str(uuid.uuid4()), _text(body, "client_id")
    extra = body.get("extra_data")
    expected = conductor.expect(id, client)
    made: Submitted | None = None
    try:
        made = await service.submit(
            prompt,
            id=id,
            client=client,
            targets=targets,
            number=_number(body),
            front=bool(body.get("front")),
            extra=extra if isinstance(extra, Mapping) else None,
        )
        return made
    except QueueProblem as problem:
        raise unavailable(problem) from problem
    finally:
        if expected and (made is None or not made.new):
            conductor.forget(id)


def unavailable(problem: QueueProblem) -> Refusal:
    """What is told when the queue cannot be written: without the server's paths."""
    if problem.code == "disk_full":
        return Refusal(507, "disk_full", "The server's disk is full: free some space, then send it again.")
    return Refusal(503, "queue_unavailable", "The queue cannot be written now; the server's log says why.")


def _unfit(prompt: Mapping[str, Any], registry: Registry) -> Json | None:
    """The error of a prompt that names a node type which is not here, or has a node without one."""
    if isinstance(prompt.get("nodes"), list) and "class_type" not in prompt:
        return None  # an editor's own format: its reader says what is wrong with it
    for id, entry in prompt.items():
        if id == "_workflow":
            continue
        if not isinstance(entry, Mapping) or not isinstance(entry.get("class_type"), str):
            return no_type(id)
        type, meta = class_type(prompt, id), entry.get("_meta")
        muted = isinstance(meta, Mapping) and meta.get("mode") in PLACELESS
        if type not in registry and not type.startswith("subgraph:") and not muted:
            return unknown_type(id, type)
    return None


def _targets(body: Json, prompt: Mapping[str, Any], registry: Registry) -> list[str] | None:
    """The outputs that were asked for; None for all. Ids that are no outputs are left out, as ComfyUI does."""
    asked = body.get("partial_execution_targets")
    if asked is None:
        return None
    if not isinstance(asked, list) or not all(isinstance(id, str | int) for id in asked):
        raise Refusal(400, "invalid_prompt", "partial_execution_targets must be a list of node ids.")
    wanted = set(map(str, asked))
    return [id for id in sinks(prompt, registry) if id in wanted]


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refusal(400, "invalid_prompt", f"{name} must be text.")
    return value


def _number(body: Json) -> float | None:
    value = body.get("number")
    if value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise Refusal(400, "invalid_prompt", "number must be a number.")
    return found


def _refused(error: Json) -> web.Response:
    return answer({"error": error, "node_errors": {}}, 400)


async def queue(request: web.Request) -> web.Response:
    """GET /queue"""
    service = request.app[SERVICE]
    running, pending = await service.queue.running(), await service.queue.queued(MOST_LISTED)
    bodies = await service.queue.bodies([row.id for row in (*running, *pending)])

    def items(rows: list[JobRow]) -> list[Any]:
        return [queue_item(row, bodies[row.id]) for row in rows if row.id in bodies]

    value = {"queue_running": items(running), "queue_pending": items(pending)}
    return web.Response(body=await asyncio.to_thread(dumped, value), content_type="application/json")


async def change_queue(request: web.Request) -> web.Response:
    """POST /queue {clear, delete}"""
    service, body = request.app[SERVICE], await read_object(request)
    if body.get("clear"):
        await service.queue.clear_queue()
    if ids := ids_of(body, "delete"):
        await service.queue.cancel_queued(ids)
    return web.Response()


async def interrupt(request: web.Request) -> web.Response:
    """POST /interrupt {prompt_id?}"""
    body = await read_object(request, empty={})
    await request.app[SERVICE].interrupt(_text(body, "prompt_id") or None)
    return web.Response()


async def free(request: web.Request) -> web.Response:
    """POST /free {unload_models?, free_memory?}; a worker that is just starting holds nothing."""
    body = await read_object(request, empty={})
    weights, cache = bool(body.get("unload_models")), bool(body.get("free_memory"))
    if weights or cache:
        await _freed(request.app[SERVICE], weights or cache, cache)
    return web.Response()


async def _freed(service: Service, weights: bool, cache: bool) -> None:
    with contextlib.suppress(ServiceBusy, ChannelError):
        await service.ask("free", weights=weights, cache=cache)


def ids_of(body: Json, name: str) -> list[str]:
    """A list of jobs in a body."""
    ids = body.get(name) or []
    if not isinstance(ids, list) or len(ids) > MOST_IDS or not all(isinstance(id, str) for id in ids):
        raise Refusal(400, "bad_ids", f"{name} must be a list of job ids, {MOST_IDS:,} at most.")
    return ids


ROUTES = [
    web.get("/prompt", state),
    web.post("/prompt", submit),
    web.get("/queue", queue),
    web.post("/queue", change_queue),
    web.post("/interrupt", interrupt),
    web.post("/free", free),
]
