"""What waits to be told: durable events in their order; of progress and previews only the newest of each step."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator, Sequence
from itertools import count, groupby
from typing import Any

from engine.run.events import Event, Preview, Progress
from engine.worker.messages import Happened, Message

MINOR = (Progress, Preview)


class Pending:
    """Filled by many threads, emptied by one; how it is emptied in time is the other's affair."""

    def __init__(self) -> None:
        self._items: dict[Hashable, Event | Message] = {}
        self._serial = count()
        self._lock = threading.Lock()

    def put(self, item: Event | Message) -> None:
        """Add an item; progress takes the place of what was said of the same step and is not taken yet."""
        if isinstance(item, MINOR):
            with self._lock:
                self._items[type(item), item.job, item.node] = item
        else:
            with self._lock:
                self._items[next(self._serial)] = item

    def take(self) -> list[Event | Message]:
        """All that waits."""
        with self._lock:
            items, self._items = self._items, {}
        return list(items.values())


def messages(items: Sequence[Event | Message]) -> Iterator[Message]:
    """The items in their order, neighbouring events as one message."""
    for whole, group in groupby(items, lambda item: isinstance(item, Message)):
        if whole:
            yield from group  # type: ignore[misc]
        else:
            events: Any = tuple(group)
            yield Happened(events)
