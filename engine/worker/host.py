"""Host: runs the jobs of a worker, wherever that is, and tells what becomes of them."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from engine.graph.problems import Problem
from engine.graph.sentences import sentence
from engine.graph.told import Telling, Told, telling
from engine.recording.wanted import Wanted
from engine.run.events import Event, JobFinished, JobQueued, StepFailed
from engine.run.workers import Threads
from engine.session import Job, Session, WorkflowError
from engine.session.session import Prepared
from engine.worker import asks
from engine.worker.messages import Answer, Work
from engine.worker.recent import Recent
from engine.workflow.file import from_json

log = logging.getLogger(__name__)

ASKERS = 3
"""Threads that answer questions."""


@dataclass(slots=True, eq=False)
class Entry:
    """A job that is not over."""

    work: Work
    job: Job | None = None
    cancelled: bool = False
    missed: tuple[StepFailed, ...] = ()
    """Why targets that were asked for cannot be made; a file may have gone since they were found sound."""


class Host:
    """Jobs are planned one after the other, in their order, in a thread of its own; they run several at once.

    Args:
        tell: told every event, from many threads.
        few: a graph of at most so many nodes is planned by whoever calls `run`, if no other waits to be planned.
    """

    def __init__(self, session: Session, tell: Callable[[Event], None], *, few: int = 0) -> None:
        self.session = session
        self._few = few
        self.jobs: dict[str, Entry] = {}
        self.recent = Recent()
        self.began = time.monotonic()
        self._tell = tell
        self._lock = threading.Lock()
        self._taken = self._unplanned = 0
        self._stopping = self._closed = False
        self._todo: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._askers = Threads(ASKERS, "asks")

    def open(self) -> Mapping[str, Any]:
        """Make device, stores and threads, take up jobs, and tell about this worker."""
        device = self.session.works.device.about()
        threading.Thread(target=self._plan, name="plans", daemon=True).start()
        settings = self.session.settings
        return {**device, "pid": os.getpid(), "share": settings.share, "at_once": settings.at_once}

    def run(self, work: Work) -> None:
        """Take a job."""
        entry = Entry(work)
        with self._lock:
            if work.job in self.jobs:
                log.error("job %s is here already", work.job)
                return
            self.jobs[work.job] = entry
            self._unplanned += 1
            here = self._unplanned == 1 and len(work.graph) <= self._few
        if here:
            self._turn(entry)
        else:
            self._todo.put(entry)

    def cancel(self, id: str) -> None:
        """End exactly this job."""
        with self._lock:
            entry = self.jobs.get(id)
            if entry is None:
                return
            entry.cancelled = True
        if entry.job is not None:
            entry.job.cancel()

    def ask(self, number: int, what: str, args: Mapping[str, Any], answer: Callable[[Answer], None]) -> None:
        """Answer a question in a thread of its own."""
        self._askers.submit(lambda: answer(self._answered(number, what, args)))

    def stop(self, seconds: float) -> tuple[str, ...]:
        """Begin no further steps, let running ones end for so long at most; gives the jobs that are not done.

        Nothing is told of those any more.
        """
        self._stopping = True
        self.session.works.runner.halt(seconds)
        with self._lock:
            self._closed = True
            return tuple(self.jobs)

    def close(self) -> None:
        """End the threads and the session."""
        self._todo.put(None)
        self._askers.close()
        self.session.close()

    def _plan(self) -> None:
        while (entry := self._todo.get()) is not None:
            self._turn(entry)

    def _turn(self, entry: Entry) -> None:
        if not self._stopping:
            self._begin(entry)
        with self._lock:
            self._unplanned -= 1

    def _begin(self, entry: Entry) -> None:
        id = entry.work.job
        if entry.cancelled:
            self._heard(entry, JobQueued(id))
            self._heard(entry, JobFinished(id, "cancelled"))
            return
        try:
            prepared = self._prepared(entry.work)
            if set(entry.work.targets) - set(prepared.checked.plan.targets):
                entry.missed = _told(entry.work, prepared.checked.errors)
            with self._lock:
                self._taken += 1
                # Of equal priorities the earlier job goes first, in the denoise loop too.
                rank = (entry.work.priority << 40) - self._taken
            record = Wanted.of(entry.work.record)
            entry.job = self.session.start(prepared, partial(self._heard, entry), rank, record)
        except WorkflowError as error:
            self._refuse(entry, error.problems, telling("The job could not be planned: {text}", text=str(error)))
        except Exception as error:
            if not self._stopping:
                log.exception("job %s cannot be planned", id)
                self._refuse(entry, (), _unplanned(error))
        else:
            self.recent.add(prepared.checked.plan)
            if entry.cancelled:
                entry.job.cancel()

    def _prepared(self, work: Work) -> Prepared:
        texts = work.extra.get("extra_pnginfo")
        return self.session.prepare(
            from_json(work.graph, self.session.registry),
            targets=work.targets or None,
            metadata=work.metadata,
            source=work.source.encode() if work.source is not None else None,
            texts=texts if isinstance(texts, Mapping) else None,
            id=work.job,
            strict=False,
        )

    def _refuse(self, entry: Entry, problems: Sequence[Problem], text: Telling) -> None:
        """End a job that cannot begin."""
        id = entry.work.job
        entry.missed = _told(entry.work, problems) or (StepFailed(id, "", "", str(text), telling=text.plain()),)
        self._heard(entry, JobQueued(id))
        self._heard(entry, JobFinished(id, "error"))

    def _heard(self, entry: Entry, event: Event) -> None:
        if isinstance(event, JobFinished):
            if self._stopping and event.status == "cancelled" and not entry.cancelled:
                return
            with self._lock:
                if self._closed:
                    return
                self.jobs.pop(event.job, None)
            if entry.missed and event.status == "success":
                event = replace(event, status="error")
        if not self._closed:
            for told in (event, *(entry.missed if isinstance(event, JobQueued) else ())):
                self._tell(told)

    def _answered(self, number: int, what: str, args: Mapping[str, Any]) -> Answer:
        try:
            return Answer(number, asks.answer(self, what, args))
        except asks.BadQuestion as error:
            return Answer(number, error=str(error))
        except WorkflowError as error:
            return Answer(number, error=str(error))
        except Exception as error:
            log.exception("no answer to %s", what)
            return Answer(number, error=f"The worker could not answer {what!r}: {error} ({type(error).__name__}).")


def _told(work: Work, problems: Sequence[Problem]) -> tuple[StepFailed, ...]:
    """Problems as failures of their nodes."""

    def kind(node: str | None) -> str:
        raw = work.graph.get(node or "")
        return str(raw.get("class_type", "")) if isinstance(raw, Mapping) else ""

    def failed(problem: Problem) -> StepFailed:
        told = telling("{problem}.", problem=problem).plain()
        return StepFailed(
            work.job, problem.node or "", kind(problem.node), sentence(problem), problem.code, telling=told
        )

    return tuple(map(failed, problems))


def _unplanned(error: Exception) -> Telling:
    if isinstance(error, Told):
        return telling("The job could not be planned: {reason}", reason=error.telling)
    kind = type(error).__name__
    return telling("The job could not be planned: {text} ({kind}).", text=str(error), kind=kind)
