"""Node types without torch that do what workers must outlive."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Any

from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.expand import Expand
from engine.graph.graph import Const, Graph, Link, Node
from engine.graph.sockets import Range
from engine.run.schedule import _Run


@node()
def number(*, value: int = 0) -> int:
    """Gives it."""
    return value


@node()
def add(*, a: int, b: int = 1) -> int:
    """Adds."""
    return a + b


@node(kind="sink")
def show(*, value: Any) -> Ui:
    """Shows as text."""
    return Ui({"text": [str(value)]})


@node(kind="sink")
def save(*, value: int, context: Context) -> Ui:
    """Saves a small file with the texts that it would carry."""
    text = "\n".join(f"{name}={text}" for name, text in (context.metadata or {}).items())
    return Ui({"files": [context.save("value", "txt", f"{value}\n{text}".encode()).ui]})


@node()
def sleep(*, seconds: float = 0.1, steps: int = 1, key: int = 0, mark: str = "", context: Context) -> int:
    """Waits, telling its progress; a mark is a file that says it has begun."""
    if mark:
        Path(mark).touch()
    for i in range(steps):
        time.sleep(seconds / steps)
        context.progress(i + 1, steps)
    return key


@node()
def deaf(*, seconds: float = 60.0, mark: str = "", key: int = 0) -> int:
    """Waits, and looks for no end, unless the mark is taken away."""
    if mark:
        Path(mark).touch()
    until = time.monotonic() + seconds
    while time.monotonic() < until and (not mark or Path(mark).exists()):
        time.sleep(0.05)
    return key


@node()
def to_the_last(*, key: int = 0, context: Context) -> int:
    """Works until its job may begin no further steps."""
    context.progress(1, 2)
    run = next(o for o in gc.get_objects() if type(o) is _Run and o.job == context.job and not o.closed)
    while not run.halted:
        time.sleep(0.01)
    turned = threading.Event()
    run.loop.call_soon_threadsafe(turned.set)  # the loop has done all that halting asks of it
    turned.wait()
    return key


@node()
def linger(*, context: Context) -> int:
    """Waits for the end of its job, and tells nothing."""
    while True:
        context.raise_if_cancelled()
        time.sleep(0.01)


@node()
async def nap(*, seconds: float = 0.1, key: int = 0, context: Context) -> int:
    """Waits without a thread."""
    context.progress(1, 2)
    await asyncio.sleep(seconds)
    return key


@node()
def hold_interpreter(*, seconds: float = 60.0, mark: str = "") -> int:
    """Waits in C with the interpreter's lock held: no thread of Python runs."""
    Path(mark).touch()
    ctypes.PyDLL(None).sleep(int(seconds))
    return 0


@node()
def crash(*, how: str = "exit", code: Annotated[int, Range(0, 255)] = 5) -> int:
    """Takes the process down."""
    match how:
        case "exit":
            os._exit(code)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            ctypes.string_at(0)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
    return 0


@node()
def fail(*, text: str = "the ink is dry") -> int:
    """Fails."""
    raise ValueError(text)


@node()
def speak(*, text: str = "hello") -> int:
    """Prints, in every way there is."""
    print(text, flush=True)
    os.write(1, text.encode())
    subprocess.run([sys.executable, "-c", f"print({text!r})"], check=True)
    return len(text)


@node()
def listen_in() -> str:
    """Reads what stdin has."""
    return sys.stdin.read() if sys.stdin is not None else ""


@node()
def garble(*, everywhere: bool = True) -> int:
    """Writes what is no message into every pipe and socket of the process."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    time.sleep(30)
    return 0


@node()
def close_pipes() -> int:
    """Closes every pipe of the process but the first three, and lives on."""
    os.closerange(3, 64)
    time.sleep(30)
    return 0


@node()
def chatter(*, count: int = 1000, size: int = 0, context: Context) -> int:
    """Tells its progress very often, with previews of so many pixels a side."""
    from PIL import Image

    for i in range(count):
        context.progress(i + 1, count, Image.new("RGB", (size, size), (i % 256, 0, 0)) if size else None)
    return count


@node()
def fan(*, count: int = 100) -> list[int]:
    """Numbers for many calls."""
    return list(range(count))


@node()
def grow(*, count: int = 3) -> int | Expand:
    """Expands to a chain."""
    nodes = {"0": Node("number", {"value": Const(0)})}
    for i in range(1, count):
        nodes[str(i)] = Node("add", {"a": Link(str(i - 1), 0)})
    return Expand(Graph(nodes), (Link(str(count - 1), 0),))


@node()
def large(*, size: int = 1_000_000) -> str:
    """A long text."""
    return "x" * size


@node(runs_on="device")
def on_device(*, a: int = 0) -> int:
    """Runs on the device."""
    return a


@node()
def use_torch() -> int:
    """Imports torch."""
    import torch

    return len(torch.__version__)
