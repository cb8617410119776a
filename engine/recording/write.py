"""Writing recordings: each sampler step goes to a thread of its own, so that the denoise loop waits for no disk."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.diffusion.job import DenoiseJob, StepState
from engine.diffusion.loop import DenoiseResult
from engine.diffusion.tracing import answers
from engine.diffusion.trajectory import trajectory_of
from engine.graph.graph import NodeId
from engine.graph.keys import Key
from engine.models.attention import LONGEST, AttentionWatch
from engine.models.families import FAMILIES
from engine.models.handle import ModelHandle
from engine.recording.folder import Folder, named, write_json
from engine.recording.format import Writing
from engine.recording.read import fingerprint
from engine.recording.wanted import Wanted
from engine.recording.words import Words
from engine.run.codecs import Codecs, NotStorable
from engine.run.recorded import Place, Trouble
from engine.run.workers import Threads

BACKLOG = 256 << 20
"""Bytes of sampler steps that wait to be written; with more the disk is too slow for a recording."""
HEAT_BYTES = LONGEST * LONGEST * 77 * 2
"""Of the attention of one branch at one sampler step, about."""
PATIENCE = 30.0
"""Seconds that a job waits in the end for what is written."""

log = logging.getLogger(__name__)

Find = Callable[[NodeId, str, str], Words | None]
"""Of a sampler's node, a branch and a family: the tokens of the prompt, as far as they are known."""


