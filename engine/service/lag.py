"""Lag: how late the event loop comes to what is due, as a histogram."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

TICK = 0.02
BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Upper bounds of the buckets in seconds; one more takes what is above."""


class Lag:
    """Looks every 20 ms how late it is: a loop that is blocked for so long that it matters is seen."""

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.total = 0.0
        self.most = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0

    def start(self) -> None:
        """Begin to look, in the running loop."""
        self._expect(asyncio.get_running_loop())

    def stop(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()

    def add(self, seconds: float) -> None:
        """Count one look that came so late."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds
        self.most = max(self.most, seconds)

    def about(self) -> Mapping[str, Any]:
        """{"bounds": seconds, "counts": of each bucket, "count", "sum", "max": seconds}."""
        return {
            "bounds": list(BOUNDS),
            "counts": list(self.counts),
            "count": sum(self.counts),
            "sum": round(self.total, 6),
            "max": round(self.most, 6),
        }

    def _expect(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + TICK
        self._handle = loop.call_at(self._due, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self.add(max(loop.time() - self._due, 0.0))
        self._expect(loop)
