"""A desk with one worker at it: what it tells is written down, and can be waited for."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Coroutine, Mapping
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from engine.run.events import Event, JobFinished
from engine.settings import Settings
from engine.worker.channel import Channel, Died, Work

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
PACK = Path(__file__).parent / "pack"
SECONDS = 180.0
"""The longest wait for anything that must come, on a machine as busy as can be."""


class Loop:
    """An event loop in a thread, so that one worker serves many tests."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="test loop", daemon=True)
        self.thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(SECONDS * 2)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def settings(data: Path, **others: Any) -> Settings:
    """A data folder with the test pack in it, and no device."""
    packs = data / "packs"
    if not packs.exists():
        shutil.copytree(PACK, packs / "worker_pack", ignore=shutil.ignore_patterns("__pycache__"))
    return Settings(data, **{"device": "none", **others})


class Desk:
    """All methods but `run_all` are for the loop's thread."""

    def __init__(self, channel: Channel, loop: Loop) -> None:
        self.channel, self.loop = channel, loop
        self.events: list[Event] = []
        self.states: list[str] = []
        self.deaths: list[Died] = []
        self._names = count()
        self._changed = asyncio.Event()
        channel.on_event = self._noting(self.events)
        channel.on_state = lambda c: self._noting(self.states)(c.state)
        channel.on_died = lambda c, died: self._noting(self.deaths)(died)

    def _noting(self, notes: list[Any]) -> Callable[[Any], None]:
        def note(item: Any) -> None:
            notes.append(item)
            self._changed.set()

        return note

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something told makes it so."""
        async with asyncio.timeout(SECONDS):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    def give(self, graph: Mapping[str, Any], *targets: str, **others: Any) -> str:
        """Give the worker a job, and its id."""
        job = others.pop("job", None) or f"job {next(self._names)}"
        self.channel.run(Work(job, graph, targets, **others))
        return job

    async def end(self, job: str) -> str:
        """The status of a job, once it is over."""
        await self.until(lambda: self.status(job))
        return self.status(job)

    async def work(self, graph: Mapping[str, Any], *targets: str, **others: Any) -> list[Event]:
        """All events of a job."""
        job = self.give(graph, *targets, **others)
        await self.end(job)
        return self.of(job)

    def status(self, job: str) -> str:
        return next((e.status for e in self.of(job) if isinstance(e, JobFinished)), "")

    def of(self, job: str, *kinds: type[Any]) -> list[Any]:
        """What was told of a job."""
        return [e for e in self.events if e.job == job and (not kinds or isinstance(e, kinds))]


def graph(**nodes: tuple[str, Mapping[str, Any]]) -> dict[str, Any]:
    """API JSON: `graph(a=("number", {"value": 1}), b=("show", {"value": "a"}))`; a text that names a node is a link."""
    return {
        id: {
            "class_type": kind,
            "inputs": {n: [v, 0] if isinstance(v, str) and v in nodes else v for n, v in given.items()},
        }
        for id, (kind, given) in nodes.items()
    }


def shown(kind: str, **inputs: Any) -> dict[str, Any]:
    """A node of this type and a sink that shows what it gives."""
    return graph(a=(kind, inputs), z=("show", {"value": "a"}))


def threads_and_files() -> tuple[int, int]:
    """How many threads and open files this process has."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))
