"""What can be seen of the queue; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import nlargest
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from engine.queue import reads
from engine.queue.line import Line
from engine.queue.log import Logged
from engine.queue.readers import Readers
from engine.queue.rows import ENDED, STATES, WAITING, Body, JobRow, State

MOST = 2**63 - 1
"""Above every serial."""

_serial = attrgetter("serial")


class Views:
    """Rows of jobs that have not ended come from memory, all else from the database; each raises QueueProblem."""

    def __init__(self, line: Line, read: Readers) -> None:
        self._line, self._read = line, read

    async def job(self, id: str) -> JobRow | None:
        """A job's row, whatever its state."""
        return self._line.rows.get(id) or await self._read(reads.job, id)

    async def body(self, id: str) -> Body | None:
        """What a job is made of."""
        return (await self.bodies([id])).get(id)

    async def bodies(self, ids: Iterable[str]) -> dict[str, Body]:
        """What those of these jobs are made of that there are."""
        return await self._read(reads.bodies, list(ids))

    async def queued(
        self, limit: int | None = None, offset: int = 0, states: Sequence[State] = WAITING
    ) -> list[JobRow]:
        """What waits, in order; `states` may name "parked" too."""
        return self._line.waiting(states)[offset:][:limit]

    async def running(self) -> list[JobRow]:
        """What runs, the longest first."""
        rows = (row for row in self._line.rows.values() if row.state == "running")
        return sorted(rows, key=lambda row: (row.started or 0.0, row.serial))

    async def history(
        self, limit: int | None = None, offset: int = 0, states: Sequence[State] = ENDED, newest: bool = True
    ) -> list[JobRow]:
        """What has ended, by the time of its end."""
        return await self._read(reads.history, limit, offset, states, newest)

    async def page(self, limit: int, before: int | None = None, states: Sequence[State] = STATES) -> list[JobRow]:
        """Jobs of any states, the newest first by `serial`; only those that are older than the serial `before`."""
        oldest = MOST if before is None else before
        live = [row for row in self._line.rows.values() if row.state in states and row.serial < oldest]
        over = await self._read(reads.ended, states, oldest, limit)
        # What ended meanwhile is in both; what the database has is newer.
        rows = {row.serial: row for row in (*nlargest(limit, live, key=_serial), *over)}
        return nlargest(limit, rows.values(), key=_serial)

    async def events(self, after: int = 0, limit: int = 1000, job: str | None = None) -> list[Logged]:
        """The log after a seq, of all jobs or of one."""
        return await self._read(reads.events, after, limit, job)

    async def results(self, id: str) -> dict[str, Any]:
        """What the nodes of a job show, {node: ui}."""
        return (await self.results_of([id])).get(id, {})

    async def results_of(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """As `results`, of those jobs that show something."""
        return await self._read(reads.results, list(ids))

    def counts(self) -> Mapping[State, int]:
        """How many jobs are in each state, now."""
        return MappingProxyType(self._line.counts)
