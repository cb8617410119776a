"""A few threads that read, each with a connection of its own; none waits for the writer, nor the writer for them."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from engine.queue.problems import QueueProblem, problem_of
from engine.queue.schema import connect

THREADS = 2
P = ParamSpec("P")
R = TypeVar("R")


class Readers:
    """Reads the database `path`; raises QueueProblem for what cannot be read, and after `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(THREADS, "queue reader")
        self._own = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._closed = False

    async def __call__(
        self, read: Callable[Concatenate[sqlite3.Connection, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        if self._closed:
            raise QueueProblem("closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._pool, lambda: read(self._connection(), *args, **kwargs)
            )
        except sqlite3.Error as error:
            raise problem_of(error, self._path) from error

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._own, "db", None)
        if db is None:
            db = self._own.db = connect(self._path, read_only=True)
            self._all.append(db)
        return db

    def close(self) -> None:
        """Wait for the reads that are under way, and close the connections."""
        self._closed = True
        self._pool.shutdown()
        for db in self._all:
            db.close()
