"""What runs workflows in this process: device, stores, threads, one event loop. Importing it imports torch."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from engine.bootstrap import take
from engine.files import Library
from engine.run.behind import Behind
from engine.run.context import Services
from engine.run.disk import Disk
from engine.run.flights import Flights
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
        codecs = self.device.codecs
        memory = Memory(settings.memory, codecs)
        self.behind = Behind(Disk(cache / "artifacts", settings.disk, codecs)) if settings.disk else None
        self.store: Store = memory if self.behind is None else Tiers(memory, self.behind)
        self.outputs = Outputs(library.folder, cache / "files.sqlite" if settings.disk else None)
        self.outputs.recover()
        self.workers: dict[str, Worker] = {
            "cpu": Threads(os.cpu_count() or 1),
            "io": Threads(READERS, "io"),
            "device": DeviceLane(self.device.loop.call),
        }
        self.flights = Flights()
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="scheduler", daemon=True)
        self._thread.start()

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
        self.device.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
        if self.behind is not None:
            self.behind.close()
        self.outputs.close()
        if self._lock is not None:
            self._lock.close()


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
