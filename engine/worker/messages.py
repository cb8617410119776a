"""What a server and its worker tell each other, and how it is laid on a pipe.

A frame is four bytes of length (big-endian) and JSON; a frame whose JSON has "bytes" is followed by that many raw ones.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from engine.graph.graph import NodeId
from engine.queue.codec import dumps, from_json, to_json
from engine.run.events import Event, Preview
from engine.run.picture import Picture

LENGTH = struct.Struct(">I")
LARGEST = 256 << 20
"""Bytes of a frame; more is no message."""
AT_ONCE = 500
"""Events in one frame, so that reading one never takes long."""


class ProtocolError(Exception):
    """What came through the pipe is no message."""


@dataclass(frozen=True, slots=True)
class Work:
    """A job to run.

    Args:
        graph: flattened plain API JSON.
        targets: ids of the nodes to make; those that cannot run are left out.
        metadata: whether pictures carry the workflow. source: the text of the file, as it was submitted.
        extra: each key of extra["extra_pnginfo"] becomes a text of the pictures.
        priority: the higher one goes first; of equal ones that which came first.
        record: what is to be recorded (`recording.wanted.Wanted` as JSON); None: nothing.
    """

    job: str
    graph: Mapping[str, Any]
    targets: tuple[NodeId, ...] = ()
    metadata: bool = True
    source: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    priority: int = 0
    record: Any = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """End one job."""

    job: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A question; its `Answer` has the same number."""

    number: int
    what: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """Begin no further steps, let those that run end for at most so many seconds, tell what is not done, and end."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker takes up jobs."""

    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """The worker cannot start; the reason is one sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked for, or why there is no answer."""

    number: int
    value: Any = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The worker ends; these jobs are not done."""

    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """Events in their order; a preview travels alone."""

    events: tuple[Event, ...]


Message = Work | Cancel | Ask | Stop | Ready | Failed | Answer | Stopped | Happened
KINDS: Mapping[str, type[Any]] = {
    kind.__name__.lower(): kind for kind in (Work, Cancel, Ask, Stop, Ready, Failed, Answer, Stopped)
}
TUPLES = ("targets", "jobs")


def pack(message: Message) -> bytes:
    """A message as frames."""
    if isinstance(message, Happened):
        return b"".join(_event_frames(message.events))
    body = {f.name: getattr(message, f.name) for f in fields(message)}
    return _frame({"kind": type(message).__name__.lower(), **body})


def _event_frames(events: Iterable[Event]) -> Iterator[bytes]:
    batch: list[dict[str, Any]] = []
    for event in events:
        picture = event.image if isinstance(event, Preview) else None
        if len(batch) == AT_ONCE or (picture is not None and batch):
            yield _frame({"kind": "events", "events": batch})
            batch = []
        if isinstance(event, Preview) and isinstance(picture, Picture):
            yield _frame(
                {
                    "kind": "preview",
                    "step": [event.job, event.node],
                    "picture": [picture.format, picture.width, picture.height],
                    "bytes": len(picture.data),
                }
            )
            yield picture.data
        else:
            batch.append(to_json(event))
    if batch:
        yield _frame({"kind": "events", "events": batch})


def _frame(body: Mapping[str, Any]) -> bytes:
    text = dumps(body).encode()
    if len(text) > LARGEST:
        raise ProtocolError(f"a message of {len(text):,} bytes is too large")
    return LENGTH.pack(len(text)) + text


class Unpacker:
    """Turns bytes, as they come, into messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._head: Mapping[str, Any] | None = None

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now; raises ProtocolError for what is none."""
        self._bytes += data
        messages, at = [], 0
        while (frame := self._next(at)) is not None:
            body, at = frame
            if (message := self._read(body)) is not None:
                messages.append(message)
        del self._bytes[:at]
        return messages

    def _next(self, at: int) -> tuple[bytes, int] | None:
        """The frame at a place and the place after it; None while it is not all there."""
        if self._head is not None:
            size = int(self._head["bytes"])
        elif len(self._bytes) - at >= LENGTH.size:
            (size,) = LENGTH.unpack_from(self._bytes, at)
            at += LENGTH.size
        else:
            return None
        if not 0 <= size <= LARGEST:
            raise ProtocolError(f"a length of {size:,} bytes")
        return (bytes(self._bytes[at : at + size]), at + size) if len(self._bytes) - at >= size else None

    def _read(self, frame: bytes) -> Message | None:
        try:
            if (head := self._head) is not None:
                self._head = None
                job, node = head["step"]
                return Happened((Preview(job, node, Picture(frame, *head["picture"])),))
            body = json.loads(frame)
            if "bytes" in body:
                self._head = body
                return None
            return _message(body)
        except Exception as error:
            raise ProtocolError(f"{type(error).__name__}: {error}") from error


def _message(body: dict[str, Any]) -> Message:
    kind = body.pop("kind")
    if kind == "events":
        return Happened(tuple(map(from_json, body["events"])))
    values = {name: tuple(value) if name in TUPLES else value for name, value in body.items()}
    message: Message = KINDS[kind](**values)
    return message
