"""A client of ComfyUI's websocket for tests over the real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.web.kit import PATIENCE, Server


class Wire:
    """One open socket; `heard` are all messages so far."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[Any] = []

    def next(self) -> Any:
        """The next message: JSON, or bytes."""
        frame = self.connection.recv(timeout=PATIENCE)
        self.heard.append(json.loads(frame) if isinstance(frame, str) else frame)
        return self.heard[-1]

    def until(self, type: str, **data: Any) -> Any:
        """Read up to a message of this type that has these data."""
        while True:
            message = self.next()
            if not isinstance(message, dict) or message["type"] != type:
                continue
            if all(message["data"].get(name) == value for name, value in data.items()):
                return message

    def end(self, job: str) -> list[str]:
        """Read to the end of a job; the types of its messages, and of status between them."""
        before = len(self.heard)
        self.until("executing", node=None, prompt_id=job)
        texts = [m for m in self.heard[before:] if isinstance(m, dict)]
        return [m["type"] for m in texts if m["type"] == "status" or m["data"].get("prompt_id") == job]

    def to_the_end(self) -> None:
        """Read until the server closes the socket; raises ConnectionClosed."""
        while True:
            self.next()

    def send(self, type: str, **data: Any) -> None:
        self.connection.send(json.dumps({"type": type, "data": data}))


@contextmanager
def wire(server: Server, client: str = "", path: str = "/ws") -> Iterator[Wire]:
    """An open socket."""
    url = server.url.replace("http://", "ws://") + path + (f"?clientId={client}" if client else "")
    with connect(url, max_size=None, compression=None) as connection:
        yield Wire(connection)
