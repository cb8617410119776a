"""Meter: counts what happens, for Prometheus. It costs a moment per event, and nothing is read until it is asked."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine.graph.graph import NodeId
from engine.queue.histogram import Histogram
from engine.queue.log import Logged
from engine.run.events import JobFinished, JobInterrupted, JobQueued, StepFailed, StepFinished
from engine.service.hub import Item, Notice, Subscription
from engine.service.service import Service

STEP_BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
"""Upper bounds of buckets, in seconds."""
WAITING = 2000
"""Jobs whose steps wait until their types are asked for; the oldest are counted without."""
INSIDE = "inside"
"""The type that steps get which came from an expansion, or whose job was deleted."""


class Meter:
    """What one application has counted since its start."""

    def __init__(self, service: Service) -> None:
        self.jobs: Counter[str] = Counter()
        self.interruptions: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()
        self.workers: Counter[tuple[str, str]] = Counter()
        self.streams: dict[str, int] = {"sse": 0, "websocket": 0}
        self._service = service
        self._seconds: defaultdict[str, Histogram] = defaultdict(lambda: Histogram(STEP_BOUNDS))
        self._open: defaultdict[str, list[tuple[NodeId, float]]] = defaultdict(list)
        self._ended: deque[tuple[str, list[tuple[NodeId, float]]]] = deque()
        self._subscription: Subscription | None = None
        self._kinds: Mapping[type, Any] = {
            StepFinished: self._step,
            StepFailed: self._failed,
            JobQueued: lambda e: self.jobs.update(("queued",)),
            JobFinished: self._over,
            JobInterrupted: self._interrupted,
        }

    def start(self) -> None:
        """Listen from now on."""
        # It only looks, and takes nothing: so it has no queue that could run over.
        self._subscription = self._service.hub.subscribe(self._look)

    def stop(self) -> None:
        """Listen no more."""
        if self._subscription is not None:
            self._subscription.close()

    @contextmanager
    def stream(self, kind: str) -> Iterator[None]:
        """Count somebody who watches."""
        self.streams[kind] += 1
        try:
            yield
        finally:
            self.streams[kind] -= 1

    @property
    def lost(self) -> tuple[int, int]:
        """How much of the moment slow readers missed, and how often one was sent back to the log."""
        return self._service.hub.thinned, self._service.hub.left_behind

    async def step_seconds(self) -> Mapping[str, Histogram]:
        """The seconds of steps that ran, by node type."""
        ended, self._ended = self._ended, deque()
        bodies = await self._service.queue.bodies(dict.fromkeys(id for id, _ in ended))
        for id, steps in ended:
            graph = bodies[id].graph if id in bodies else {}
            for node, seconds in steps:
                self._seconds[str(graph.get(node, {}).get("class_type", INSIDE))].add(seconds)
        return self._seconds

    def _look(self, item: Item) -> bool:
        if isinstance(item, Logged) and (count := self._kinds.get(type(item.event))) is not None:
            count(item.event)
        elif isinstance(item, Notice) and item.kind == "worker":
            self.workers[str(item.details["name"]), str(item.details["state"])] += 1
        return False

    def _step(self, event: StepFinished) -> None:
        self.steps["cached" if event.cached else "run"] += 1
        if not event.cached:
            self._open[event.job].append((event.node, event.seconds))

    def _failed(self, event: StepFailed) -> None:
        self.steps["failed"] += 1

    def _over(self, event: JobFinished) -> None:
        self.jobs[event.status] += 1
        self._close(event.job)

    def _interrupted(self, event: JobInterrupted) -> None:
        self.interruptions[event.reason] += 1
        self._close(event.job)

    def _close(self, job: str) -> None:
        if (steps := self._open.pop(job, None)) is None:
            return
        self._ended.append((job, steps))
        if len(self._ended) > WAITING:
            for _, seconds in self._ended.popleft()[1]:
                self._seconds[INSIDE].add(seconds)
