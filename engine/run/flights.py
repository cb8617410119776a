"""Single flight: while a step runs, no other step with its key does, in whatever job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from engine.graph.keys import Key
from engine.run.artifact import Artifact

Outcome: TypeAlias = "Artifact | BaseException | None"
"""What became of a call: its artifact, its own failure, or None when it was given up and someone else may try."""

Waiter = Callable[[Outcome], None]


@dataclass(slots=True)
class Flights:
    """The calls under way on one event loop; used from that loop's thread only."""

    _waiting: dict[Key, list[Waiter]] = field(default_factory=dict)

    def board(self, key: Key, waiter: Waiter) -> bool:
        """True: the caller leads and must ``land``.  False: ``waiter`` is called when the leader has landed."""
        if (waiters := self._waiting.get(key)) is None:
            self._waiting[key] = []
            return True
        waiters.append(waiter)
        return False

    def land(self, key: Key, outcome: Outcome) -> None:
        """Tell all who wait; after None the first of them that boards again leads."""
        for tell in self._waiting.pop(key, ()):
            tell(outcome)
