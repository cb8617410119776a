"""Deleting what is over, in steps so small that no job waits long for one."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence

from engine.queue.book import Book
from engine.queue.rows import Retention, State

STEP = 5000
"""Events deleted in one transaction."""
AT_ONCE = 100
"""Jobs looked at for one transaction."""
PAGES = 2000
"""Given back to the file system in one transaction."""


def delete(book: Book, serials: Sequence[int]) -> Counter[State]:
    """Delete what one step can of these jobs, each one last of all its parts; the states of those that are gone."""
    book.settle()
    left, gone = STEP, Counter[State]()
    for serial in serials:
        sql = "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE job = ? LIMIT ?)"
        left -= book.db.execute(sql, (serial, left)).rowcount
        if left <= 0:
            break
        book.db.execute("DELETE FROM results WHERE job = ?", (serial,))
        book.db.execute("DELETE FROM bodies WHERE serial = ?", (serial,))
        found = book.db.execute("DELETE FROM jobs WHERE serial = ? RETURNING state", (serial,)).fetchall()
        gone.update(state for (state,) in found)
    shrink(book.db)
    return gone


def ended(db: sqlite3.Connection, ids: Sequence[str] | None) -> list[int]:
    """The serials of some of these jobs that have ended; of any when None."""
    if ids is None:
        return _serials(db, "ended IS NOT NULL", ())
    return _serials(db, f"ended IS NOT NULL AND id IN ({', '.join('?' * len(ids))})", tuple(ids))


def too_old(db: sqlite3.Connection, keep: Retention, now: float) -> list[int]:
    """The serials of some jobs that are beyond the retention, the oldest first."""
    if keep.history_age is not None and (old := _serials(db, "ended <= ?", (now - keep.history_age,))):
        return old
    if keep.history_count is not None:
        (there,) = db.execute("SELECT count(*) FROM jobs WHERE ended IS NOT NULL").fetchone()
        if (more := there - keep.history_count) > 0:
            return _serials(db, "ended IS NOT NULL", ())[:more]
    if keep.bytes is not None and used(db) > keep.bytes:
        return _serials(db, "ended IS NOT NULL", ())[:10]
    return []


def used(db: sqlite3.Connection) -> int:
    """Bytes of the database that hold something."""
    pages, free, size = (db.execute(f"PRAGMA {p}").fetchone()[0] for p in ("page_count", "freelist_count", "page_size"))
    return int((pages - free) * size)


def shrink(db: sqlite3.Connection) -> None:
    """Give empty pages back to the file system."""
    for _ in range(min(PAGES, db.execute("PRAGMA freelist_count").fetchone()[0])):
        db.execute(
            "PRAGMA incremental_vacuum(1)"
        )  # Python steps a statement without columns once, which frees one page


def delete_events(book: Book, before: float) -> int:
    """Delete some events that happened before a time, of jobs that have ended; how many."""
    book.settle()
    young = book.db.execute("SELECT seq FROM events WHERE time >= ? ORDER BY seq LIMIT 1", (before,)).fetchone()
    until = young[0] if young else book.seq + 1
    sql = """DELETE FROM events WHERE seq IN (
        SELECT seq FROM events WHERE seq < ? AND job NOT IN (SELECT serial FROM jobs WHERE ended IS NULL)
        ORDER BY seq LIMIT ?)"""
    gone = book.db.execute(sql, (until, STEP)).rowcount
    if gone:
        book.set("forgotten", until - 1)
        shrink(book.db)
    return gone


def _serials(db: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[int]:
    sql = f"SELECT serial FROM jobs WHERE {where} ORDER BY ended, serial LIMIT {AT_ONCE}"
    return [serial for (serial,) in db.execute(sql, values)]
