"""What runs workflows in this process: device, stores, threads, jobs. Importing it imports torch."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

from engine.bootstrap import take
from engine.files import Library
from engine.run.behind import Behind
from engine.run.context import Services
from engine.run.disk import Disk
from engine.run.jobs import JobRunner
from engine.run.sinks import Outputs
from engine.run.store import Memory, Store, Tiers
from engine.run.workers import DeviceLane, Threads, Worker
from engine.session.device import Device
from engine.settings import Settings

READERS = 4
"""Threads that wait for files."""


class Works:
    """Made by the first run of a session, closed with it."""

    def __init__(self, settings: Settings, library: Library) -> None:
        cache = settings.data / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        self._lock = _emptied(library.folder("temp"), cache / "lock")
        self.library = library
        self.device = Device(library, settings)
        memory = Memory(settings.memory, self.device.codecs)
        self.behind = self._disk(cache / "artifacts", settings.disk) if settings.disk else None
        self.outputs = Outputs(library.folder, cache / "files.sqlite" if settings.disk else None, warn=self._warn)
        self.threads = (Threads(os.cpu_count() or 1), Threads(READERS, "io"))
        cpu, io = self.threads
        workers: dict[str, Worker] = {"cpu": cpu, "io": io, "device": DeviceLane(self.device.loop.call)}
        store: Store = memory if self.behind is None else Tiers(memory, self.behind)
        self.runner = JobRunner(store=store, workers=workers)
        self.outputs.recover()
        _spare_collections()

    def _disk(self, path: Path, budget: int) -> Behind:
        return Behind(Disk(path, budget, self.device.codecs, self._warn))

    def _warn(self, code: str, message: str) -> None:
        self.runner.warn(code, message)

    def services(self, metadata: Mapping[str, str] | None) -> Services:
        """What the nodes of one job may reach."""
        return Services(
            path=self.library.resolve,
            lease=self.device.manager.lease,
            denoise=self.device.loop.submit,
            outputs=self.outputs,
            metadata=metadata,
        )

    def close(self) -> None:
        """End the device's work, write what waits, and give the folder back."""
        self.runner.close()
        self.device.close()
        for pool in self.threads:
            pool.close()
        if self.behind is not None:
            self.behind.close()
        self.outputs.close()
        if self._lock is not None:
            self._lock.close()


@cache
def _spare_collections() -> None:
    """torch's objects stay as long as the process: no collection need walk over them again.

    Once a process: what an earlier session has left behind must stay collectable.
    """
    gc.freeze()


def _emptied(temp: Path, lock: Path) -> IO[bytes] | None:
    """Empty the folder of what is not kept, unless another process works beside us; the lock that says so."""
    try:
        held = lock.open("a+b")
    except OSError:
        return None
    if not take(held.fileno(), wait=False):
        held.close()
        return None
    for entry in temp.iterdir() if temp.is_dir() else ():
        with suppress(OSError):
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    return held
