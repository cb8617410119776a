"""The one thread that writes: what comes while it commits is the next transaction (group commit)."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from engine.queue.book import Book
from engine.queue.log import Logged
from engine.queue.problems import QueueProblem, problem_of
from engine.queue.rows import JobRow
from engine.run.events import Event

MOST = 2000
"""Items of one transaction, so that a flood delays nobody's answer for long."""
RETRY = 1.0
"""Seconds between two tries where nothing can be written."""
IDLE = 1.0
"""Seconds without work after which the log is synced and carried over, so that a power cut finds little to take."""

FAULTS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.NotSupportedError)
"""Errors of SQLite that lie in the change; all others lie in the disk or the file."""

log = logging.getLogger(__name__)
Done = Callable[[Any, Exception | None], None]


@dataclass(slots=True, eq=False)
class Write:
    """A change; `done` is called in the loop's thread with what `run` returned, or with what prevented it.

    `kept`: where it cannot be written now it is written later, in its place, and `done` is told at the first try.
    """

    run: Callable[[Book], Any]
    done: Done | None = None
    kept: bool = False


Item = tuple[float, Event] | Write


@dataclass(slots=True)
class Outcome:
    """What the loop learns of one transaction."""

    logged: list[Logged] = field(default_factory=list)
    rows: list[JobRow] = field(default_factory=list)
    done: list[tuple[Done, Any, Exception | None]] = field(default_factory=list)
    trouble: QueueProblem | None = None
    seconds: float = 0.0
    """How long the transaction took; 0 where nothing was committed."""


class Writer:
    """Owns the book from `start` on; `deliver` gets the outcomes in their order, in the loop's thread."""

    def __init__(
        self, book: Book, path: Path, loop: asyncio.AbstractEventLoop, deliver: Callable[[Outcome], None]
    ) -> None:
        self._book, self._path, self._loop, self._deliver = book, path, loop, deliver
        self._inbox: deque[Item] = deque()
        self._calls: SimpleQueue[bool] = SimpleQueue()
        self._backlog: list[Item] = []
        self._trouble: QueueProblem | None = None
        self._unsynced = False
        self._thread = threading.Thread(target=self._run, name="queue writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def note(self, *events: Event) -> None:
        """Write events as soon as it can be, together; from any thread."""
        now = time.time()
        self._inbox.extend([(now, event) for event in events])
        self._calls.put(True)

    def post(self, write: Write) -> None:
        """Make a change in its turn; from any thread."""
        self._inbox.append(write)
        self._calls.put(True)

    def leave(self, write: Write) -> None:
        """Make a change in its turn, when something else is written or nothing is to do; from any thread."""
        self._inbox.append(write)

    def stop(self) -> None:
        """Write what is there, end the thread and close the database; what cannot be written now is lost."""
        self._calls.put(False)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            items, going = self._gather()
            for start in range(0, len(items), MOST):
                self._commit_all(items[start : start + MOST])
        if self._backlog:
            log.error("%d changes of the queue could not be written to %s", len(self._backlog), self._path)
        self._sync("TRUNCATE")
        self._book.db.close()

    def _gather(self) -> tuple[list[Item], bool]:
        """What waits, after waiting for it; False at the end. What could not be written goes first, after a pause."""
        items, self._backlog = self._backlog, []
        going, idle = True, False
        if items:
            time.sleep(RETRY)
        else:
            try:
                going = self._calls.get(timeout=IDLE)
            except Empty:
                idle = True
        with suppress(Empty):
            while going:
                going = self._calls.get_nowait()
        while self._inbox:
            items.append(self._inbox.popleft())
        if idle and not items and self._unsynced:
            self._sync("PASSIVE")
        return items, going

    def _commit_all(self, items: list[Item]) -> None:
        """One transaction; without the refusable changes where the disk has no room, later where even that fails."""
        outcome = Outcome()
        try:
            problem = self._trouble if self._backlog else self._try(items, outcome)
            if problem is not None:
                kept = [item for item in items if not isinstance(item, Write) or item.kept]
                refused = [item for item in items if isinstance(item, Write) and not item.kept]
                outcome.done += [(w.done, None, problem) for w in refused if w.done is not None]
                if refused and kept and not self._backlog:
                    problem = self._try(kept, outcome)
                if problem is not None:
                    self._postpone(kept, outcome)
            outcome.trouble = self._trouble = problem if self._backlog else None
        except Exception:
            log.exception("a change of the queue is dropped")
            self._one_by_one(items)
            return
        self._tell(outcome)

    def _try(self, items: list[Item], outcome: Outcome) -> QueueProblem | None:
        """Commit, or tell what is wrong with the disk or the file; raises what is wrong with a change."""
        try:
            self._commit(items, outcome)
        except FAULTS:
            raise
        except sqlite3.Error as error:
            return problem_of(error, self._path)
        return None

    def _postpone(self, kept: list[Item], outcome: Outcome) -> None:
        for write in kept:
            if isinstance(write, Write) and write.done is not None:
                outcome.done.append((write.done, None, None))
                write.done = None
        self._backlog += kept

    def _one_by_one(self, items: list[Item]) -> None:
        """After an error that is no matter of the disk: only the change that raised it is dropped."""
        for item in items if len(items) > 1 else ():
            self._commit_all([item])
        if len(items) == 1 and isinstance(items[0], Write) and items[0].done is not None:
            self._tell(Outcome(done=[(items[0].done, None, RuntimeError("the queue could not make this change"))]))

    def _commit(self, items: list[Item], outcome: Outcome) -> None:
        book, done, began = self._book, [], time.perf_counter()
        try:
            book.begin()
            for item in items:
                if isinstance(item, Write):
                    value = item.run(book)
                    if item.done is not None:
                        done.append((item.done, value, None))
                else:
                    book.log(item[1], item[0])
            logged, rows = book.commit()
        except BaseException:
            book.rollback()
            raise
        self._unsynced = True
        outcome.seconds = time.perf_counter() - began
        outcome.logged, outcome.rows = logged, rows
        outcome.done += done

    def _tell(self, outcome: Outcome) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._deliver, outcome)

    def _sync(self, how: str) -> None:
        self._unsynced = False
        try:
            self._book.db.execute(f"PRAGMA wal_checkpoint({how})").fetchall()
        except sqlite3.Error as error:
            log.info("%s: %s", self._path, error)
