"""The rows of all jobs that have not ended, and the order of those that wait."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.queue.rows import ENDED, LARGEST, STATES, WAITING, JobRow, State


def place(row: JobRow) -> tuple[float, int]:
    """What jobs are ordered by."""
    return row.number, row.serial


class Line:
    """In memory, in one thread; `counts` has the jobs that ended too. Changing a row and finding the next are cheap."""

    def __init__(self, rows: Iterable[JobRow], ended: dict[State, int], count: int) -> None:
        self.rows: dict[str, JobRow] = {}
        self.counts: dict[State, int] = dict.fromkeys(STATES, 0) | ended
        self._count = count
        self._heap: list[tuple[float, int, str]] = []
        self._ordered: list[JobRow] | None = None
        for row in rows:
            self.set(row)

    def next_count(self) -> int:
        """Rises for ever: the serials of jobs, and the places behind all others."""
        self._count += 1
        return self._count

    def set(self, row: JobRow) -> None:
        """Take a new or changed row; one that has ended is only counted."""
        old = self.rows.pop(row.id, None)
        if old is not None:
            self.counts[old.state] -= 1
        self.counts[row.state] += 1
        if row.state in ENDED:
            self._ordered = None
            return
        self.rows[row.id] = row
        self._ordered = None
        if row.state == "queued":
            heapq.heappush(self._heap, (*place(row), row.id))
            if len(self._heap) > 2 * self.counts["queued"] + 64:
                self._heap = [(*place(r), r.id) for r in self.rows.values() if r.state == "queued"]
                heapq.heapify(self._heap)

    def first(self) -> JobRow | None:
        """The next job to run; places that rows have left are dropped on the way."""
        while self._heap:
            number, _, id = self._heap[0]
            row = self.rows.get(id)
            if row is not None and row.state == "queued" and row.number == number:
                return row
            heapq.heappop(self._heap)
        return None

    def waiting(self, states: Sequence[State] = WAITING) -> list[JobRow]:
        """The rows in these states, in order."""
        if self._ordered is None:
            self._ordered = sorted((r for r in self.rows.values() if r.state != "running"), key=place)
        return [row for row in self._ordered if row.state in states]

    def number(self, wanted: float | None, front: bool, count: int) -> float:
        """The place of a new job: the wanted one, or an end; raises ValueError for what is no place."""
        if wanted is not None:
            return checked(wanted)
        first = self.first()
        if not front:
            return float(count)
        return float(-count) if first is None else min(float(-count), math.ceil(first.number) - 1.0)

    def moved(self, row: JobRow, where: str | None, number: float | None) -> JobRow:
        """The row at an end or at a number."""
        if number is not None:
            return replace(row, number=checked(number))
        others = [r for r in self.waiting() if r.id != row.id]
        count = float(self.next_count())
        if where == "front":
            return replace(row, number=min([-count, *(math.ceil(r.number) - 1.0 for r in others[:1])]))
        return replace(row, number=max([count, *(math.floor(r.number) + 1.0 for r in others[-1:])]))

    def before(self, row: JobRow, target: JobRow) -> list[JobRow]:
        """The rows to change so that `row` comes just before `target`, the row itself last.

        Where no number is left between `target` and the one before it, all before it move down by one.
        """
        ahead = [r for r in self.waiting() if place(r) < place(target) and r.id != row.id]
        shifted: list[JobRow] = []
        low = ahead[-1].number if ahead else target.number - 1.0
        middle = (low + target.number) / 2
        if not low < middle < target.number:
            shifted = [replace(r, number=r.number - 1.0) for r in ahead]
            middle = (low - 1.0 + target.number) / 2
        return [*shifted, replace(row, number=middle)]


def checked(number: float) -> float:
    """A number that can be a place; raises ValueError."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= LARGEST:
        raise ValueError(f"the place of a job in the queue is a number between -2^50 and 2^50, not {number!r}")
    return float(number)
