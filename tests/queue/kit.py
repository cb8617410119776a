"""Queues on real files."""

from __future__ import annotations

import asyncio
import functools
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.queue.jobs import JobQueue, Logged, NewJob
from engine.run.events import Event, JobFinished, JobQueued, JobStarted, StepFailed, StepFinished, StepStarted

SECONDS = 180.0
"""The longest wait for anything that must come, on a machine as busy as can be."""
GRAPH = {"1": {"class_type": "Load", "inputs": {}}, "2": {"class_type": "Save", "inputs": {"image": ["1", 0]}}}


def graph(text: str) -> dict[str, Any]:
    """A graph that differs from others by its text."""
    return {**GRAPH, "3": {"class_type": "Note", "inputs": {"text": text}}}


def new(id: str, **values: Any) -> NewJob:
    return NewJob(**{"id": id, "graph": GRAPH, "targets": ("2",)} | values)


def asynchronous(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run a test in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))  # type: ignore[arg-type]

    return run


@asynccontextmanager
async def opened(folder: Path, **options: Any) -> AsyncIterator[JobQueue]:
    queue = JobQueue.open(folder / "state.sqlite", **options)
    try:
        yield queue
    finally:
        await queue.close()


def heard(queue: JobQueue) -> list[Logged]:
    """A list that grows by what the listener is told."""
    told: list[Logged] = []

    def listen(logged: Sequence[Logged]) -> None:
        told.extend(logged)

    queue.listener = listen
    return told


async def take_all(queue: JobQueue) -> list[str]:
    """The ids that the queue gives, until it gives no more."""
    ids = []
    while (taken := await queue.take()) is not None:
        ids.append(taken.row.id)
    return ids


def life(id: str, status: Any = "success") -> list[Event]:
    """The events of a small job, from its start to its end."""
    middle: list[Event] = [StepFinished(id, "2", 0.1, {"images": [{"filename": f"{id}.png"}]})]
    if status == "error":
        middle = [StepFailed(id, "2", "Save", "it failed", "ValueError", "Traceback …")]
    return [JobStarted(id, ("1", "2"), ()), StepStarted(id, "2"), *middle, JobFinished(id, status)]


async def run(queue: JobQueue, id: str, status: Any = "success") -> None:
    """Put a job, take it, and let it live."""
    await queue.put(new(id))
    taken = await queue.take()
    assert taken is not None
    assert taken.row.id == id
    for event in life(id, status):
        queue.record(event)
    await queue.flush()


def crashed(folder: Path, to: Path) -> Path:
    """A copy of the files as `kill -9` would leave them now."""
    to.mkdir(parents=True)
    for name in ("state.sqlite", "state.sqlite-wal"):
        shutil.copyfile(folder / name, to / name)
    return to


def queued(*ids: str) -> list[Event]:
    return [JobQueued(id) for id in ids]
