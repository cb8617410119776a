"""What one client of the websocket has not been sent yet: bounded, and without what a later message makes needless."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine.compat.messages import Flags, Said

MOST = 4096
"""Messages for a client that is connected; beyond them it is brought up to date instead."""
MOST_KEPT = 1000
"""Messages for a client that is not."""
SECONDS_KEPT = 60.0
MOST_LOST = 1000
"""Jobs of which something was lost and that are told anew."""

Slot = tuple[str, ...] | int


class Outbox:
    """Messages in their order; `lost` names the jobs of which some were thrown away, the newest last."""

    def __init__(self, now: Callable[[], float], flags: Flags = Flags()) -> None:  # noqa: B008 - frozen
        self.flags = flags
        self.most = MOST
        self.lost: dict[str, None] = {}
        self.filled = asyncio.Event()
        self._now = now
        self._count = 0
        self._waiting: dict[Slot, tuple[float, str, Said]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, job: str, said: Said) -> None:
        """Keep a message of a job ("" for what concerns none); O(1)."""
        slot: Slot | None = said.replaces(self.flags)
        if slot is None:
            self._count += 1
            slot = self._count
        else:
            self._waiting.pop(slot, None)
        self._waiting[slot] = (self._now(), job, said)
        if len(self._waiting) > self.most:
            self._overflow()
        self.filled.set()

    def take(self, most: int) -> list[Said]:
        """The oldest messages."""
        first = [slot for slot, _ in zip(self._waiting, range(most), strict=False)]
        taken = [self._waiting.pop(slot)[2] for slot in first]
        if not self._waiting and not self.lost:
            self.filled.clear()
        return taken

    def take_lost(self) -> list[str]:
        """The jobs that must be told anew, before what waits; what waits of them is left out."""
        lost, self.lost = self.lost, {}
        self._waiting = {slot: kept for slot, kept in self._waiting.items() if kept[1] not in lost}
        return list(lost)

    def age(self) -> float:
        """Seconds since the newest message came."""
        newest = next(reversed(self._waiting.values()), None)
        return SECONDS_KEPT + 1 if newest is None else self._now() - newest[0]

    def drop_old(self) -> None:
        """Leave out what has waited too long for its client."""
        oldest = self._now() - SECONDS_KEPT
        self._waiting = {slot: kept for slot, kept in self._waiting.items() if kept[0] >= oldest}

    def _overflow(self) -> None:
        """Throw all away and remember whose it was."""
        for _, job, _ in self._waiting.values():
            if job:
                self.lost.pop(job, None)
                self.lost[job] = None
        while len(self.lost) > MOST_LOST:
            del self.lost[next(iter(self.lost))]
        self._waiting.clear()
