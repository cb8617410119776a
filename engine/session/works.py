"""What runs workflows in this process: device, stores, threads, jobs. Making it imports torch, if there is a device."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.files import Library
from engine.graph.graph import Link
from engine.graph.plan import Plan
from engine.graph.told import Telling
from engine.run.behind import Behind
from engine.run.context import Services
from engine.run.disk import Disk
from engine.run.jobs import JobRunner
from engine.run.recorded import Recorder
from engine.run.sinks import Outputs
from engine.run.store import Memory, Store, Tiers
from engine.run.workers import Threads, Worker
from engine.session.nodevice import NoDevice
from engine.session.temp import emptied
from engine.settings import NO_DEVICE, Settings

if TYPE_CHECKING:
    from engine.recording.store import Recordings
    from engine.recording.wanted import Wanted
    from engine.session.device import Device

READERS = 4
"""Threads that wait for files."""


class Works:
    """Made by the first run of a session, closed with it.

    Args:
        alone: whether no server has emptied the temp folder for us.
    """

    def __init__(self, settings: Settings, library: Library, *, alone: bool = True) -> None:
        cache = settings.data / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        self._lock = emptied(library.folder("temp"), cache) if alone else None
        self.library = library
        self._settings = settings
        self.device = _device(library, settings)
        self.memory = Memory(settings.memory, self.device.codecs)
        self.behind = self._disk(cache / "artifacts", settings.disk) if settings.disk else None
        self.outputs = Outputs(library.folder, cache / "files.sqlite" if settings.disk else None, warn=self._warn)
        self.threads = (Threads(os.cpu_count() or 1), Threads(READERS, "io"))
        cpu, io = self.threads
        workers: dict[str, Worker] = {"cpu": cpu, "io": io, "device": self.device.lane}
        store: Store = self.memory if self.behind is None else Tiers(self.memory, self.behind)
        self.runner = JobRunner(store=store, workers=workers, at_once=settings.at_once)
        self.recordings = self._recordings(settings)
        self.outputs.recover()
        _spare_collections()

    def _disk(self, path: Path, budget: int) -> Behind:
        return Behind(Disk(path, budget, self.device.codecs, self._warn))

    def _warn(self, code: str, message: Telling) -> None:
        self.runner.warn(code, message)

    def _recordings(self, settings: Settings) -> Recordings | None:
        """What writes recordings: nothing is sampled without a device."""
        if settings.device == NO_DEVICE:
            return None
        from engine.recording.folder import Folder
        from engine.recording.prints import prints
        from engine.recording.store import Recordings

        folder = Folder(settings.recordings_folder, settings.recordings)
        return Recordings(folder, prints(self.device.codecs, self.library))

    def recorder(self, job: str, plan: Plan, wanted: Wanted | None) -> Recorder | None:
        """What writes down what the samplers of a job do, if that is wanted."""
        if wanted is None or self.recordings is None:
            return None
        from engine.recording.words import words_of
        from engine.recording.write import JobRecorder

        return JobRecorder(self.recordings, job, wanted, words_of(plan.graph, self.library, partial(self._known, plan)))

    def _known(self, plan: Plan, link: Link) -> Any:
        """What a step gave, where that is still kept in memory."""
        step = plan.steps.get(link.node)
        found = self.memory.get(step.key) if step is not None else None
        found = self.memory.get(found.alias) if found is not None and found.alias is not None else found
        return found.outputs[link.output] if found is not None else None

    def services(
        self, metadata: Mapping[str, str] | None, priority: int = 0, recorder: Recorder | None = None
    ) -> Services:
        """What the nodes of one job may reach; of a higher priority, sampling goes first."""
        return Services(
            path=self.library.resolve,
            lease=self.device.lease,
            denoise=self.device.denoise(priority),
            preview=self.device.previews(),
            outputs=self.outputs,
            metadata=metadata,
            recorder=recorder,
            recordings=self._settings.recordings_folder,
        )

    def close(self) -> None:
        """End the device's work, write what waits, and give the folder back."""
        self.runner.close()
        self.device.close()
        for pool in self.threads:
            pool.close()
        if self.behind is not None:
            self.behind.close()
        if self.recordings is not None:
            self.recordings.close()
        self.outputs.close()
        if self._lock is not None:
            self._lock.close()


def _device(library: Library, settings: Settings) -> Device | NoDevice:
    if settings.device == NO_DEVICE:
        return NoDevice()
    from engine.session.device import Device

    return Device(library, settings)


@cache
def _spare_collections() -> None:
    """torch's objects stay as long as the process: no collection need walk over them again.

    Once a process: what an earlier session has left behind must stay collectable.
    """
    gc.freeze()
