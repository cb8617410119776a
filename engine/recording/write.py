"""A job that is recorded: which of its steps are, and the list of them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from engine.diffusion.job import DenoiseJob
from engine.graph.graph import NodeId
from engine.graph.keys import Key
from engine.recording.folder import named, write_json
from engine.recording.run import JobRun
from engine.recording.store import PATIENCE, Recordings
from engine.recording.trouble import unwritable
from engine.recording.wanted import Wanted
from engine.recording.words import Words
from engine.run.recorded import Place, Trouble

Find = Callable[[NodeId, str, str], Words | None]
"""Of a sampler's node, a branch and a family: the tokens of the prompt, as far as they are known."""

log = logging.getLogger(__name__)


class JobRecorder:
    """A `Recorder` for one job."""

    def __init__(self, recordings: Recordings, job: str, wanted: Wanted, words: Find) -> None:
        self.recordings = recordings
        self.wanted = wanted
        self.words = words
        self.trouble: Trouble | None = None
        self._job = job
        self._told = False
        self._runs: dict[tuple[NodeId, str], tuple[Place, int]] = {}
        self._outputs: dict[NodeId, str] = {}
        self._open: set[JobRun] = set()
        self._lock = threading.Lock()

    @property
    def steps(self) -> frozenset[str]:
        """The steps of this job that are recorded: they are not removed for its own next ones."""
        with self._lock:
            return frozenset(key for _, key in self._runs)

    def lacks(self, place: Place, key: Key) -> bool:
        name = key.hex()
        done = self.recordings.folder.done(name)
        if done is None or done["attention"] < self.wanted.attention:
            return self.recordings.folder.budget > 0
        if (place.node, name) not in self._runs:
            self.recordings.folder.touch(name)
        self.note(place, name, len(done["sizes"]))
        return False

    def begin(self, place: Place, key: Key, number: int, job: DenoiseJob) -> JobRun:
        run = JobRun(self, place, key.hex(), number, job)
        with self._lock:
            self._open.add(run)
        return run

    def over(self, run: JobRun) -> None:
        """A run of a sampler has ended, in whatever way."""
        with self._lock:
            self._open.discard(run)

    async def finished(self, place: Place, key: Key, runs: int, under: Sequence[Key] = ()) -> Trouble | None:
        name = key.hex()
        await self.later(lambda: self._finish(place, name, runs, [k.hex() for k in under]))
        return self.tell()

    def _finish(self, place: Place, name: str, runs: int, under: Sequence[str]) -> None:
        folder = self.recordings.folder
        try:
            files = [folder.path / name / f"{n}.rec" for n in range(runs)]
            if all(file.exists() for file in files):
                body = {"sizes": [file.stat().st_size for file in files], "attention": self.wanted.attention}
                folder.finish(name, body | {"under": [k for k in under if folder.done(k) is not None]})
                self.note(place, name, runs)
                self._write()
        except OSError as error:
            self.fail(unwritable(folder, error))

    def note(self, place: Place, name: str, runs: int) -> None:
        """A step of this job has so many runs recorded."""
        with self._lock:
            self._runs[place.node, name] = place, runs

    def fingerprint(self, place: Place, outputs: Sequence[Any]) -> str:
        found = self.recordings.print_of(outputs)
        with self._lock:
            self._outputs[place.node] = found
        return found

    def hit(self, place: Place, outputs: Sequence[Any]) -> None:
        self.recordings.thread.submit(lambda: self.fingerprint(place, outputs))

    async def close(self) -> None:
        with self._lock:
            running = tuple(self._open)
        for run in running:  # the job was cancelled, and its nodes do not know it yet
            run.drop()
        await self.later(self._end)

    def _end(self) -> None:
        try:
            self._write()
        except OSError as error:
            log.warning("the recording of job %s is not listed: %s", self._job, error)

    def _write(self) -> None:
        """Write the job's list."""
        with self._lock:
            runs = [(place, named(key, n)) for (_, key), (place, count) in self._runs.items() for n in range(count)]
            outputs = {node: found for node, found in self._outputs.items() if found}
        rows = [{"node": p.node, "title": p.title, "type": p.type, "key": key} for p, key in runs]
        troubles = [self.trouble.telling] if self.trouble is not None else []
        warnings = {"warnings": [str(t) for t in troubles], "tellings": [t.plain() for t in troubles]}
        folder = self.recordings.folder
        write_json(folder.job_file(self._job), {"job": self._job, "runs": rows, "outputs": outputs, **warnings})

    async def later(self, call: Callable[[], None]) -> None:
        """Wait until it is done behind all that waits; a disk that hangs keeps no job for ever."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(self.recordings.thread.submit(call)), PATIENCE)

    def fail(self, trouble: Trouble) -> None:
        """Something is not recorded."""
        self.trouble = self.trouble or trouble

    def tell(self) -> Trouble | None:
        """What is to be told now: the first trouble, once."""
        with self._lock:
            told, self._told = self._told, self.trouble is not None
            return None if told else self.trouble
