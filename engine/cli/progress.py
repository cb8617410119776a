"""Progress of a run for people: bars on a terminal, plain lines elsewhere; a view of the job's events."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from engine.cli.common import counted
from engine.run import events as e

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID

Title = Callable[[str], str]
"""The title of a node by its id."""

EVERY = 10.0
"""Seconds between two lines about one step."""


class View(Protocol):
    """Shows events; may be called from any thread."""

    def show(self, event: e.Event) -> None: ...

    def close(self) -> None: ...


def view(title: Title) -> View:
    """What suits the terminal that stderr goes to."""
    return Bars(title) if sys.stderr.isatty() else Lines(title)


class Lines:
    """One line per finished step; of a long one, one every ten seconds."""

    def __init__(self, title: Title) -> None:
        self._title = title
        self._total, self._done = 0, 0
        self._there: frozenset[str] = frozenset()
        self._began: dict[str, float] = {}
        self._told: dict[str, float] = {}

    def show(self, event: e.Event) -> None:
        match event:
            case e.JobStarted(nodes=nodes, cached=cached):
                self._total, self._there = len(nodes), frozenset(cached)
                if cached:
                    self._say(f"{counted(len(cached), 'step')} there already, {len(nodes)} to run")
            case e.Expanded(nodes=nodes):
                self._total += len(nodes)
            case e.StepStarted(node=node):
                self._began[node] = self._told[node] = time.monotonic()
            case e.Progress(node=node, done=done, total=total):
                self._step(node, done, total)
            case e.StepFinished(node=node, seconds=seconds, cached=cached) if node not in self._there:
                self._done += 1
                self._total = max(self._total, self._done)
                if not cached:
                    self._say(f"[{self._done}/{self._total}] {self._title(node)} {seconds:.1f} s")
            case e.Warned(message=message):
                self._say(message)

    def _step(self, node: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told.get(node, now) < EVERY or not done:
            return
        self._told[node] = now
        rate = done / max(now - self._began[node], 1e-9)
        rest = f" of {total}, {(total - done) / rate:.0f} s left" if total else ""
        self._say(f"{self._title(node)}: step {done}{rest} ({rate:.2g} a second)")

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing is open."""


class Bars:
    """A bar for the whole job and one for each running step, with rate and time left."""

    def __init__(self, title: Title) -> None:
        self._title = title
        self._bars = _bars()
        self._bars.start()
        self._whole = self._bars.add_task("Workflow", total=None)
        self._steps: dict[str, TaskID] = {}
        self._there: frozenset[str] = frozenset()

    def show(self, event: e.Event) -> None:
        match event:
            case e.JobStarted(nodes=nodes, cached=cached):
                self._there = frozenset(cached)
                self._bars.update(self._whole, total=len(nodes))
            case e.Expanded(nodes=nodes):
                self._bars.update(self._whole, total=(self._bars.tasks[0].total or 0) + len(nodes))
            case e.StepStarted(node=node):
                self._steps[node] = self._bars.add_task(self._title(node), total=None)
            case e.Progress(node=node, done=done, total=total) if node in self._steps:
                self._bars.update(self._steps[node], completed=done, total=total or None)
            case e.StepFinished(node=node) if node not in self._there:
                self._bars.advance(self._whole)
                self._remove(node)
            case e.StepFailed(node=node):
                self._remove(node)
            case e.Warned(message=message):
                self._bars.console.print(message, markup=False)

    def _remove(self, node: str) -> None:
        if (bar := self._steps.pop(node, None)) is not None:
            self._bars.remove_task(bar)

    def close(self) -> None:
        self._bars.stop()


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        """Steps a second, or seconds a step where that is the larger number."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            if not speed:
                return Text("")
            return Text(f"{speed:.1f} step/s" if speed >= 1 else f"{1 / speed:.1f} s/step")

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
