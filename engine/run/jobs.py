"""Jobs in this process: several at once on one event loop of their own, each with its record and its cancel."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count

from engine.graph.context import Cancelled
from engine.graph.graph import NodeId
from engine.graph.plan import Plan
from engine.graph.told import Telling
from engine.run.artifact import Artifact
from engine.run.cancel import Cancel
from engine.run.context import Services
from engine.run.events import Event, JobFinished, JobQueued, Preview, Warned
from engine.run.flights import Flights
from engine.run.growth import Rules
from engine.run.schedule import execute
from engine.run.store import Store
from engine.run.workers import Worker

Listener = Callable[[Event], None]


class Job:
    """One submitted plan; `events` is its record (previews are only listened to, they are not kept)."""

    def __init__(self, id: str, plan: Plan, listener: Listener | None, priority: int = 0) -> None:
        self.id = id
        self.plan = plan
        self.priority = priority
        self.events: list[Event] = []
        self.cancelled = Cancel()
        self.halted = Cancel()
        self.future: Future[Mapping[NodeId, Artifact]] = Future()
        self._listener = listener
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """End this job and no other; what it has finished stays in the store."""
        self.cancelled.set()

    def result(self, timeout: float | None = None) -> Mapping[NodeId, Artifact]:
        """Wait for the targets' artifacts; raises StepError, Cancelled or TimeoutError."""
        return self.future.result(timeout)

    def over(self, task: asyncio.Task[Mapping[NodeId, Artifact]]) -> None:
        """Pass on how it ended."""
        if task.cancelled():
            self.future.cancel()
        elif (error := task.exception()) is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(task.result())

    def tell(self, event: Event) -> None:
        """Record an event and hand it to the listener, one at a time."""
        with self._lock:
            if not isinstance(event, Preview):
                self.events.append(event)
            if self._listener is not None:
                self._listener(event)


class JobRunner:
    """Runs up to `at_once` jobs at a time in a thread of its own; equal steps of different jobs run once.

    Of the jobs that wait for a place those of the highest priority are first, and of these the earliest.
    """

    def __init__(self, *, store: Store, workers: Mapping[str, Worker], at_once: int = 8) -> None:
        self._store = store
        self._workers = workers
        self._flights = Flights()
        self._numbers = count(1)
        self._jobs: dict[str, Job] = {}
        self._unheard: list[tuple[str, Telling]] = []
        self._closed = False
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._free = at_once
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, name="jobs", daemon=True)
        self._thread.start()

    def name(self) -> str:
        """An id that no other job of this runner has; volatile steps need it when the plan is made."""
        return f"job-{next(self._numbers)}"

    def submit(
        self,
        plan: Plan,
        rules: Rules,
        *,
        services: Services = Services(),  # noqa: B008 - frozen
        listener: Listener | None = None,
        priority: int = 0,
    ) -> Job:
        """Queue a plan; `rules` are what it was checked with, and `rules.job` is the job's id.

        `listener` gets every event, one at a time, in whatever thread it happens; it must be quick.
        Raises ValueError while a job of the same id runs, RuntimeError when the runner is closed.
        """
        job = Job(rules.job or self.name(), plan, listener, priority)
        with self._lock:
            unheard, self._unheard = self._unheard, []
        job.tell(JobQueued(job.id))
        for code, message in unheard:
            job.tell(Warned(job.id, code, str(message), message.plain()))
        with self._lock:
            if self._closed:
                raise RuntimeError("the runner of jobs is closed")
            if job.id in self._jobs:
                raise ValueError(f"a job named {job.id!r} is running")
            self._jobs[job.id] = job
        # Not under the lock, for which the loop would wait as soon as it wakes.
        self._loop.call_soon_threadsafe(self._begin, job, rules, services)
        return job

    def _begin(self, job: Job, rules: Rules, services: Services) -> None:
        task = self._loop.create_task(self._run(job, rules, services))
        task.add_done_callback(job.over)

    async def _run(self, job: Job, rules: Rules, services: Services) -> Mapping[NodeId, Artifact]:
        try:
            await self._place(job)
            try:
                return await execute(
                    job.plan,
                    store=self._store,
                    workers=self._workers,
                    rules=rules,
                    emit=job.tell,
                    cancelled=job.cancelled,
                    halted=job.halted,
                    services=services,
                    flights=self._flights,
                    job=job.id,
                )
            finally:
                self._give_place()
        finally:
            with self._lock:
                del self._jobs[job.id]

    async def _place(self, job: Job) -> None:
        """Wait for one of the places; a job that is cancelled meanwhile does not wait on."""
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = self._loop.create_future()
        heappush(self._waiting, (-job.priority, next(self._numbers), turn))
        for end in (job.cancelled, job.halted):
            end.listen(lambda: self._soon(turn.cancel))
        try:
            await turn
        except asyncio.CancelledError:
            job.tell(JobFinished(job.id, "cancelled"))
            raise Cancelled from None

    def _give_place(self) -> None:
        while self._waiting:
            turn = heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _soon(self, call: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed, and the job long over
            self._loop.call_soon_threadsafe(call)

    def warn(self, code: str, message: Telling) -> None:
        """Tell the running jobs, or the next one, what is amiss with a cache or a ledger."""
        with self._lock:
            jobs = list(self._jobs.values())
            if not jobs:
                self._unheard.append((code, message))
        for job in jobs:
            job.tell(Warned(job.id, code, str(message), message.plain()))

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Those that are not over."""
        with self._lock:
            return tuple(self._jobs.values())

    def halt(self, seconds: float) -> None:
        """Begin no further steps and take no jobs; wait for the steps that run, for at most so long.

        A job that has steps left ends as cancelled; `jobs` are those whose running steps took longer.
        """
        until = time.monotonic() + seconds
        with self._lock:
            self._closed = True
        for job in self.jobs:
            job.halted.set()
        for job in self.jobs:
            _over(job, until - time.monotonic())

    def close(self, timeout: float = 5.0) -> None:
        """Cancel what runs and stop; calls that do not look at their Context are left to their daemon threads."""
        with self._lock:
            self._closed = True
        jobs = self.jobs
        for job in jobs:
            job.cancel()
        until = time.monotonic() + timeout
        for job in jobs:
            _over(job, until - time.monotonic())
        self._soon(self._loop.stop)
        self._thread.join(timeout)
        if not self._thread.is_alive():
            self._loop.close()


def _over(job: Job, seconds: float) -> None:
    """Wait for the end of a job, however it ends."""
    with suppress(TimeoutError, asyncio.CancelledError, CancelledError):
        job.future.exception(max(seconds, 0.0))
