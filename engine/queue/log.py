"""The log: every durable event, in one global order."""

from __future__ import annotations

from dataclasses import dataclass

from engine.run.events import Event


@dataclass(frozen=True, slots=True)
class Logged:
    """An event that is on disk.

    `seq` rises in the order of commits over all jobs; it has gaps, and is never given twice, neither after `kill -9`
    nor after a power cut. `time` is when it happened, in seconds since 1970.
    """

    seq: int
    time: float
    event: Event
