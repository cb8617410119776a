"""Following the log: replay from any number, then what happens, with nothing missing and nothing twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from engine.queue.log import Logged
from engine.service.hub import LIMIT, Filter, Hub, Item

PAGE = 500


class Log(Protocol):
    """What can be asked for what was."""

    async def events(self, after: int = 0, limit: int = 1000, job: str | None = None) -> list[Logged]: ...


async def follow(
    log: Log,
    hub: Hub,
    wanted: Filter | None = None,
    *,
    after: int | None = None,
    job: str | None = None,
    limit: int = LIMIT,
    beat: float | None = None,
) -> AsyncGenerator[Sequence[Item], None]:
    """Items in their order, some at a time, until the hub closes; who reads slowly is given the log later.

    Args:
        after: the number of the last event that is known; without it, what happens from now on.
        job: reads the log of this job only; `wanted` then must ask for no other.
        beat: seconds after which nothing is given, when there is nothing.
    """
    subscription = hub.subscribe(wanted, limit)
    last, lost = after or 0, after
    try:
        while not subscription.closed:
            while lost is not None:
                page = await log.events(max(lost, last), PAGE, job)
                lost = page[-1].seq if len(page) == PAGE else None
                last = page[-1].seq if page else last
                if chosen := [item for item in page if wanted is None or wanted(item)]:
                    yield chosen
            items = [i for i in await subscription.next(beat) if not isinstance(i, Logged) or i.seq > last]
            lost = subscription.resync()
            last = next((i.seq for i in reversed(items) if isinstance(i, Logged)), last)
            if items or (beat is not None and lost is None):
                yield items
    finally:
        subscription.close()
