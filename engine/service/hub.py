"""Hub: tells subscribers what happens. A slow one loses nothing but time, and delays nobody."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.graph.graph import NodeId
from engine.queue.log import Logged
from engine.run.events import JobFinished, JobInterrupted, Preview, Progress, StepFailed, StepFinished, StepStarted

LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Live:
    """Progress or a preview: of the moment, without a number, always between its step's start and its end."""

    event: Progress | Preview


@dataclass(frozen=True, slots=True)
class Notice:
    """The state of the whole changed.

    Kinds and details: queue {counts by state}; worker {name, state}; paused {paused}.
    """

    kind: Literal["queue", "worker", "paused"]
    details: Mapping[str, Any] = field(default_factory=dict)


Item = Logged | Live | Notice
Filter = Callable[[Item], bool]
Moment = tuple[str, NodeId, type]
"""Which progress or preview a later one replaces."""


class Subscription:
    """What one subscriber has not taken yet; made by `Hub.subscribe`."""

    def __init__(self, hub: Hub, wanted: Filter | None, limit: int) -> None:
        self._hub = hub
        self._wanted = wanted
        self._limit = limit
        self._items: deque[Item] = deque()
        self._ready = asyncio.Event()
        self._last = hub.last_seq
        self._lost_since: int | None = None
        self.closed = False

    @property
    def lost_since(self) -> int | None:
        """The number after which events are missing here, once all that came before them is taken; else None."""
        return self._lost_since if not self._items else None

    def resync(self) -> int | None:
        """Listen again; `lost_since`, after which the log must be read. What then comes twice is to be left out."""
        since = self.lost_since
        if since is not None:
            self._lost_since = None
        return since

    async def next(self, timeout: float | None = None) -> list[Item]:
        """All that has come since the last call, at least one item; empty after `timeout` seconds, or when closed."""
        if not self._items and not self.closed and self._lost_since is None:
            try:
                async with asyncio.timeout(timeout):
                    await self._ready.wait()
            except TimeoutError:
                return []
        taken = list(self._items)
        self._items.clear()
        self._ready.clear()
        return taken

    def close(self) -> None:
        """Take part no more."""
        self.closed = True
        self._hub.drop(self)
        self._ready.set()

    def offer(self, items: Sequence[Item]) -> None:
        """Called by the hub: keep what is wanted, within the limit."""
        wanted = items if self._wanted is None else [item for item in items if self._wanted(item)]
        if wanted:
            if len(self._items) >= self._limit:
                self._make_room()
            self._items.extend(wanted if self._lost_since is None else _fleeting(wanted))
            self._ready.set()
        if self._lost_since is None:
            self._last = self._hub.last_seq

    def _make_room(self) -> None:
        """Keep the last progress and preview of each step; if that is not enough, leave the rest to the log."""
        before = len(self._items)
        self._items = deque(_thinned(self._items))
        if len(self._items) >= self._limit and self._lost_since is None:
            self._lost_since = self._last
            self._hub.left_behind += 1
        if len(self._items) >= 2 * self._limit:
            self._items = deque(item for item in self._items if isinstance(item, Logged))
        self._hub.thinned += before - len(self._items)


class Hub:
    """Publishes to any number of subscribers, in one loop's thread; remembers the last progress of running steps.

    `thinned` counts progress and previews that slow subscribers were not given, `left_behind` how often one has to
    read the log.
    """

    def __init__(self, last_seq: int = 0) -> None:
        self.last_seq = last_seq
        self.thinned = self.left_behind = 0
        self._subscribers: dict[Subscription, None] = {}
        self._running: dict[str, dict[NodeId, Progress | None]] = {}
        self._early: dict[str, dict[Moment, Live]] = {}

    def subscribe(self, wanted: Filter | None = None, limit: int = LIMIT) -> Subscription:
        """Take part from now on. `wanted` chooses items; it must be quick."""
        made = Subscription(self, wanted, limit)
        self._subscribers[made] = None
        return made

    def drop(self, subscription: Subscription) -> None:
        """Forget a subscriber."""
        self._subscribers.pop(subscription, None)

    def close(self) -> None:
        """End all subscriptions: nothing will come any more."""
        for subscriber in list(self._subscribers):
            subscriber.close()

    def publish(self, logged: Sequence[Logged]) -> None:
        """Tell of events that are in the log now, in the order of their numbers."""
        if not logged:
            return
        self.last_seq = logged[-1].seq
        self._tell([item for entry in logged for item in self._in_order(entry)])

    def live(self, event: Progress | Preview) -> None:
        """Tell of progress or a preview; it waits until its step's start is in the log, and goes with its end."""
        steps = self._running.get(event.job)
        if steps is None or event.node not in steps:
            self._early.setdefault(event.job, {})[(event.job, event.node, type(event))] = Live(event)
            return
        if isinstance(event, Progress):
            steps[event.node] = event
        self._tell([Live(event)])

    def notice(self, notice: Notice) -> None:
        """Tell of a change of the whole."""
        self._tell([notice])

    def progress(self, job: str) -> Mapping[NodeId, Progress]:
        """The last progress of each running step of a job."""
        return {node: last for node, last in self._running.get(job, {}).items() if last is not None}

    def _in_order(self, entry: Logged) -> Iterable[Item]:
        """The event, and what waited for it."""
        yield entry
        event = entry.event
        match event:
            case StepStarted(job=job, node=node):
                self._running.setdefault(job, {})[node] = None
                yield from self._waited(job, node)
            case StepFinished(job=job, node=node) | StepFailed(job=job, node=node):
                self._running.get(job, {}).pop(node, None)
            case JobFinished(job=job) | JobInterrupted(job=job):
                self._running.pop(job, None)
                self._early.pop(job, None)

    def _waited(self, job: str, node: NodeId) -> Iterable[Item]:
        early = self._early.get(job)
        for kind in (Progress, Preview) if early else ():
            live = early.pop((job, node, kind), None) if early else None
            if live is not None:
                if isinstance(live.event, Progress):
                    self._running[job][node] = live.event
                yield live

    def _tell(self, items: Sequence[Item]) -> None:
        for subscriber in list(self._subscribers):
            subscriber.offer(items)


def _fleeting(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if not isinstance(item, Logged)]


def _thinned(items: Iterable[Item]) -> list[Item]:
    """The items with only the last of each step's progress and previews, and of each kind of notice."""
    kept: dict[object, Item] = {}
    for item in items:
        mark: object = item.seq if isinstance(item, Logged) else _moment(item)
        kept.pop(mark, None)
        kept[mark] = item
    return list(kept.values())


def _moment(item: Live | Notice) -> object:
    if isinstance(item, Notice):
        return (item.kind, item.details.get("name"))
    return (item.event.job, item.event.node, type(item.event))
