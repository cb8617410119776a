"""The state of the queue in memory, which holds at once, and the disk, which follows in the same order."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from engine.queue.book import Book
from engine.queue.carried import Carried
from engine.queue.histogram import Histogram
from engine.queue.line import Line
from engine.queue.log import Logged
from engine.queue.problems import QueueProblem
from engine.queue.readers import Readers
from engine.queue.rows import WAITING, JobRow
from engine.queue.views import Views
from engine.queue.writer import Outcome, Write, Writer
from engine.queue.writes import save
from engine.run.events import Event

COMMIT_BOUNDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Seconds."""

log = logging.getLogger(__name__)
Warn = Callable[[str, str], None]
"""``warn(code, message)``."""


class Live(Views):
    """Rows as they are now and the writer behind them; all in one event loop's thread, the writer's answers too."""

    listener: Callable[[Sequence[Logged]], None]
    """Called in the loop's thread, in order of seq, after the commit; what recovery logged is in `events` only."""

    def __init__(
        self, path: Path, db: sqlite3.Connection, book: Book, warn: Warn | None, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.listener = lambda logged: None
        self.path, self._loop = path, loop
        self._warn: Warn = warn or (lambda code, message: log.error("%s: %s", code, message))
        ended = dict(db.execute("SELECT state, count(*) FROM jobs WHERE ended IS NOT NULL GROUP BY state"))
        super().__init__(Line(book.rows.values(), ended, book.count), Readers(path))
        self._paused, self._forgotten = bool(book.get("paused")), book.get("forgotten")
        self._last_seq: int = max(*db.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone(), self._forgotten)
        self._carried = Carried()
        self._trouble: QueueProblem | None = None
        self._wake = asyncio.Event()
        self.commit_seconds = Histogram(COMMIT_BOUNDS)
        self._closed = False
        self._writer = Writer(book, path, loop, self._deliver)
        self._writer.start()

    @property
    def paused(self) -> bool:
        """Whether no jobs are given out."""
        return self._paused

    @property
    def last_seq(self) -> int:
        """Of the last event that the listener was told, or that was on disk at the start."""
        return self._last_seq

    @property
    def forgotten(self) -> int:
        """Events up to this seq may have been deleted for their age; 0 when none were."""
        return self._forgotten

    @property
    def trouble(self) -> QueueProblem | None:
        """Why nothing can be written at present."""
        return self._trouble

    # Changes, and what comes of them

    async def _save(self, rows: Sequence[JobRow], events: Sequence[Event] = ()) -> None:
        """Change rows at once in memory, and on disk together with their events."""
        self._adopt(rows)
        await self._write(partial(save, rows, events), kept=True)

    def _keep(self, rows: Sequence[JobRow]) -> None:
        """As `_save`, waiting for nothing: what is lost with it is only that a job has started."""
        self._adopt(rows)
        self._writer.leave(Write(partial(save, rows, ()), kept=True))

    async def _write(
        self, run: Callable[[Book], Any], *, then: Callable[[Any], Any] | None = None, kept: bool = False
    ) -> Any:
        """Have the writer make a change; `then` is called right after the commit, even when nobody waits any more."""
        if self._closed:
            raise QueueProblem("closed")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._writer.post(Write(run, partial(_answer, future, then), kept))
        return await future

    def _adopt(self, rows: Iterable[JobRow]) -> None:
        for row in rows:
            self._line.set(row)
            if row.state not in WAITING:
                self._carried.drop(row.id)
        self._wake.set()

    def _deliver(self, outcome: Outcome) -> None:
        """In the loop's thread, once for each transaction."""
        if (trouble := outcome.trouble) is not None and self._trouble is None:
            self._warn(trouble.code, str(trouble))
        self._trouble = trouble
        if outcome.seconds:
            self.commit_seconds.add(outcome.seconds)
        self._adopt(outcome.rows)
        for done, value, error in outcome.done:
            done(value, error)
        if outcome.logged:
            self._last_seq = outcome.logged[-1].seq
            try:
                self.listener(outcome.logged)
            except Exception:
                log.exception("the listener of the queue failed")


def _answer(
    future: asyncio.Future[Any], then: Callable[[Any], Any] | None, value: Any, error: Exception | None
) -> None:
    if error is None and then is not None:
        try:
            value = then(value)
        except Exception as raised:
            error = raised
    if future.done():  # whoever waited has gone
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
