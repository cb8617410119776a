"""The server as its clients see it: a real process, loopback, real sockets; every loop is bounded."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiohttp

from engine.bench.figure import Figure
from engine.settings import ROOT

JOBS, CLIENTS, EACH, QUEUED, FAN = 300, 100, 10, 10_000, 3_000
MEGABYTE = 1 << 20
PATIENCE = 120.0
"""Seconds after which a measurement is given up."""

_values = count(1)
"""Each job asks for something new, so that nothing comes from a cache."""


def two_nodes() -> dict[str, Any]:
    """A number, shown."""
    return {
        "1": {"class_type": "PrimitiveInt", "inputs": {"value": next(_values)}},
        "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }


def fan(width: int = FAN) -> dict[str, Any]:
    """One number, `width` nodes that use it, and half as many that add these up, three at a time; the sum is shown."""
    nodes: dict[str, Any] = {"source": {"class_type": "PrimitiveInt", "inputs": {"value": next(_values)}}}
    ends = [str(i) for i in range(width)]
    for i, id in enumerate(ends):
        nodes[id] = _sum(f"a % 7 + {i}", "source")
    for number in count():
        if len(ends) < 2:
            break
        taken, ends = ends[:3], ends[3:]
        nodes[f"sum{number}"] = _sum(" + ".join("abc"[: len(taken)]), *taken)
        ends.append(f"sum{number}")
    return nodes | {"end": {"class_type": "PreviewAny", "inputs": {"source": [ends[0], 0]}}}


def _sum(expression: str, *sources: str) -> dict[str, Any]:
    links = {name: [source, 0] for name, source in zip("abc", sources, strict=False)}
    return {"class_type": "MathExpression", "inputs": {"expression": expression, **links}}


def figures() -> Iterator[Figure]:
    """Latency, load, a long queue, a wide graph; and how long the event loop was ever held up."""
    with tempfile.TemporaryDirectory() as data, server(Path(data)) as started:
        yield Figure("server: start to first answer", started.seconds, "s", 1)
        yield from asyncio.run(_measured(started))


@dataclass(frozen=True, slots=True)
class Started:
    """A server process: where it listens, and the seconds until it answered."""

    url: str
    process: subprocess.Popen[str]
    seconds: float

    def resident(self) -> float:
        """MiB that the server and its workers hold now."""
        import psutil

        first = psutil.Process(self.process.pid)
        return float(sum(p.memory_info().rss for p in (first, *first.children(recursive=True)))) / MEGABYTE


@contextmanager
def server(data: Path) -> Iterator[Started]:
    """A server of its own on a free port, ended with the block."""
    began = time.perf_counter()
    line = [sys.executable, "main.py", "serve", "--port", "0", "--data", str(data)]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = next((word for text in process.stdout for word in text.split() if word.startswith("http://")), "")
        if not url:
            raise RuntimeError("the server ended before it listened")
        asyncio.run(_answer(url))
        yield Started(url, process, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(10)


async def _answer(url: str) -> None:
    async with aiohttp.ClientSession(url) as http, http.get("/api/v1/health") as answer:
        await answer.read()


async def _measured(started: Started) -> list[Figure]:
    found: list[Figure] = []
    async with aiohttp.ClientSession(started.url, connector=aiohttp.TCPConnector(limit=0)) as http:
        await _ready(http)
        found += await _latency(http)
        found += await _load(http, started)
        found += await _queue(http)
        found += await _fan(http)
        found.append(Figure("longest hold of the event loop since the start", await _lag(http) * 1000, "ms", 50))
    return found


async def _latency(http: aiohttp.ClientSession) -> list[Figure]:
    async with client(http) as one:
        for _ in range(50):
            await one.run(two_nodes())
        seconds = [await one.run(two_nodes()) for _ in range(JOBS)]
    cuts = quantiles(seconds, n=100)
    return [
        Figure("submit to done, 2 nodes, p50", median(seconds) * 1000, "ms", 2),
        Figure("submit to done, 2 nodes, p95", cuts[94] * 1000, "ms"),
    ]


async def _load(http: aiohttp.ClientSession, started: Started) -> list[Figure]:
    """Two rounds: what the first one takes of memory is kept, the second one must add nothing."""

    async def several() -> list[float]:
        async with client(http) as one:
            return [await one.run(two_nodes()) for _ in range(EACH)]

    await asyncio.gather(*(several() for _ in range(CLIENTS)))
    before = started.resident()
    began = time.perf_counter()
    rounds = await asyncio.gather(*(several() for _ in range(CLIENTS)), return_exceptions=True)
    took = time.perf_counter() - began
    failed = sum(isinstance(r, BaseException) for r in rounds)
    seconds = [s for r in rounds if not isinstance(r, BaseException) for s in r]
    return [
        Figure(f"{CLIENTS} clients, {EACH} jobs each: clients with an error", failed, "", 0),
        Figure("of these jobs, p99", quantiles(seconds, n=100)[98] * 1000, "ms"),
        Figure("jobs a second", len(seconds) / took, "1/s"),
        Figure("memory that a second round of them adds", started.resident() - before, "MiB", 10),
    ]


async def _queue(http: aiohttp.ClientSession) -> list[Figure]:
    await _post(http, "/api/v1/queue/pause")
    seconds = []
    for _ in range(QUEUED):
        began = time.perf_counter()
        await _post(http, "/prompt", {"prompt": two_nodes()})
        seconds.append(time.perf_counter() - began)
    await _post(http, "/queue", {"clear": True})
    await _post(http, "/api/v1/queue/resume")
    tenth = QUEUED // 10
    return [
        Figure("submit of a job", median(seconds) * 1000, "ms"),
        Figure(
            f"submit with {QUEUED:,} queued over submit with none",
            median(seconds[-tenth:]) / median(seconds[:tenth]),
            "times",
            1.5,
        ),
    ]


async def _fan(http: aiohttp.ClientSession) -> list[Figure]:
    seconds, traffic = [], 0
    for _ in range(3):
        async with client(http) as one:
            seconds.append(await one.run(fan()))
            traffic = max(traffic, one.received)
    return [
        Figure(f"fan of {FAN:,} nodes ({len(fan()):,} in all), submit to done", min(seconds), "s", 1.5),
        Figure("websocket traffic of it", traffic / 1e6, "MB", 5),
    ]


class Client:
    """A client as ComfyUI's are: posts a prompt, waits on its websocket for the end."""

    def __init__(self, http: aiohttp.ClientSession, id: str, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._http = http
        self._id = id
        self._socket = socket
        self.received = 0
        """Bytes that came over the websocket."""

    async def run(self, prompt: dict[str, Any]) -> float:
        """Seconds from the submission to the message that ends it; raises when the job fails."""
        began = time.perf_counter()
        told = await _post(self._http, "/prompt", {"prompt": prompt, "client_id": self._id})
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self._socket.receive()
                if message.type is aiohttp.WSMsgType.BINARY:
                    self.received += len(message.data)
                    continue
                self.received += len(message.data)
                if self._ends(message.json(), told["prompt_id"]):
                    return time.perf_counter() - began

    @staticmethod
    def _ends(message: dict[str, Any], job: str) -> bool:
        data = message["data"]
        if message["type"] == "execution_error":
            raise RuntimeError(data["exception_message"])
        return message["type"] == "executing" and data["node"] is None and data["prompt_id"] == job


@asynccontextmanager
async def client(http: aiohttp.ClientSession) -> AsyncIterator[Client]:
    """A client with its websocket open."""
    id = uuid.uuid4().hex
    async with http.ws_connect(f"/ws?clientId={id}", max_msg_size=0) as socket:
        yield Client(http, id, socket)


async def _post(http: aiohttp.ClientSession, path: str, body: Any = None) -> Any:
    async with http.post(path, json=body) as answer:
        text = await answer.text()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]}")
        return await answer.json() if answer.content_type == "application/json" and text else None


async def _ready(http: aiohttp.ClientSession) -> None:
    """Wait until the worker is warm."""
    async with client(http) as one:
        await one.run(two_nodes())


async def _lag(http: aiohttp.ClientSession) -> float:
    """The longest lag of the server's event loop, in seconds, from its metrics."""
    async with http.get("/api/v1/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith("inkwater_event_loop_lag_max_seconds")))
