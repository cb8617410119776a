"""Conversations: what a list of events says on ComfyUI's websocket, as short lines."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Any

from engine.compat.messages import Flags, Said
from engine.compat.wire import JobView
from engine.run.events import Event

JOB = "j"
DELTA = Flags(progress_delta=True)


def said(events: Iterable[Event], view: JobView | None = None, seconds: float = 1.0) -> list[Said]:
    """All messages of a job whose events come `seconds` apart."""
    view = view or JobView(JOB)
    return [message for i, event in enumerate(events) for message in view.feed(event, 1000 + i * seconds)]


def frames(messages: Iterable[Said], flags: Flags = Flags()) -> list[Any]:  # noqa: B008 - frozen
    """The messages as a client reads them: JSON, and previews as (head, picture)."""
    return [_read(message.frame(flags)) for message in messages]


def types(messages: Iterable[Said]) -> list[str]:
    """The kinds of messages in their order; the end of a job is "executing:null"."""
    return [_type(frame) for frame in frames(messages)]


def _type(frame: Any) -> str:
    if isinstance(frame, tuple):
        return "preview"
    ends = frame["type"] == "executing" and frame["data"]["node"] is None
    return "executing:null" if ends else str(frame["type"])


def _read(frame: str | bytes) -> Any:
    if isinstance(frame, str):
        return json.loads(frame)
    kind, size = struct.unpack(">II", frame[:8])
    return (kind, size, frame[8:]) if kind == 1 else (kind, json.loads(frame[8 : 8 + size]), frame[8 + size :])