class Recordings:
    """The folder of recordings and the thread that writes there."""

    def __init__(self, folder: Folder, codecs: Codecs) -> None:
        self.folder = folder
        self.codecs = codecs
        self.thread = Threads(1, "recordings")
        self.waiting = 0
        self._lock = threading.Lock()
        self._busy: dict[str, int] = {}

    def wait_for(self, size: int) -> None:
        """Count bytes that wait, or no longer wait."""
        with self._lock:
            self.waiting += size

    def busy(self, key: str, change: int) -> None:
        """Count who writes a step now: it is not removed meanwhile."""
        with self._lock:
            self._busy[key] = self._busy.get(key, 0) + change
            if not self._busy[key]:
                del self._busy[key]

    def kept(self) -> frozenset[str]:
        """The steps that are being written."""
        with self._lock:
            return frozenset(self._busy)

    def close(self) -> None:
        """Write what waits, and end the thread."""
        with suppress(TimeoutError):
            self.thread.submit(lambda: None).result(PATIENCE)
        self.thread.close()


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
        self._note(place, name, len(done["sizes"]))
        return False

    def begin(self, place: Place, key: Key, number: int, job: DenoiseJob) -> JobRun:
        return JobRun(self, place, key.hex(), number, job)

    async def finished(self, place: Place, key: Key, runs: int, under: Sequence[Key] = ()) -> Trouble | None:
        name = key.hex()
        await self._later(lambda: self._finish(place, name, runs, [k.hex() for k in under]))
        return self.tell()

    def _finish(self, place: Place, name: str, runs: int, under: Sequence[str]) -> None:
        folder = self.recordings.folder
        try:
            files = [folder.path / name / f"{n}.rec" for n in range(runs)]
            if all(file.exists() for file in files):
                body = {"sizes": [file.stat().st_size for file in files], "attention": self.wanted.attention}
                folder.finish(name, body | {"under": [k for k in under if folder.done(k) is not None]})
                self._note(place, name, runs)
                self._write()
        except OSError as error:
            self.fail(unwritable(folder, error))

    def _note(self, place: Place, name: str, runs: int) -> None:
        with self._lock:
            self._runs[place.node, name] = place, runs

    def fingerprint(self, place: Place, outputs: Sequence[Any]) -> str:
        found = print_of(outputs, self.recordings.codecs)
        with self._lock:
            self._outputs[place.node] = found
        return found

    def hit(self, place: Place, outputs: Sequence[Any]) -> None:
        self.recordings.thread.submit(lambda: self.fingerprint(place, outputs))

    async def close(self) -> None:
        await self._later(self._end)

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
        warnings = [self.trouble.message] if self.trouble is not None else []
        folder = self.recordings.folder
        write_json(
            folder.job_file(self._job), {"job": self._job, "runs": rows, "outputs": outputs, "warnings": warnings}
        )

    async def _later(self, call: Callable[[], None]) -> None:
        """Wait until it is done behind all that waits; a disk that hangs keeps no job for ever."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(self.recordings.thread.submit(call)), PATIENCE)

    def fail(self, trouble: Trouble) -> None:
        """Something is not recorded."""
        self.trouble = self.trouble or trouble

    def tell(self) -> Trouble | None:
        """What is to be told now: the first trouble, once."""
        told, self._told = self._told, self.trouble is not None
        return None if told else self.trouble


class JobRun:
    """One call of the sampler, on its way to the disk."""

    def __init__(self, recorder: JobRecorder, place: Place, key: str, number: int, job: DenoiseJob) -> None:
        self._recorder, self._place, self._key, self._number, self._job = recorder, place, key, number, job
        self._sigmas = [sigma for sigma, _ in groupby(job.sigmas.tolist())]
        steps = recorder.wanted.steps(len(self._sigmas) - 1)
        self._watch = AttentionWatch(steps) if steps and isinstance(job.handle, ModelHandle) else None
        self._rows: list[dict[str, Any]] = []
        self._writing: Writing | None = None
        self._failed = recorder.recordings.folder.budget <= 0
        self._later(self._open)

    @property
    def watch(self) -> Any:
        return self._watch

    @property
    def _recordings(self) -> Recordings:
        return self._recorder.recordings

    def step(self, state: StepState) -> None:
        if self._failed:
            return
        try:
            x, clean = _host(state.x), _host(state.clean)
            branches = {n: clean if b is state.clean else _host(b) for n, b in self._answers(state).items()}
            heat = self._watch.take(state.step) if self._watch is not None else {}
            seen = {name: part.cpu().numpy() for name, part in heat.items()}
            size = sum(a.nbytes for a in (x, clean, *branches.values(), *seen.values()))
        except Exception as error:
            log.exception("a sampler step of node %s is not recorded", self._place.node)
            self._fail(Trouble("recording_failed", f"A sampler step could not be recorded: {error}."))
            return
        if self._recordings.waiting + size > BACKLOG:
            self._fail(_too_slow(self._recordings.folder))
            return
        self._recordings.wait_for(size)
        self._later(lambda: self._put(state.step, state.sigma, x, clean, branches, seen), size)

    def _answers(self, state: StepState) -> Mapping[str, Tensor]:
        """The branches; the terms of a composed prompt as the one answer that they stand for."""
        conditionings: Sequence[Any] = getattr(self._job.guider, "conditionings", ())
        return answers(state.branches, conditionings[0]) if conditionings else state.branches

    async def end(self, result: DenoiseResult) -> Trouble | None:
        x = _host(result.x * trajectory_of(self._job.sampling).share(self._sigmas[-1]))
        await self._recorder._later(lambda: self._guarded(lambda: self._close(x)))
        return self._recorder.tell()

    def drop(self) -> None:
        self._failed = True
        self._later(self._give_up)

    def _later(self, call: Callable[[], None], size: int = 0) -> None:
        def work() -> None:
            try:
                self._guarded(call)
            finally:
                self._recordings.wait_for(-size)

        self._recordings.thread.submit(work)

    def _guarded(self, call: Callable[[], None]) -> None:
        """In the writer's thread: what goes wrong ends the recording, not the job."""
        try:
            call()
        except OSError as error:
            self._fail(unwritable(self._recordings.folder, error))
        except Exception as error:
            log.exception("node %s is not recorded", self._place.node)
            self._fail(Trouble("recording_failed", f"A run of the sampler could not be recorded: {error}."))
        if self._failed:
            self._give_up()

    def _fail(self, trouble: Trouble) -> None:
        self._failed = True
        self._recorder.fail(trouble)

    def _give_up(self) -> None:
        if (writing := self._writing) is not None:
            self._writing = None
            self._recordings.busy(self._key, -1)
            with suppress(OSError):
                writing.drop()

    def _open(self) -> None:
        folder, latent = self._recordings.folder, self._job.latent
        total = len(self._sigmas) - 1
        if self._failed or total < 1:
            self._failed = True
            return
        sides = len(getattr(self._job.guider, "conditionings", ("", "")))
        need = (total * (2 + sides) + 2) * latent.numel() * 4
        need += len(self._watch.steps) * sides * HEAT_BYTES if self._watch is not None else 0
        if not folder.make_room(need, self._recordings.kept() | self._recorder.steps | {self._key}):
            self._fail(too_large(need, folder.budget))
            return
        file = folder.file(named(self._key, self._number))
        assert file is not None
        self._writing = Writing(file)
        self._recordings.busy(self._key, 1)

    def _put(
        self,
        step: int,
        sigma: float,
        x: NDArray[np.float32],
        clean: NDArray[np.float32],
        branches: dict[str, NDArray[np.float32]],
        heat: dict[str, Any],
    ) -> None:
        if (writing := self._writing) is None:
            return
        places = {"x": writing.put(x), "clean": writing.put(clean)}
        row = {
            "step": step,
            "sigma": sigma,
            "fingerprint": fingerprint(x, clean),
            **places,
            "branches": {n: places["clean"] if b is clean else writing.put(b) for n, b in branches.items()},
            "attention": {n: writing.put(part) for n, part in heat.items()},
        }
        self._rows.append(row)

    def _close(self, x: NDArray[np.float32]) -> None:
        if (writing := self._writing) is None:
            return
        start, mask = self._job.latent, self._job.noise_mask
        arrays = {
            "x": writing.put(x),
            "start": writing.put(_host(start)),
            "mask": writing.put(_host(mask)) if mask is not None else None,
        }
        head = self._head() | arrays | {"frames": self._rows, "tokens": self._tokens()}
        writing.end(head)
        self._writing = None
        self._recordings.busy(self._key, -1)

    def _head(self) -> dict[str, Any]:
        """What is needed to go on from any sampler step, and to show it."""
        job, handle = self._job, self._job.handle
        family = handle.family if isinstance(handle, ModelHandle) else ""
        latent = FAMILIES[family].latent if family in FAMILIES else None
        return {
            "node": self._place.node,
            "type": self._place.type,
            "sigmas": self._sigmas,
            "shape": list(job.latent.shape),
            "sampler": [job.sampler.name, [list(option) for option in job.sampler.options]],
            "sampling": _fields(job.sampling),
            "latent": _fields(latent) if latent is not None else None,
            "seed": job.seed,
            "source": job.noise_source,
            "family": family,
            "file": [handle.source.kind, handle.source.name] if isinstance(handle, ModelHandle) else None,
        }

    def _tokens(self) -> dict[str, list[list[Any]]]:
        names = dict.fromkeys(name for row in self._rows for name in row["attention"])
        words, handle = self._recorder.words, self._job.handle
        family = handle.family if isinstance(handle, ModelHandle) else ""
        found = {name: words(self._place.node, name, family) for name in names}
        return {name: [list(token) for token in tokens] for name, tokens in found.items() if tokens is not None}


