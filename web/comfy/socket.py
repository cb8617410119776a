"""The websocket: sends what the conductor has for a client, and hears what the client understands."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import struct
import time
import uuid
from typing import Any, cast

from aiohttp import WSCloseCode, WSMsgType, web

from engine.compat.messages import Flags, Message, Said
from web.answers import Refusal
from web.comfy.conductor import Conductor
from web.comfy.keys import CONDUCTOR, SOCKETS
from web.comfy.peers import Peer
from web.comfy.system import features
from web.keys import SERVICE

log = logging.getLogger(__name__)

HEARTBEAT = 30.0
LARGEST = 64 << 10
"""Bytes of an incoming message."""
MOST_HEARD, HEARD_SECONDS = 100, 10.0
"""Incoming messages in a while; a client that sends more is cut off."""
MOST_SOCKETS = 1000
BATCH = 100
"""Messages between two chances for others to run."""
LONGEST_ID = 128
FULL, PAUSE = 256 << 10, 0.02
"""Bytes that the client has not taken, beyond which there is a pause of so many seconds."""


async def connect(request: web.Request) -> web.WebSocketResponse:
    """GET /ws?clientId=…"""
    conductor, sockets = request.app[CONDUCTOR], request.app[SOCKETS]
    if len(sockets) >= MOST_SOCKETS:
        raise Refusal(503, "too_many_sockets", f"There are {MOST_SOCKETS} websockets open already; close some.")
    client = request.query.get("clientId", "") or uuid.uuid4().hex
    if len(client) > LONGEST_ID or not client.isprintable():
        raise Refusal(400, "bad_name", f"A clientId has up to {LONGEST_ID} printable characters.")
    # Not compressed: on the same machine it costs more than it saves, and messages are kept small by other means.
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LARGEST, compress=False)
    await socket.prepare(request)
    sockets.add(socket)
    peer = conductor.connect(client, lambda peer: _send(socket, conductor, peer, request.transport))
    sender = peer.sender
    try:
        await _hear(socket, conductor, peer, sender, features(request.app[SERVICE]))
    finally:
        sockets.discard(socket)
        conductor.peers.disconnect(peer, sender)
    return socket


async def _send(
    socket: web.WebSocketResponse, conductor: Conductor, peer: Peer, transport: asyncio.BaseTransport | None
) -> None:
    """Empty the outbox into the socket, until cancelled or the socket is gone."""
    if transport is None:  # it is gone already
        return
    pipe = cast(asyncio.WriteTransport, transport)
    try:
        await socket.send_str(conductor.greeting(peer.client).frame(peer.outbox.flags))
        while not socket.closed and not pipe.is_closing():
            await _send_some(conductor, peer, pipe)
    except ConnectionError:
        return
    except Exception:
        log.exception("a websocket could not be served")
        pipe.close()


async def _send_some(conductor: Conductor, peer: Peer, pipe: asyncio.WriteTransport) -> None:
    """Wait for messages, and send a batch of them."""
    outbox = peer.outbox
    await outbox.filled.wait()
    said: list[Said] = await conductor.anew(peer) if outbox.lost else outbox.take(BATCH)
    # One write: a client that is woken by each of ten messages takes time from all, and from us.
    pipe.write(b"".join(framed(each.frame(outbox.flags)) for each in said))
    while pipe.get_write_buffer_size() > FULL and not pipe.is_closing():
        await asyncio.sleep(PAUSE)
    if len(said) >= BATCH:
        await asyncio.sleep(0)


async def _hear(
    socket: web.WebSocketResponse,
    conductor: Conductor,
    peer: Peer,
    sender: asyncio.Task[None] | None,
    features: dict[str, Any],
) -> None:
    heard, since = 0, time.monotonic()
    async for incoming in socket:
        if (now := time.monotonic()) - since > HEARD_SECONDS:
            heard, since = 0, now
        heard += 1
        if heard > MOST_HEARD:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too many messages")
            return
        flags = _flags(incoming.data) if incoming.type is WSMsgType.TEXT else None
        if flags is not None and peer.sender is sender:
            peer.outbox.put("", Message("feature_flags", features))
            conductor.understands(peer, flags)


def framed(message: str | bytes) -> bytes:
    """A whole message as an unmasked websocket frame (RFC 6455, 5.2)."""
    data = message.encode() if isinstance(message, str) else message
    first, size = 0x81 if isinstance(message, str) else 0x82, len(data)
    if size < 126:
        return bytes((first, size)) + data
    if size < 1 << 16:
        return struct.pack("!BBH", first, 126, size) + data
    return struct.pack("!BBQ", first, 127, size) + data


def _flags(text: str) -> Flags | None:
    """What a `feature_flags` message says; None for any other."""
    try:
        told = json.loads(text)
        if told["type"] != "feature_flags":
            return None
        data = dict(told["data"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Flags(data.get("supports_preview_metadata") is True, data.get("supports_progress_delta") is True)


async def close_all(app: web.Application) -> None:
    """The server ends: all sockets are told so."""
    closing = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends") for socket in app[SOCKETS].copy()]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await asyncio.gather(*closing, return_exceptions=True)


ROUTES = [web.get("/ws", connect)]
