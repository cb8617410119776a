"""What sinks meant to write and what they wrote, in one SQLite file that outlives the process."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from engine.graph.keys import Key
from engine.graph.told import Telling, telling
from engine.run.artifact import Artifact, Stamp

_TABLES = """
CREATE TABLE IF NOT EXISTS intents (
    key BLOB, number INTEGER, folder TEXT, path TEXT, part TEXT, sha256 TEXT, done INTEGER, PRIMARY KEY (key, number));
CREATE TABLE IF NOT EXISTS results (key BLOB PRIMARY KEY, seconds REAL, ui TEXT, files TEXT);
CREATE INDEX IF NOT EXISTS undone ON intents (done) WHERE done = 0;
"""


@dataclass(frozen=True, slots=True)
class Intent:
    """The name under ``folder`` that a sink is about to fill, the temporary one beside it, and the content's digest."""

    folder: str
    path: str
    part: str
    sha256: str


class Ledger:
    """Safe for threads and processes; where the file cannot be kept it says so once and remembers in memory only."""

    def __init__(self, file: Path | None, warn: Callable[[str, Telling], None]) -> None:
        self._file = file
        self._warn = warn
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    def _ask(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._open is None:
                self._open = self._connect()
            try:
                return self._open.execute(query, values).fetchall()
            except sqlite3.Error as e:
                self._open.close()
                self._open = self._fall_back(e)
                return self._open.execute(query, values).fetchall()

    @property
    def busy(self) -> bool:
        """Whether somebody reads or writes now."""
        return self._lock.locked()

    def _connect(self) -> sqlite3.Connection:
        if self._file is None:
            return _opened(":memory:")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            return _opened(str(self._file))
        except (sqlite3.Error, OSError) as e:
            return self._fall_back(e)

    def _fall_back(self, e: Exception) -> sqlite3.Connection:
        broken = isinstance(e, sqlite3.DatabaseError) and not isinstance(e, sqlite3.OperationalError)
        mend = telling("; delete it, and it is made anew") if broken else ""
        told = telling(
            "{path} cannot be kept ({reason}); saved files are remembered until the end only{mend}.",
            path=str(self._file),
            reason=str(e),
            mend=mend,
        )
        self._warn("ledger_unwritable", told)
        return _opened(":memory:")

    def intent(self, key: Key, number: int) -> Intent | None:
        rows = self._ask("SELECT folder, path, part, sha256 FROM intents WHERE key = ? AND number = ?", (key, number))
        return Intent(*rows[0]) if rows else None

    def intend(self, key: Key, number: int, intent: Intent) -> None:
        self._ask("INSERT OR REPLACE INTO intents VALUES (?, ?, ?, ?, ?, ?, 0)", (key, number, *astuple(intent)))

    def done(self, key: Key, number: int) -> None:
        self._ask("UPDATE intents SET done = 1 WHERE key = ? AND number = ?", (key, number))

    def undone(self) -> list[tuple[Key, int, Intent]]:
        rows = self._ask("SELECT key, number, folder, path, part, sha256 FROM intents WHERE done = 0")
        return [(key, number, Intent(*rest)) for key, number, *rest in rows]

    def record(self, key: Key, artifact: Artifact) -> None:
        """Keep what a sink without outputs gave; TypeError or ValueError when its ui is no JSON."""
        ui, files = json.dumps(dict(artifact.ui)), json.dumps([astuple(f) for f in artifact.files])
        self._ask("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)", (key, artifact.seconds, ui, files))

    def recall(self, key: Key) -> Artifact | None:
        rows = self._ask("SELECT seconds, ui, files FROM results WHERE key = ?", (key,))
        if not rows:
            return None
        ui: Mapping[str, Any] = json.loads(rows[0][1])
        return Artifact((), 0, rows[0][0], ui, tuple(Stamp(*f) for f in json.loads(rows[0][2])))

    def close(self) -> None:
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None


def _opened(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, timeout=10, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(_TABLES)
    return connection
