"""What is read from the database; each function is one short transaction of a reader's own connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from json import loads
from typing import Any

from engine.queue.book import COLUMNS, row_of, unpacked
from engine.queue.codec import from_json
from engine.queue.log import Logged
from engine.queue.rows import Body, JobRow, State

TOGETHER = 500
"""Ids in one statement."""


def job(db: sqlite3.Connection, id: str) -> JobRow | None:
    found = db.execute(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", (id,)).fetchone()
    return row_of(found) if found else None


def bodies(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Body]:
    sql = "SELECT id, graph, rest FROM jobs JOIN bodies USING (serial) WHERE id IN "
    return {id: body_of(graph, rest) for id, graph, rest in _of(db, sql, ids)}


def body_of(graph: str | bytes, rest: str | bytes) -> Body:
    """A body from its two columns."""
    targets, source, extra, *record = unpacked(rest)  # a database of an older version has no record
    return Body(unpacked(graph), tuple(targets), source, extra, *record)


def history(
    db: sqlite3.Connection, limit: int | None, offset: int, states: Sequence[State], newest: bool
) -> list[JobRow]:
    order = "DESC" if newest else "ASC"
    found = db.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE ended IS NOT NULL AND state IN ({', '.join('?' * len(states))}) "
        f"ORDER BY ended {order}, serial {order} LIMIT ? OFFSET ?",
        (*states, -1 if limit is None else max(limit, 0), max(offset, 0)),
    )
    return [row_of(values) for values in found]


def ended(db: sqlite3.Connection, states: Sequence[State], before: int, limit: int) -> list[JobRow]:
    """What has ended, by the order in which it was put, the newest first."""
    found = db.execute(
        f"SELECT {COLUMNS} FROM jobs WHERE serial < ? AND ended IS NOT NULL AND state IN "
        f"({', '.join('?' * len(states))}) ORDER BY serial DESC LIMIT ?",
        (before, *states, limit),
    )
    return [row_of(values) for values in found]


def events(db: sqlite3.Connection, after: int, limit: int, job: str | None) -> list[Logged]:
    if job is None:
        sql = """SELECT seq, time, id, body FROM events JOIN jobs ON serial = job
            WHERE seq > ? ORDER BY seq LIMIT ?"""
        found = db.execute(sql, (after, limit))
    else:
        sql = """SELECT seq, time, ?, body FROM events WHERE job = (SELECT serial FROM jobs WHERE id = ?) AND seq > ?
            ORDER BY seq LIMIT ?"""
        found = db.execute(sql, (job, job, after, limit))
    return [Logged(seq, time, from_json(loads(body) | {"job": id})) for seq, time, id, body in found]


def results(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for id, node, ui in _of(db, "SELECT id, node, ui FROM jobs JOIN results ON job = serial WHERE id IN ", ids):
        made.setdefault(id, {})[node] = loads(ui)
    return made


def _of(db: sqlite3.Connection, sql: str, ids: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    wanted = list(ids)
    for start in range(0, len(wanted), TOGETHER):
        part = wanted[start : start + TOGETHER]
        yield from db.execute(f"{sql}({', '.join('?' * len(part))})", part)


def meta(db: sqlite3.Connection, key: str) -> int:
    return int(db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0])
