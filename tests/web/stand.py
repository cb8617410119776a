"""The application in a thread, without queue and workers, and requests that no client library would send."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from engine.plugins import LATER, registry
from engine.service.hub import Hub
from engine.service.settings import ServerSettings
from web.app import make_app

PATIENCE = 180.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers (lower case) and bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def sentence(self) -> str:
        """What a refusal tells."""
        return str(self.json["error"]["message"])

    @property
    def code(self) -> str:
        error = self.json["error"]
        return str(error.get("code") or error.get("type"))


@dataclass(frozen=True, slots=True)
class Stand:
    """A running application: its address, its data folder, and itself."""

    url: str
    data: Path
    app: web.Application

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def ask(self, method: str, path: str, body: bytes | Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        return ask(self.url, method, path, body, headers)

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.ask("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def ask(url: str, method: str, path: str, body: bytes | Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    """One request as it is given: path and headers are sent literally; None as a header's value leaves it out."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    sent = {"Host": parts.netloc, **(headers or {})}
    if data is not None:
        sent.setdefault("Content-Length", str(len(data)))
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        answer = connection.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def form(**fields: str | tuple[str, bytes]) -> tuple[bytes, dict[str, str]]:
    """A multipart form: texts, and files as (name, bytes); its body and headers."""
    edge, body = "edge7d2f", bytearray()
    for name, value in fields.items():
        name_ = value[0].replace("\\", "\\\\").replace('"', '\\"') if isinstance(value, tuple) else ""
        file = f'; filename="{name_}"' if isinstance(value, tuple) else ""
        data = value[1] if isinstance(value, tuple) else value.encode()
        body += f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
    body += f"--{edge}--\r\n".encode()
    return bytes(body), {"Content-Type": f"multipart/form-data; boundary={edge}"}


def upload(stand: Stand, name: str, data: bytes, route: str = "/upload/image", **fields: str) -> Reply:
    """Send a picture as a script does."""
    body, headers = form(image=(name, data), **fields)
    return stand.ask("POST", route, body, headers)


@contextmanager
def stand(data: Path, **settings: Any) -> Iterator[Stand]:
    """The application over a data folder; handlers that need a queue fail."""
    chosen = ServerSettings(data, **settings)
    loaded = registry(data, lazy=LATER)
    service: Any = SimpleNamespace(
        settings=chosen, library=chosen.library(), loaded=loaded, registry=loaded.registry, hub=Hub()
    )
    ready = threading.Event()
    made: list[Stand] = []
    ends: list[Callable[[], object]] = []

    async def serve() -> None:
        app, end, loop = make_app(service), asyncio.Event(), asyncio.get_running_loop()
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ends.append(lambda: loop.call_soon_threadsafe(end.set))
        made.append(Stand("http://{}:{}".format(*runner.addresses[0]), data, app))
        ready.set()
        await end.wait()
        await runner.cleanup()

    def work() -> None:
        try:
            asyncio.run(serve())
        finally:
            ready.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    ready.wait(PATIENCE)
    try:
        yield made[0]
    finally:
        for end in ends:
            end()
        thread.join(PATIENCE)
