"""One call of the sampler on its way to the disk: each step is copied in the loop's thread and written in another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.diffusion.job import DenoiseJob, StepState
from engine.diffusion.loop import DenoiseResult
from engine.diffusion.tracing import answers
from engine.diffusion.trajectory import trajectory_of
from engine.models.attention import LONGEST, AttentionWatch
from engine.models.families import FAMILIES
from engine.models.handle import ModelHandle
from engine.recording.folder import named
from engine.recording.format import Writing, digest
from engine.recording.read import fingerprint
from engine.recording.store import BACKLOG, Recordings
from engine.recording.trouble import run_failed, step_failed, too_large, too_slow, unwritable
from engine.run.recorded import Place, Trouble

if TYPE_CHECKING:
    from engine.recording.write import JobRecorder

HEAT_BYTES = LONGEST * LONGEST * 77 * 2
"""Of the attention that one picture pays to one prompt at one sampler step, about."""

log = logging.getLogger(__name__)


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
        self._over = False
        self._later(self._open)

    @property
    def watch(self) -> Any:
        return self._watch

    @property
    def _cells(self) -> tuple[int, int]:
        height, width = self._job.latent.shape[-2:]
        return height, width

    @property
    def _recordings(self) -> Recordings:
        return self._recorder.recordings

    def step(self, state: StepState) -> None:
        if self._failed or self._over:
            return
        try:
            x, clean = _host(state.x), _host(state.clean)
            branches = {n: clean if b is state.clean else _host(b) for n, b in self._answers(state).items()}
            heat = self._watch.take(state.step, self._cells) if self._watch is not None else {}
            seen = {name: part.cpu().numpy() for name, part in heat.items()}
            size = sum(a.nbytes for a in (x, clean, *branches.values(), *seen.values()))
        except Exception as error:
            log.exception("a sampler step of node %s is not recorded", self._place.node)
            self._fail(step_failed(error))
            return
        if self._recordings.waiting + size > BACKLOG:
            self._fail(too_slow(self._recordings.folder))
            return
        self._recordings.wait_for(size)
        self._later(lambda: self._put(state.step, state.sigma, x, clean, branches, seen), size)

    def trouble(self) -> Trouble | None:
        return self._recorder.tell()

    def _answers(self, state: StepState) -> Mapping[str, Tensor]:
        """The branches; the terms of a composed prompt as the one answer that they stand for."""
        conditionings: Sequence[Any] = getattr(self._job.guider, "conditionings", ())
        return answers(state.branches, conditionings[0]) if conditionings else state.branches

    async def end(self, result: DenoiseResult) -> Trouble | None:
        x = _host(result.x * trajectory_of(self._job.sampling).share(self._sigmas[-1]))
        await self._recorder.later(lambda: self._guarded(lambda: self._close(x)))
        self._recorder.over(self)
        return self._recorder.tell()

    def drop(self) -> None:
        self._over = True
        self._later(self._cut)
        self._recorder.over(self)

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
            self._fail(run_failed(error))
        if self._failed:
            self._give_up()

    def _fail(self, trouble: Trouble) -> None:
        self._failed = True
        self._recorder.fail(trouble)

    def _give_up(self) -> None:
        if (writing := self._writing) is not None:
            self._leave()
            with suppress(OSError):
                writing.drop()
                self._remove_empty()

    def _leave(self) -> None:
        self._writing = None
        self._recordings.busy(self._key, -1)

    def _remove_empty(self) -> None:
        """The folder of the step, where this run was the only thing in it."""
        with suppress(OSError):
            (self._recordings.folder.path / self._key).rmdir()

    def _open(self) -> None:
        folder, latent = self._recordings.folder, self._job.latent
        total = len(self._sigmas) - 1
        if self._failed or total < 1:
            self._failed = True
            return
        conditionings = getattr(self._job.guider, "conditionings", ("", ""))
        sides, prompts = len(conditionings), sum(map(len, conditionings)) or len(conditionings)
        need = (total * (2 + sides) + 2) * latent.numel() * 4
        heats = len(self._watch.steps) * prompts * latent.shape[0] if self._watch is not None else 0
        need += heats * HEAT_BYTES
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
        writing.end(self._body(writing) | {"x": writing.put(x)})
        self._leave()

    def _cut(self) -> None:
        """Keep what there is of a run that failed or was cancelled, under a name of its own: its step is not done."""
        if (writing := self._writing) is None or not self._rows:
            self._give_up()
            return
        folder, name = self._recordings.folder, self._cut_name()
        if folder.done(name) is None:
            head = self._body(writing) | {"x": self._rows[-1]["clean"], "partial": True}
            size = writing.end(head, folder.file(name))
            self._leave()
            self._remove_empty()
            folder.finish(name, {"sizes": [size], "attention": 0, "under": []})
        else:
            self._give_up()
        self._recorder.note(self._place, name, 1)

    def _cut_name(self) -> str:
        """Of all runs of this recipe that ended at this sampler step, which are the same."""
        watched = sum(1 for row in self._rows if row["attention"])
        return digest(f"{self._key} {self._number} {len(self._rows)} {watched}".encode())

    def _body(self, writing: Writing) -> dict[str, Any]:
        """All but the end of the run."""
        mask = self._job.noise_mask
        return self._head() | {
            "start": writing.put(_host(self._job.latent)),
            "mask": writing.put(_host(mask)) if mask is not None else None,
            "frames": self._rows,
            "tokens": self._tokens(),
        }

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
