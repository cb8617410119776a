"""Taking up what the last server left."""

from __future__ import annotations

import sqlite3
from typing import Literal

from engine.queue.book import COLUMNS, Book, row_of
from engine.queue.rows import JobRow
from engine.queue.schema import migrate
from engine.run.events import JobInterrupted

Requeue = Literal["once", "never"]


def again(row: JobRow, requeue: Requeue) -> bool:
    """Whether an interrupted job goes back to its place; the second time a person must look at it."""
    return requeue == "once" and row.interruptions == 0


def recover(db: sqlite3.Connection, requeue: Requeue) -> tuple[Book, tuple[JobRow, ...]]:
    """Bring the database up to date, and mark what ran as interrupted; one transaction, synced to the disk.

    It must outlive a power cut: it reserves the numbers that the events of this server will have.
    """
    db.execute("PRAGMA synchronous = FULL")
    book = Book(db)
    book.begin()
    try:
        migrate(db)
        book.seq = max(book.get("reserved"), *db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone())
        (serial,) = db.execute("SELECT coalesce(max(serial), 0) FROM jobs").fetchone()
        book.count = max(book.get("count"), serial)
        book.reserve()
        found = db.execute(f"SELECT {COLUMNS} FROM jobs WHERE ended IS NULL ORDER BY number, serial")
        book.rows = {row.id: row for row in map(row_of, found)}
        died = [row for row in book.rows.values() if row.state == "running"]
        for row in died:
            book.log(JobInterrupted(row.id, "server_died", again(row, requeue)))
        book.commit()
    except BaseException:
        book.rollback()
        raise
    db.execute("PRAGMA synchronous = NORMAL")
    return book, tuple(book.rows[row.id] for row in died)
