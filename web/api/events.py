"""What happens: server-sent events and a websocket, each from any number on."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from engine.queue.codec import dumps, to_json
from engine.queue.log import Logged
from engine.run.events import JobFinished, Preview
from engine.service.follow import PAGE, follow
from engine.service.hub import Filter, Item, Live, Notice
from engine.service.service import Service
from web.api.operation import Call, Operation, Parameter, flag, number, query
from web.api.schema import NOTHING, TEXT, WHOLE, told
from web.api.state import STATE

BEAT = 15.0
"""Seconds without events after which a sign of life is sent."""
STUCK = 30.0
"""Seconds for which a reader may take nothing; then it is let go, and comes back with its last number."""
WORDS = 100
"""Messages that a client may send on the websocket: nothing is asked of it."""
LARGEST_WORD = 4096
ATTEMPTS = 20
"""Looks for a moment in which nothing is told, to repeat the progress of what runs; then it is left to come anew."""

Told = Item | Mapping[str, Any]

AFTER = number("after", "The last number that is known: all after it is repeated. Left out: what happens from now on.")
LAST = Parameter(
    "Last-Event-ID",
    told(WHOLE, "The same, as browsers send it when they come back; it counts before `after`."),
    "header",
    parse=AFTER.parse,
)
JOB = query("job", TEXT, "Only what happens to this job; the stream ends with it.")
PREVIEWS = flag("previews", "Previews too.")
FOLLOW = flag("follow", "Go on with what happens; 0 ends after what was.", True)


async def stream_events(call: Call) -> web.StreamResponse:
    """Events as they happen, one a message, with their number as the id; comments are signs of life.

    204: the job has ended, and nothing is left to tell.
    """
    since = call["after"] if call["Last-Event-ID"] is None else call["Last-Event-ID"]
    if await _over(call.service, call["job"]) and not await _left(call.service, since, call["job"]):
        return web.Response(status=204)  # browsers do not come back after this
    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(call.request)
    meter = call.request.app[STATE].meter
    with meter.stream("sse"), suppress(ConnectionError):
        await _written(call, response, b"retry: 1000\n\n")
        items = watched(call.service, since, call["job"], call["previews"], call["follow"])
        async with aclosing(items):
            async for some in items:
                await _written(call, response, b"".join(map(message, some)) or b":\n\n")
        await response.write_eof()
    return response


async def _written(call: Call, response: web.StreamResponse, data: bytes) -> None:
    """Send; a reader that takes nothing is let go."""
    try:
        async with asyncio.timeout(STUCK):
            await response.write(data)
    except TimeoutError:
        if call.request.transport is not None:
            call.request.transport.abort()
        raise ConnectionResetError("it takes nothing") from None


def message(item: Told) -> bytes:
    """An item as one message of a stream."""
    id = b"id: %d\n" % item.seq if isinstance(item, Logged) else b""
    return b"%sdata: %s\n\n" % (id, text_of(item).encode())


async def open_socket(call: Call) -> web.StreamResponse:
    """Events as they happen, one a text message; previews are binary: four bytes of length, JSON, the picture."""
    socket = web.WebSocketResponse(heartbeat=BEAT, max_msg_size=LARGEST_WORD, compress=False)
    await socket.prepare(call.request)
    with call.request.app[STATE].meter.stream("websocket"):
        told = asyncio.ensure_future(_tell(call, socket))
        try:
            await _listen(socket)
        finally:
            told.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await told
    return socket


async def _tell(call: Call, socket: web.WebSocketResponse) -> None:
    items = watched(call.service, call["after"], call["job"], call["previews"], call["follow"])
    try:
        async with aclosing(items):
            async for some in items:
                for item in some:
                    async with asyncio.timeout(STUCK):
                        await _sent(socket, item)
        await socket.close(code=WSCloseCode.GOING_AWAY if call["follow"] else WSCloseCode.OK)
    except TimeoutError:
        if call.request.transport is not None:
            call.request.transport.abort()


async def _sent(socket: web.WebSocketResponse, item: Told) -> None:
    if isinstance(item, Live) and isinstance(item.event, Preview):
        await socket.send_bytes(framed(item, item.event))
    else:
        await socket.send_str(text_of(item))


async def _listen(socket: web.WebSocketResponse) -> None:
    """Until the client leaves; it has nothing to say."""
    words = 0
    async for word in socket:
        words += word.type in (WSMsgType.TEXT, WSMsgType.BINARY)
        if words > WORDS:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"nothing is asked of clients here")


def framed(item: Live, preview: Preview) -> bytes:
    """A preview as a binary message: four bytes of length (big-endian), JSON, the picture."""
    head = json.dumps(json_of(item) | {"format": preview.image.format}).encode()
    return len(head).to_bytes(4, "big") + head + bytes(preview.image.data)


async def watched(
    service: Service, after: int | None, job: str | None, previews: bool = False, live: bool = True
) -> AsyncGenerator[Sequence[Told], None]:
    """Each durable event after a number, the last progress of each step, then what happens; [] as a sign of life."""
    last, attempts = after, 0
    live = live and not await _over(service, job)
    if last is not None and last < service.queue.forgotten:
        yield [{"kind": "Forgotten", "until": service.queue.forgotten}]
    while last is not None and attempts < ATTEMPTS:
        known = service.hub.last_seq
        page = await service.queue.events(last, PAGE, job)
        last = page[-1].seq if page else last
        # Only where nothing was told meanwhile is every step that runs now one whose start was repeated.
        progress = await _progress(service, job) if (settled := known == service.hub.last_seq) else []
        if page:
            yield page
            live = live and not _ends(page, job)
        if len(page) < PAGE:
            attempts += 1
            if settled:
                if progress:
                    yield progress
                break
    if live:
        items = follow(service.queue, service.hub, _filter(job, previews), after=last, job=job, beat=BEAT)
        async with aclosing(items):
            async for some in items:
                yield some
                if _ends(some, job):
                    return


async def _over(service: Service, job: str | None) -> bool:
    """Whether this is one job, and it has ended: nothing will be added to its record."""
    row = await service.queue.job(job) if job is not None else None
    return row is not None and row.ended is not None


def _ends(items: Sequence[Item], job: str | None) -> bool:
    """Whether these are of one job, and its end is among them."""
    return job is not None and any(isinstance(i, Logged) and isinstance(i.event, JobFinished) for i in items)


async def _left(service: Service, after: int | None, job: str | None) -> bool:
    return after is not None and bool(await service.queue.events(after, 1, job))


async def _progress(service: Service, job: str | None) -> list[Live]:
    """The last progress of the running steps."""
    jobs = [row.id for row in await service.queue.running()] if job is None else [job]
    return [Live(progress) for id in jobs for progress in service.progress(id).values()]


def _filter(job: str | None, previews: bool) -> Filter:
    def wanted(item: Item) -> bool:
        match item:
            case Notice():
                return job is None
            case Live(event=Preview()):
                return previews and job in (None, item.event.job)
            case _:
                return job in (None, item.event.job)

    return wanted


def json_of(item: Told) -> dict[str, Any]:
    """An item as the schema `Event` tells it."""
    match item:
        case Mapping():
            return dict(item)
        case Logged():
            told = to_json(item.event)
            told.pop("traceback", None)
            return {"seq": item.seq, "time": item.time, **told}
        case Notice():
            return {"kind": item.kind.capitalize(), **item.details}
        case Live(event=Preview() as preview):
            return {"kind": "Preview", "job": preview.job, "node": preview.node} | _size(preview)
        case Live():
            return to_json(item.event)


def _size(preview: Preview) -> dict[str, Any]:
    return {"width": preview.image.width, "height": preview.image.height}


def text_of(item: Told) -> str:
    """An item as JSON; a preview with its picture as a data URL."""
    told = json_of(item)
    if isinstance(item, Live) and isinstance(item.event, Preview):
        picture = item.event.image
        told["image"] = f"data:image/{picture.format};base64,{b64encode(picture.data).decode()}"
    return dumps(told)


EVENTS = {"type": "string", "contentMediaType": "text/event-stream"}

OPERATIONS = (
    Operation(
        "GET",
        "/events",
        stream_events,
        "Watch, as server-sent events",
        "events",
        (AFTER, LAST, JOB, PREVIEWS, FOLLOW),
        answers={200: EVENTS, 204: NOTHING},
        media="text/event-stream",
    ),
    Operation(
        "GET",
        "/socket",
        open_socket,
        "Watch, as a websocket",
        "events",
        (AFTER, JOB, PREVIEWS, FOLLOW),
        answers={101: {"type": "string"}},
        media="text/plain",
    ),
)
