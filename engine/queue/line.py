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
        self._lowest = 0.0
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
        self._lowest = min(self._lowest, row.number)
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
        return self._front() if front else float(count)

    def moved(self, row: JobRow, where: str | None, number: float | None) -> JobRow:
        """The row at an end or at a number."""
        if number is not None:
            return replace(row, number=checked(number))
        if where == "front":
            return replace(row, number=self._front())
        highest = max(r.number for r in self.waiting())
        return replace(row, number=max(float(self.next_count()), math.floor(highest) + 1.0))

    def _front(self) -> float:
        self._lowest = math.floor(self._lowest) - 1.0
        return self._lowest

    def before(self, row: JobRow, target: JobRow) -> list[JobRow]:
        """The rows to change so that `row` comes just before `target`, the row itself last.

        Where no number is left between `target` and the one before it, those that wait before it move down by one.
        """
        ahead = [r for r in self.rows.values() if place(r) < place(target) and r is not row]
        low = max(r.number for r in ahead) if ahead else target.number - 1.0
        middle = (low + target.number) / 2
        if low < middle < target.number:
            return [replace(row, number=middle)]
        shifted = [replace(r, number=r.number - 1.0) for r in ahead if r.state in WAITING]
        return [*shifted, replace(row, number=(low - 1.0 + target.number) / 2)]


def checked(number: float) -> float:
    """A number that can be a place; raises ValueError."""
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= LARGEST:
        raise ValueError(f"the place of a job in the queue is a number between -2^50 and 2^50, not {number!r}")
    return float(number)