def _host(tensor: Tensor) -> NDArray[np.float32]:
    """A copy of its own: the loop may go on."""
    found: NDArray[np.float32] = tensor.detach().to("cpu", torch.float32, copy=True).contiguous().numpy()
    return found


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def print_of(outputs: Sequence[Any], codecs: Codecs) -> str:
    """The fingerprint of a step's outputs; "" for what cannot be written."""
    import json

    from engine.recording.format import digest

    try:
        body, buffers = codecs.encode(tuple(outputs))
        text = json.dumps(body, separators=(",", ":")).encode()
    except (NotStorable, TypeError, ValueError):
        return ""
    return digest(text, *(memoryview(b).cast("B") for b in buffers))


def too_large(need: int, budget: int) -> Trouble:
    """What is told of a run that would not fit."""
    return Trouble(
        "recording_too_large",
        f"This run is not recorded: its sampler steps take about {_megabytes(need)}, and recordings may take "
        f"{_megabytes(budget)} together; allow more with --recordings GB, or record fewer steps.",
    )


def unwritable(folder: Folder, error: OSError) -> Trouble:
    """What is told of a disk that takes nothing."""
    return Trouble(
        "recording_unwritable",
        f"This run is not recorded: {folder.path} cannot be written ({error.strerror or error}); make room or let "
        "it be written, and run it again.",
    )


def _too_slow(folder: Folder) -> Trouble:
    return Trouble(
        "recording_too_slow",
        f"This run is not recorded: the disk of {folder.path} is slower than the sampler.",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"
