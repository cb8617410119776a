"""What is wrong with the store of jobs, as a code and one clear sentence."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SENTENCES: Mapping[str, str] = {
    "locked": (
        "A server already works with {path}{who}: use that one, end it first, or start with another --data folder."
    ),
    "damaged": (
        "The job database {path} is damaged ({why}). Nothing in it was changed: end the server, move {names} to "
        "another folder (a copy that is older, or `sqlite3 {name} .recover`, may bring the history back), and start "
        "again with an empty queue."
    ),
    "foreign": "{path} is a database of another program: start with another --data folder.",
    "newer": (
        "The job database {path} was written by a newer Inkwater (its version is {found}, this one knows {known}): "
        "start that one, or start this one with another --data folder. Nothing in it was changed."
    ),
    "unwritable": (
        "The job database {path} cannot be written to ({why}): make the folder and the file writable, or start with "
        "another --data folder. Nothing in it was changed."
    ),
    "disk_full": (
        "The disk of {path} is full, so no job can be queued: free some space. What was there is kept, and what runs "
        "goes on and is written down as soon as it can be."
    ),
    "busy": "Another program keeps {path} locked ({why}): close it, then try again.",
    "failed": "The job database {path} cannot be used ({why}): look at the disk it is on. What was there is kept.",
    "closed": "The queue is closed: the server is ending.",
}
CODES: Mapping[int, str] = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_NOTADB: "damaged",
    sqlite3.SQLITE_READONLY: "unwritable",
    sqlite3.SQLITE_CANTOPEN: "unwritable",
    sqlite3.SQLITE_PERM: "unwritable",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
}
"""By SQLite's primary result code; any other is "failed"."""


class QueueProblem(Exception):
    """The store of jobs cannot do what was asked; `code` and `details` say why, `str()` of it is one sentence."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(SENTENCES[code].format(**details))
        self.code = code
        self.details = details


def problem_of(error: sqlite3.Error, path: Path) -> QueueProblem:
    """SQLite's error about the database `path` as ours."""
    code = CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "failed")
    return QueueProblem(code, path=path, why=error, **named(path))


def named(path: Path) -> dict[str, str]:
    """The files of a database, for a sentence that tells what to move."""
    return {"name": path.name, "names": f"{path.name}, {path.name}-wal and {path.name}-shm"}


class IdTaken(ValueError):
    """Another graph was queued under this id."""

    def __init__(self, id: str) -> None:
        super().__init__(f"the job {id!r} exists and has another graph: choose another id, or leave it out")
        self.id = id
