"""What goes over the wire as JSON: bodies read within limits, answers, and refusals in one sentence."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from engine.graph.jsontext import HIGHEST, LARGEST, LOWEST, MOST_VALUES, Unreadable, flaw, parse
from engine.graph.problems import Problem
from engine.graph.sentences import tell
from engine.service.problems import problem_json

INLINE = 32 << 10
"""Bytes of JSON up to which it is parsed at once; more is parsed in a thread."""

PATIENCE = 20.0
SLOWEST = 16 << 10
"""A body may take PATIENCE seconds, and a second more for each SLOWEST bytes that have come."""

NOTHING: Final = object()

_SUSPECT = re.compile(rb"NaN|Infinity|\\u[dD]|[0-9]{19}|[eE]\+?[0-9]{3}")
"""What a text of JSON has in it wherever it has a value that cannot be used."""


class Refusal(Exception):
    """A request that is refused: the HTTP status, a code, one sentence, and problems where there are several."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        problems: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.problems = problems
        self.headers = dict(headers or {})


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON; numbers that JSON does not have become null."""
    return web.Response(body=dumped(value), status=status, headers=headers, content_type="application/json")


def dumped(value: Any) -> bytes:
    """A value as the bytes of JSON, in ASCII; NaN and the infinities become null."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(v) for key, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value


def refused(refusal: Refusal, path: str) -> web.Response:
    """The answer to a refused request: our own form under /api/v1, else ComfyUI's."""
    code, message, problems = refusal.code, refusal.message, list(refusal.problems)
    if path == "/api/v1" or path.startswith("/api/v1/"):
        value: Any = {"error": {"code": code, "message": message, "problems": problems}}
    else:
        error = {"type": code, "message": message, "details": "", "extra_info": {"problems": problems}}
        value = {"error": error, "node_errors": {}}
    return answer(value, refusal.status, refusal.headers)


async def read_json(request: web.Request, *, limit: int = LARGEST, empty: Any = NOTHING) -> Any:
    """The JSON of a request's body: at most 64 levels deep, finite numbers of 64 bits, no key twice.

    Args:
        limit: bytes, at most 64 MiB. empty: what no body stands for; without it, a body there must be.

    Raises Refusal: 400, 408 (too slow), 413.
    """
    data = await read_body(request, min(limit, LARGEST))
    if not data.strip():
        if empty is not NOTHING:
            return empty
        raise Refusal(400, "no_body", "The request has no body; send JSON.")
    value, problems = parsed(data) if len(data) <= INLINE else await asyncio.to_thread(parsed, data)
    if problems:
        raise Refusal(400, problems[0].code, _told(problems[0]), [told(p) for p in problems[:20]])
    return value


async def read_object(request: web.Request, *, limit: int = LARGEST, empty: Any = NOTHING) -> dict[str, Any]:
    """As `read_json`, and it must be an object."""
    value = await read_json(request, limit=limit, empty=empty)
    if not isinstance(value, dict):
        raise Refusal(400, "not_an_object", f"The body is {_kind(value)}; send a JSON object: {{…}}.")
    return value


def parsed(data: bytes) -> tuple[Any, list[Problem]]:
    """The value of a text of JSON, and all that forbids using it."""
    value, problems = parse(data)
    suspect = not problems and (_SUSPECT.search(data) is not None or data.count(b",") >= MOST_VALUES)
    if suspect and (found := flaw(value)) is not None:
        where = _where(value)
        problems = [Problem(found[0], {**found[1], **({"at": where} if where else {})})]
    return value, problems


def told(problem: Problem) -> dict[str, Any]:
    """A problem as JSON."""
    return {**problem_json(problem), "message": _told(problem)}


def _told(problem: Problem) -> str:
    at = problem.args.get("at")
    text = tell(problem.code, problem.args)
    return f"At {at}: {text}" if isinstance(at, str) and at else text[:1].upper() + text[1:]


def _where(value: Any) -> str:
    """The place of the first number that cannot be used, as "prompt.3.inputs.seed"."""
    todo: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while todo:
        v, path = todo.pop()
        wrong = isinstance(v, Unreadable) or (isinstance(v, int) and not LOWEST <= v <= HIGHEST)
        if wrong:
            return ".".join(part[:40] for part in path)
        items = v.items() if isinstance(v, dict) else enumerate(v) if isinstance(v, list) else ()
        todo += [(item, (*path, str(key))) for key, item in items]
    return ""


def _kind(value: Any) -> str:
    kinds = {list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


async def read_body(request: web.Request, limit: int) -> bytes:
    """All bytes of the body; raises Refusal: 408 when they come too slowly, 413 beyond `limit`."""
    if (request.content_length or 0) > limit:
        raise too_large(limit)
    body = bytearray()
    await each_chunk(limit, lambda: request.content.readany(), body.extend)
    return bytes(body)


async def each_chunk(limit: int, read: Callable[[], Any], take: Callable[[bytes], object]) -> None:
    """Give every chunk that `read` yields to `take`, up to the empty one, within the limits of size and time."""
    loop, seen = asyncio.get_running_loop(), 0
    start = loop.time()
    async with patience() as deadline:
        while chunk := await read():
            seen += len(chunk)
            if seen > limit:
                raise too_large(limit)
            take(chunk)
            deadline.reschedule(start + PATIENCE + seen / SLOWEST)


@asynccontextmanager
async def patience() -> AsyncIterator[asyncio.Timeout]:
    """Wait for a client for PATIENCE seconds, or up to the deadline that is given; raises Refusal 408."""
    try:
        async with asyncio.timeout(PATIENCE) as deadline:
            yield deadline
    except TimeoutError:
        raise Refusal(408, "slow_body", "The body came too slowly; send it again.") from None


def too_large(limit: int) -> Refusal:
    """The refusal of a body beyond a limit in bytes."""
    shown = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
    return Refusal(413, "body_too_large", f"The body is larger than {shown}, the most that is taken here.")
