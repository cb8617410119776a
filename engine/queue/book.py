"""The writer's side of the database: what one transaction changes, and what is known once it is committed."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections.abc import Iterable
from json import loads
from typing import Any

from engine.queue.changes import after
from engine.queue.codec import dumps, to_json
from engine.queue.log import Logged
from engine.queue.rows import JobRow
from engine.run.events import Event, StepFinished

COLUMNS = "id, number, state, client, title, created, started, ended, interruptions, error, problems, serial, warnings"
INSERT = f"INSERT INTO jobs ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (id) DO NOTHING"
SAVE = """UPDATE jobs SET number = ?, state = ?, started = ?, ended = ?, interruptions = ?, error = ?,
    warnings = ? WHERE serial = ?"""
BLOCK = 1 << 20
"""Numbers of events are reserved by so many, on disk before the first of them is given: none is ever given twice."""
PACKED = 16384
"""Characters; a longer text is kept compressed, as a blob."""


def row_of(values: tuple[Any, ...]) -> JobRow:
    """A row of COLUMNS."""
    *plain, error, problems, serial, warnings = values
    problems, warnings = (loads(text) if text else () for text in (problems, warnings))
    return JobRow(*(*plain, loads(error) if error else None, problems, serial, warnings))


def packed(text: str) -> str | bytes:
    return zlib.compress(text.encode("ascii"), 1) if len(text) > PACKED else text


def unpacked(value: str | bytes) -> Any:
    """The JSON value that was `packed`."""
    return loads(value if isinstance(value, str) else zlib.decompress(value))


class Book:
    """Used by one thread. Between `begin` and `commit` (or `rollback`) it is changed, nothing of it is told.

    `rows` are those of all jobs that have not ended; `logged` and `touched` are the events of this transaction, and
    the rows that these events changed.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.rows: dict[str, JobRow] = {}
        self.seq = self.reserved = self.count = self._known_count = 0
        self._clear()

    def _clear(self) -> None:
        self.logged: list[Logged] = []
        self.touched: dict[str, JobRow] = {}
        self._changed: dict[str, JobRow] = {}
        self._unsaved: dict[str, JobRow] = {}
        self._events: list[tuple[int, int, float, str]] = []
        self._results: list[tuple[int, str, str]] = []

    def begin(self) -> None:
        self._before = self.seq, self.reserved, self.count, self._known_count
        self.db.execute("BEGIN IMMEDIATE")

    def commit(self) -> tuple[list[Logged], list[JobRow]]:
        """The events that are on disk now, and the rows that they changed."""
        self.settle()
        if self.count > self._known_count:
            self.set("count", self.count)
            self._known_count = self.count
        self.db.execute("COMMIT")
        for row in self._changed.values():
            if row.ended is None:
                self.rows[row.id] = row
            else:
                self.rows.pop(row.id, None)
        told = self.logged, list(self.touched.values())
        self._clear()
        return told

    def rollback(self) -> None:
        self.seq, self.reserved, self.count, self._known_count = self._before
        self._clear()
        if self.db.in_transaction:  # SQLite has undone it already where the disk is full
            self.db.execute("ROLLBACK")

    def settle(self) -> None:
        """Hand all that is gathered to the database."""
        if self._unsaved:
            self.db.executemany(SAVE, map(_saved, self._unsaved.values()))
            self._unsaved = {}
        if self._events:
            if self.seq > self.reserved:
                self.reserve()
            self.db.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", self._events)
            self._events = []
        if self._results:
            self.db.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", self._results)
            self._results = []

    def reserve(self) -> None:
        """Reserve another block of numbers of events."""
        self.reserved = max(self.reserved, self.seq) + BLOCK
        self.set("reserved", self.reserved)

    def row(self, id: str) -> JobRow | None:
        if (row := self._changed.get(id) or self.rows.get(id)) is not None:
            return row
        self.settle()
        found = self.db.execute(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", (id,)).fetchone()
        return row_of(found) if found else None

    def add(self, row: JobRow, graph: str, rest: str) -> bool:
        """Write a new job; False when its id is known already."""
        values = (row.id, row.number, row.state, row.client, row.title, row.created, None, None, 0, None)
        problems = dumps(row.problems) if row.problems else None
        if not self.db.execute(INSERT, (*values, problems, row.serial)).rowcount:
            return False
        self.db.execute("INSERT INTO bodies VALUES (?, ?, ?)", (row.serial, packed(graph), packed(rest)))
        self._changed[row.id] = row
        self.count = max(self.count, row.serial)
        return True

    def save(self, rows: Iterable[JobRow]) -> None:
        for row in rows:
            self._changed[row.id] = self._unsaved[row.id] = row

    def log(self, event: Event, when: float | None = None) -> None:
        """Write an event and what it does to its job; one of a job that was deleted is dropped."""
        row = self.row(event.job)
        if row is None:
            return
        when = time.time() if when is None else when
        self.seq += 1
        body = to_json(event)
        del body["job"]
        self._events.append((self.seq, row.serial, when, dumps(body)))
        self.logged.append(Logged(self.seq, when, event))
        if isinstance(event, StepFinished) and event.ui:
            self._results.append((row.serial, event.node, dumps(event.ui)))
        if (changed := after(row, event, when)) is not row:
            self.save([changed])
            self.touched[row.id] = changed

    def get(self, key: str) -> int:
        return int(self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])

    def set(self, key: str, value: int) -> None:
        self.db.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))


def _saved(row: JobRow) -> tuple[Any, ...]:
    error = dumps(row.error) if row.error is not None else None
    warnings = dumps(row.warnings) if row.warnings else None
    return row.number, row.state, row.started, row.ended, row.interruptions, error, warnings, row.serial
