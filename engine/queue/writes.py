"""What the writer does for the queue, inside a transaction; it may be done again after one that failed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from engine.queue.book import Book, unpacked
from engine.queue.codec import dumps
from engine.queue.rows import JobRow, NewJob
from engine.run.events import Event, JobQueued


def insert(new: NewJob, row: JobRow, book: Book) -> tuple[JobRow | None, int]:
    """The row and the size of its body; 0 when it was there before; None when its id has another graph."""
    graph, rest = dumps(new.graph), dumps([new.targets, new.source, new.extra, new.record])
    if book.add(row, graph, rest):
        book.log(JobQueued(row.id))
        return row, len(graph) + len(rest)
    known = book.row(row.id)
    sql = "SELECT graph FROM jobs JOIN bodies USING (serial) WHERE id = ?"
    there = unpacked(book.db.execute(sql, (row.id,)).fetchone()[0])
    same = json.dumps(there, sort_keys=True) == json.dumps(json.loads(graph), sort_keys=True)
    return known if same else None, 0


def save(rows: Sequence[JobRow], events: Sequence[Event], book: Book) -> None:
    """Write changed rows, and events that go with them."""
    book.save(rows)
    for event in events:
        book.log(event)
