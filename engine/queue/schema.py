"""The database file: how it is opened, what is looked at first, and how it comes up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from engine.queue.problems import QueueProblem, named, problem_of

APPLICATION = 0x496E6B77
"""In the file's header: "Inkw"."""
CHECKED = 16 << 20
"""Bytes; a larger file is not read through at the start, its damage shows where it is read."""
PATIENCE = 5.0
"""Seconds to wait for another program that has the file locked."""
LOG_PAGES = 4000
"""Of the write-ahead log, after which a commit carries it over; the writer does so earlier when it is idle."""


def _first(db: sqlite3.Connection) -> None:
    for statement in (
        """CREATE TABLE jobs (
            serial INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number REAL NOT NULL, state TEXT NOT NULL,
            client TEXT NOT NULL, title TEXT NOT NULL, created REAL NOT NULL, started REAL, ended REAL,
            interruptions INTEGER NOT NULL, error TEXT, problems TEXT)""",
        "CREATE INDEX jobs_ended ON jobs (ended, serial) WHERE ended IS NOT NULL",
        "CREATE INDEX jobs_live ON jobs (serial) WHERE ended IS NULL",
        "CREATE TABLE bodies (serial INTEGER PRIMARY KEY, graph NOT NULL, rest NOT NULL)",
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, job INTEGER NOT NULL, time REAL NOT NULL, body TEXT NOT NULL)",
        "CREATE INDEX events_job ON events (job, seq)",
        """CREATE TABLE results (
            job INTEGER NOT NULL, node TEXT NOT NULL, ui TEXT NOT NULL, PRIMARY KEY (job, node)) WITHOUT ROWID""",
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
        "INSERT INTO meta VALUES ('count', 0), ('forgotten', 0), ('paused', 0), ('reserved', 0)",
    ):
        db.execute(statement)


def _warnings(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE jobs ADD COLUMN warnings TEXT")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first, _warnings)
"""From each version to the next; what is here is never changed, a new version is a new row."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection without transactions of its own; raises sqlite3.Error."""
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    db.execute("PRAGMA temp_store = MEMORY")
    return db


def look(path: Path) -> None:
    """Raise QueueProblem for a file that must not be touched: damaged, another program's, or of a newer version."""
    log = path.with_name(f"{path.name}-wal")
    size, waiting = (p.stat().st_size if p.exists() else 0 for p in (path, log))
    if not size:
        if waiting:  # SQLite would throw the log away
            raise QueueProblem("damaged", path=path, why=f"it is empty, but {log.name} is not", **named(path))
        return
    with closing(connect(path, read_only=True)) as db:
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != APPLICATION and (tables or application or version):
            raise QueueProblem("foreign", path=path)
        if version > len(MIGRATIONS):
            raise QueueProblem("newer", path=path, found=version, known=len(MIGRATIONS))
        if size + waiting <= CHECKED and (why := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise QueueProblem("damaged", path=path, why=" ".join(why.split()), **named(path))


def make(path: Path) -> sqlite3.Connection:
    """The writer's connection to a file that `look` found sound or absent; raises sqlite3.Error."""
    db = connect(path)
    try:
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heeded in a new file only, before anything else
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        db.execute("PRAGMA journal_size_limit = 33554432")
    except BaseException:
        db.close()
        raise
    return db


def migrate(db: sqlite3.Connection) -> None:
    """Bring the schema up to date, inside the caller's transaction."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for step in MIGRATIONS[version:]:
        step(db)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def ensure_writable(path: Path) -> None:
    """Raise QueueProblem where the folder cannot be made, or the file is not to be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.open("r+b").close()
    except OSError as error:
        raise QueueProblem("unwritable", path=path, why=error.strerror or error) from error


def opened(path: Path) -> sqlite3.Connection:
    """The writer's connection to a sound file; raises QueueProblem, and changes nothing then."""
    ensure_writable(path)
    try:
        look(path)
        return make(path)
    except sqlite3.Error as error:
        raise problem_of(error, path) from error
