"""The denoise loop: one thread per device that advances all samplers and does all other work on the device."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from engine.diffusion.batch import groups, lay_out, lay_out_controls, rows_of, run, split
from engine.diffusion.job import DenoiseJob, Run, StepState, run_job
from engine.diffusion.predict import Evaluation
from engine.diffusion.residence import Lease, Residence, Weights
from engine.diffusion.traces import Watch
from engine.diffusion.types import Network
from engine.graph.context import Cancelled

__all__ = ["DenoiseJob", "DenoiseLoop", "DenoiseResult", "Stats", "StepState"]

T = TypeVar("T")

TOGETHER = 16
"""Jobs that go in one batch because each of them may, where the loop shares none by itself."""

Room = Callable[[Network, Sequence[int], int], int]
"""(network, shape of one row of x, rows wanted) -> rows that memory has room for in one call, at least 1."""


@dataclass(frozen=True, slots=True, eq=False)
class DenoiseResult:
    """What a job came to: x [B, C, h, w] and the last clean latent, float32 on the host."""

    x: Tensor
    clean: Tensor
    shared: bool
    """Whether any network call held rows of another job: that changes the last bits."""
    calls: int
    """Network calls that this job took part in."""


@dataclass(frozen=True, slots=True)
class Stats:
    """What the loop has done since it began."""

    calls: int = 0
    """Network calls."""
    rows: int = 0
    shared_calls: int = 0
    halvings: int = 0
    """Times that memory ran out and a batch was halved."""
    swaps: int = 0
    """Times that other weights were taken up."""
    seconds: float = 0.0
    """Spent in network calls; on a device that works on by itself, until the call was handed over."""


@dataclass(slots=True, eq=False)
class _Active:
    """A job under way."""

    job: DenoiseJob
    future: Future[DenoiseResult]
    run: Run
    weights: Weights
    asked: Sequence[Evaluation] = ()
    calls: int = 0
    shared: bool = False
    turn: int = 0
    """The last turn it had."""
    answers: list[Tensor | None] = field(default_factory=list)

    def end(self) -> Exception | None:
        """Why the job is to end now, if it is."""
        try:
            stopped = self.future.cancelled() or (self.job.cancelled is not None and self.job.cancelled())
        except Exception as error:
            return error
        return Cancelled() if stopped else None


def _everything(network: Network, shape: Sequence[int], rows: int) -> int:
    return rows


class DenoiseLoop:
    """Takes jobs from any thread and works on them, a network call at a time, in a thread of its own.

    With share "auto" jobs on the same weights and of the same priority go in one batch, wherever each is in its
    schedule; with "never" each is batched only with itself, or with others that ask for it too (`DenoiseJob.share`),
    and they take turns.  Between turns it runs what `call` was given, with no lease held.  A job that fails, or whose
    `on_step` does, ends alone.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        device: str | torch.device = "cpu",
        share: Literal["never", "auto"] = "never",
        room: Room = _everything,
    ) -> None:
        self._residence = Residence(lease)
        self._device = torch.device(device)
        self._share = share
        self._room = room
        self._limits: dict[tuple[Weights, torch.Size], int] = {}
        self._lay_out = lru_cache(maxsize=8)(lay_out)
        self._lay_out_controls = lru_cache(maxsize=8)(lay_out_controls)
        self._stats = Stats()
        self._turn = 0
        self._active: list[_Active] = []
        self._inbox: deque[tuple[DenoiseJob, Future[DenoiseResult]]] = deque()
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="denoise", daemon=True)
        self._thread.start()

    def submit(self, job: DenoiseJob) -> Future[DenoiseResult]:
        """Take a job; cancelling its future ends it before its next network call."""
        future: Future[DenoiseResult] = Future()
        with self._wake:
            self._refuse_if_closed()
            self._inbox.append((job, future))
            self._wake.notify()
        return future

    def call(self, fn: Callable[[], T]) -> Future[T]:
        """Run `fn` in the loop's thread between turns: other work on the device."""
        future: Future[T] = Future()
        with self._wake:
            self._refuse_if_closed()
            self._calls.append((fn, future))
            self._wake.notify()
        return future

    @property
    def stats(self) -> Stats:
        return replace(self._stats, swaps=self._residence.swaps)

    def close(self, seconds: float | None = 10.0) -> None:
        """End the thread after its present turn, waiting for that at most so long; what is left is cancelled."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(seconds)

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise RuntimeError("The denoise loop is closed.")

    def _work(self) -> None:
        # Not inference_mode: guidance by a classifier needs gradients.
        with torch.no_grad():
            end: BaseException = Cancelled()
            try:
                while self._wait():
                    self._admit()
                    self._one_call()
                    self._one_turn()
            except BaseException as error:
                end = error
                raise
            finally:
                self._end(end)

    def _wait(self) -> bool:
        with self._wake:
            if not (self._active or self._inbox or self._calls or self._closed):
                self._residence.leave()
                self._limits.clear()
                self._lay_out.cache_clear()
                self._lay_out_controls.cache_clear()
                self._wake.wait_for(lambda: self._inbox or self._calls or self._closed)
            return not self._closed

    def _end(self, error: BaseException) -> None:
        with self._wake:
            self._closed = True
            for active in self._active:
                _fail(active.future, error)
            for _, waiting in (*self._inbox, *self._calls):
                _fail(waiting, error)
            self._active, self._inbox, self._calls = [], deque(), deque()
        # Last: a lease that cannot be given back must not keep anybody waiting.
        self._residence.leave()

    def _admit(self) -> None:
        while self._inbox:
            job, future = self._inbox.popleft()
            active = _Active(job, future, run_job(job, self._device), job.weights(), turn=self._turn)
            self._active.append(active)
            self._drop_stopped([active])
            if active in self._active:
                self._advance(active, partial(next, active.run))

    def _one_call(self) -> None:
        if not self._calls:
            return
        fn, future = self._calls.popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            # A call may lease what does not fit beside the denoiser.
            self._residence.leave()
            result = fn()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    def _one_turn(self) -> None:
        self._drop_stopped(list(self._active))
        chosen = self._choose()
        if not chosen:
            return
        self._turn += 1
        for active in chosen:
            active.turn = self._turn
            active.answers = [None] * len(active.asked)
        try:
            self._residence.enter(chosen[0].weights)
        except Exception as error:
            for active in chosen:
                self._drop(active, error)
            return
        questions = [(active, i) for active in chosen for i in range(len(active.asked))]
        for group in groups([active.asked[i] for active, i in questions]):
            self._answer([questions[i] for i in group])
        for active in chosen:
            if active in self._active:
                answers = [answer for answer in active.answers if answer is not None]
                self._advance(active, partial(active.run.send, answers))

    def _choose(self) -> list[_Active]:
        """The jobs of the next turn: those of the highest priority on one set of weights."""
        if not self._active:
            return []
        highest = max(active.job.priority for active in self._active)
        waiting = sorted((a for a in self._active if a.job.priority == highest), key=lambda a: a.turn)
        here = [a for a in waiting if a.weights == self._residence.weights]
        elsewhere = [a for a in waiting if a.weights != self._residence.weights]
        if elsewhere and (not here or self._residence.may_swap):
            here = [a for a in elsewhere if a.weights == elsewhere[0].weights]
        return here if self._share == "auto" else self._together(here)

    def _together(self, waiting: Sequence[_Active]) -> list[_Active]:
        """The job that waits longest, alone, or if it may share, the first that came of those that may.

        Those that are left wait no longer for it: of many such jobs some end early, rather than all at the end, and
        the jobs beside them get every other turn.
        """
        if not waiting[0].job.share:
            return [*waiting[:1]]
        among = set(waiting)
        sharing = [active for active in self._active if active.job.share and active in among]
        for active in sharing:
            active.turn = self._turn + 1
        return sharing[:TOGETHER]

    def _answer(self, questions: Sequence[tuple[_Active, int]]) -> None:
        """One group's network calls.  If jobs share it and it fails, each is tried alone, so that one fails alone."""
        self._drop_stopped([active for active, _ in questions])
        questions = [(active, i) for active, i in questions if active in self._active]
        owners = list(dict.fromkeys(active for active, _ in questions))
        if not owners:
            return
        try:
            self._evaluate(questions, owners)
        except Exception as error:
            if len(owners) == 1:
                self._drop(owners[0], error)
                return
            for owner in owners:
                self._answer([(active, i) for active, i in questions if active is owner])

    def _evaluate(self, questions: Sequence[tuple[_Active, int]], owners: Sequence[_Active]) -> None:
        asked = [active.asked[i] for active, i in questions]
        weights = owners[0].weights
        given = self._lay_out(tuple(evaluation.placed for evaluation in asked))
        rows = rows_of(asked, given, self._lay_out_controls(tuple(evaluation.controls for evaluation in asked)))
        shape, count = rows.x.shape[1:], rows.x.shape[0]
        network = self._residence.enter(weights)
        limit = min(count, self._limits.get((weights, shape), count), max(self._room(network, shape, count), 1))
        started = time.perf_counter()

        def on_call(size: int) -> None:
            stats = self._stats
            self._stats = replace(
                stats,
                calls=stats.calls + 1,
                rows=stats.rows + size,
                shared_calls=stats.shared_calls + (len(owners) > 1),
            )
            for owner in owners:
                owner.calls += 1
                owner.shared = owner.shared or len(owners) > 1

        def on_halved(size: int) -> None:
            self._limits[weights, shape] = size
            self._stats = replace(self._stats, halvings=self._stats.halvings + 1)

        with _watched(network, questions):
            clean = run(network, rows, limit, on_call, on_halved)
        self._stats = replace(self._stats, seconds=self._stats.seconds + time.perf_counter() - started)
        for (active, i), answer in zip(questions, split(clean, asked), strict=True):
            active.answers[i] = answer

    def _advance(self, active: _Active, resume: Callable[[], Sequence[Evaluation]]) -> None:
        """Let a job go on; it asks again, or ends."""
        try:
            active.asked = resume()
        except StopIteration as end:
            x, clean = end.value
            result = DenoiseResult(x, clean, active.shared, active.calls)
            self._active.remove(active)
            if active.future.set_running_or_notify_cancel():
                active.future.set_result(result)
        except Exception as error:
            self._drop(active, error)

    def _drop_stopped(self, candidates: Sequence[_Active]) -> None:
        for active in candidates:
            if active in self._active and (error := active.end()) is not None:
                self._drop(active, error)

    def _drop(self, active: _Active, error: Exception) -> None:
        self._active.remove(active)
        active.run.close()
        _fail(active.future, error)


@contextmanager
def _watched(network: Network, questions: Sequence[tuple[_Active, int]]) -> Iterator[None]:
    """With every job's look into the calls that answer these questions, at the sampler steps that it wants to see."""
    seen: dict[_Active, tuple[Watch, list[tuple[int, Evaluation]]]] = {}
    row = 0
    for active, i in questions:
        watch, evaluation = active.job.watch, active.asked[i]
        if watch is not None and evaluation.step in watch.steps:
            seen.setdefault(active, (watch, []))[1].append((row, evaluation))
        row += evaluation.x.shape[0]
    with ExitStack() as stack:
        for watch, asked in seen.values():
            stack.enter_context(watch(network, asked))
        yield


def _fail(future: Future[Any], error: BaseException) -> None:
    if future.set_running_or_notify_cancel():
        future.set_exception(error)
