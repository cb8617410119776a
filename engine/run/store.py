"""Where artifacts are kept: in memory under a budget of bytes, and the composition of several stores."""

from __future__ import annotations

import threading
from collections import OrderedDict
from itertools import islice
from typing import Any, Protocol

from engine.graph.keys import Key
from engine.run.artifact import ENTRY_BYTES, Artifact
from engine.run.codecs import Codecs

WINDOW = 8
"""How many of the oldest artifacts compete for being dropped."""


class Store(Protocol):
    """Artifacts by key; all methods may be called from any thread."""

    def get(self, key: Key) -> Artifact | None:
        """The artifact, or None when it is not here."""

    def peek(self, key: Key) -> Artifact | None:
        """As ``get``, but only where that takes microseconds."""

    def near(self, key: Key) -> bool:
        """Whether ``get`` takes microseconds for this key, whatever it gives."""

    def put(self, key: Key, artifact: Artifact) -> None: ...

    def sizeof(self, value: Any) -> int: ...


class Memory:
    """At most ``budget`` bytes; among the oldest, what is cheapest to make again per byte goes first."""

    def __init__(self, budget: int, codecs: Codecs | None = None) -> None:
        self.budget = budget
        self.used = 0
        self.sizeof = (codecs or Codecs()).sizeof
        self._items: OrderedDict[Key, Artifact] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Key) -> Artifact | None:
        with self._lock:
            if (found := self._items.get(key)) is not None:
                self._items.move_to_end(key)
            return found

    peek = get

    def near(self, key: Key) -> bool:
        return True

    def put(self, key: Key, artifact: Artifact) -> None:
        size = artifact.nbytes + ENTRY_BYTES
        with self._lock:
            self._drop(key)
            if size > self.budget:
                return
            self._items[key] = artifact
            self.used += size
            while self.used > self.budget:
                oldest = islice(self._items.items(), WINDOW)
                self._drop(min(((k, a) for k, a in oldest if k != key), key=lambda entry: entry[1].cost)[0])

    def clear(self) -> None:
        with self._lock:
            self._items.clear()
            self.used = 0

    def _drop(self, key: Key) -> None:
        if (old := self._items.pop(key, None)) is not None:
            self.used -= old.nbytes + ENTRY_BYTES


class Tiers:
    """Looks in each store in turn; what a later one has is copied into the earlier ones."""

    def __init__(self, first: Store, *others: Store) -> None:
        self.stores = (first, *others)
        self.sizeof = first.sizeof

    def get(self, key: Key) -> Artifact | None:
        for i, store in enumerate(self.stores):
            if (found := store.get(key)) is not None:
                for earlier in self.stores[:i]:
                    earlier.put(key, found)
                return found
        return None

    def peek(self, key: Key) -> Artifact | None:
        return next((a for store in self.stores if (a := store.peek(key)) is not None), None)

    def near(self, key: Key) -> bool:
        return all(store.near(key) for store in self.stores) or self.peek(key) is not None

    def put(self, key: Key, artifact: Artifact) -> None:
        for store in self.stores:
            store.put(key, artifact)
