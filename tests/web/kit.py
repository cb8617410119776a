"""The real server process, and graphs for it that need no torch."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACK = Path(__file__).parent / "pack" / "kit"
PATIENCE = 180.0
"""Seconds after which a test is given up: not a measure of anything, for the machine may be as busy as can be."""

LISTENS = re.compile(r"Inkwater listens on (https?://(?:\[[^\]]+\]|[\w.-]+):\d+)")
"""Says the address, whatever another thread logs on the same line."""

Graph = dict[str, dict[str, Any]]


class HttpError(Exception):
    """An answer that is none of the 200s."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


@dataclass(slots=True)
class Server:
    """A server process; `lines` are what it has printed."""

    url: str
    data: Path
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        import psutil

        try:
            return [p.pid for p in psutil.Process(self.pid).children() if "engine.worker" in " ".join(p.cmdline())]
        except psutil.NoSuchProcess:
            return []

    def get(self, path: str, **headers: str) -> Any:
        """The JSON (or else the bytes) at a path; raises HttpError."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, body, headers=headers)

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        given = {**({"Content-Type": "application/json"} if data is not None else {}), **(headers or {})}
        request = urllib.request.Request(self.url + path, data, given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return _read(answer.headers.get_content_type(), answer.read())
        except urllib.error.HTTPError as error:
            raise HttpError(error.code, _read(error.headers.get_content_type(), error.read())) from error

    def submit(self, graph: Graph, **more: Any) -> str:
        """Queue a graph over ComfyUI's wire; the job's id."""
        return str(self.post("/prompt", {"prompt": graph, **more})["prompt_id"])

    def history(self, id: str) -> Any:
        """The job's entry in the history; None while it has not ended."""
        return self.get(f"/history/{id}").get(id)

    def ended(self, id: str) -> Any:
        """The job's entry in the history, once it has ended."""
        return wait_for(lambda: self.history(id), f"the end of job {id}")

    def kill(self) -> None:
        """kill -9, and nothing is left of the process."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def wait_for(look: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """The first thing that `look` finds."""
    until = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)
    return found


def command(data: Path, *args: str, root: Path = ROOT) -> list[str]:
    """How a server is started on a free port, without a device; another checkout's builds its editor."""
    return [
        sys.executable,
        str(root / "main.py"),
        "serve",
        "--port",
        "0",
        "--data",
        str(data),
        "--device",
        "none",
        *(("--no-editor-build",) if root == ROOT else ()),
        *args,
    ]


def prepare(data: Path) -> Path:
    """A data folder with the test pack."""
    if not (data / "packs").exists():
        shutil.copytree(PACK, data / "packs" / "kit", ignore=shutil.ignore_patterns("__pycache__"))
    return data


def start(data: Path, *args: str, env: Mapping[str, str] | None = None, root: Path = ROOT) -> Server:
    """Start a server and wait until it listens; raises RuntimeError with all that it said if it ends instead."""
    process = subprocess.Popen(
        command(prepare(data), *args, root=root),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
    )
    server = Server("", data, process)
    found = threading.Event()
    threading.Thread(target=_listen, args=(server, found), daemon=True).start()
    if not found.wait(PATIENCE) or not server.url:
        process.kill()
        process.wait()
        raise RuntimeError("the server did not start:\n" + "".join(server.lines))
    return server


@contextmanager
def server(data: Path, *args: str, env: Mapping[str, str] | None = None, root: Path = ROOT) -> Iterator[Server]:
    """A server on a data folder; ended with the block."""
    started = start(data, *args, env=env, root=root)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.terminate()
            try:
                started.process.wait(PATIENCE)
            finally:
                started.process.kill()


def _listen(server: Server, found: threading.Event) -> None:
    """Keep what the process prints, so that it never waits for a reader."""
    assert server.process.stdout is not None
    for line in server.process.stdout:
        server.lines.append(line)
        if heard := LISTENS.search(line):
            server.url = heard[1]
            found.set()
    found.set()


def _read(kind: str, body: bytes) -> Any:
    return json.loads(body) if kind == "application/json" and body else body


def node(type: str, /, **inputs: Any) -> dict[str, Any]:
    """A node of a graph; a link is ("id", output)."""
    links = {name: list(v) if isinstance(v, tuple) else v for name, v in inputs.items()}
    return {"class_type": type, "inputs": links}


def shown(number: int) -> Graph:
    """Two nodes: a number, shown."""
    return {"1": node("KitValue", number=number), "2": node("KitShow", number=("1", 0))}


def saved(number: int, seconds: float = 0.0, prefix: str = "kit") -> Graph:
    """A number, a while later saved as a file."""
    return {
        "1": node("KitSleep", number=number, seconds=seconds),
        "2": node("KitSave", number=("1", 0), prefix=prefix),
    }


def held(number: int, file: Path, prefix: str = "kit") -> Graph:
    """A number, once a file is there saved as another."""
    return {
        "1": node("KitWait", number=number, file=str(file)),
        "2": node("KitSave", number=("1", 0), prefix=prefix),
    }


def fan(width: int, number: int = 0) -> Graph:
    """A number, `width` nodes that use it, and nodes that add those up three at a time; the sum is shown."""
    nodes: Graph = {"source": node("KitValue", number=number)}
    ends = [f"fan{i}" for i in range(width)]
    nodes |= {id: node("KitAdd", a=("source", 0), b=i) for i, id in enumerate(ends)}
    while len(ends) > 1:
        taken, ends = ends[:3], ends[3:]
        id = f"sum{len(nodes)}"
        nodes[id] = node("KitAdd", **{name: (end, 0) for name, end in zip("abc", taken, strict=False)})
        ends.append(id)
    return nodes | {"end": node("KitShow", number=(ends[0], 0))}
