"""A workflow under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import Any

from engine.graph.check import Checked
from engine.graph.context import Cancelled
from engine.graph.graph import NodeId
from engine.run import events, jobs
from engine.run.errors import StepError
from engine.session.result import Result, files_of
from engine.workflow.error import WorkflowError

OnEvent = Callable[[events.Event], None]

GLANCE = 0.2
"""Seconds between looks for an interrupt, which on Windows does not end a wait."""


class Job:
    """What `Session.submit` gives: wait for its result, or cancel it."""

    def __init__(self, running: jobs.Job, checked: Checked, record: Record, folder: Callable[[str], Path]) -> None:
        self._running = running
        self._checked = checked
        self._record = record
        self._folder = folder

    @property
    def id(self) -> str:
        """No other job has it."""
        return self._running.id

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the end; raises WorkflowError when a node failed, Cancelled, or TimeoutError."""
        self.wait(timeout)
        try:
            made = self._running.future.result(0)
        except StepError as error:
            raise WorkflowError(map(str, (error, *error.others))) from error
        except CancelledError:
            raise Cancelled from None
        shown = {**self._record.ui, **{id: a.ui for id, a in made.items() if a.ui}}
        return Result(
            self._checked.plan.graph,
            made,
            shown,
            files_of(shown, self._folder),
            tuple(self._record.ran),
            tuple(self._record.cached),
            self._checked.problems,
            self._record.seconds,
        )

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; False when it did not come in time."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self._running.future.done():
            left = GLANCE if until is None else min(GLANCE, until - time.monotonic())
            if left <= 0:
                return False
            try:
                self._running.future.exception(left)
            except (NotYet, CancelledError):
                continue
        return True

    def cancel(self) -> None:
        """Ask it to end; a node that is running ends at its next look."""
        self._running.cancel()


class Record:
    """What became of each step, from the job's events."""

    def __init__(self, on_event: OnEvent | None) -> None:
        self._on_event = on_event
        self._began = time.perf_counter()
        self.seconds = 0.0
        self.ran: dict[NodeId, None] = {}
        self.cached: dict[NodeId, None] = {}
        self.ui: dict[NodeId, Mapping[str, Any]] = {}

    def tell(self, event: events.Event) -> None:
        """Keep what counts, and tell the listener."""
        match event:
            case events.JobStarted(cached=cached):
                self.cached |= dict.fromkeys(cached)
            case events.StepFinished(node=node, ui=ui, cached=cached):
                (self.cached if cached else self.ran)[node] = None
                if ui:
                    self.ui[node] = ui
            case events.JobFinished():
                self.seconds = time.perf_counter() - self._began
        if self._on_event is not None:
            self._on_event(event)
