"""The queue: jobs, their events and results, on disk before anyone is told of them.

SQLite in WAL mode with synchronous=NORMAL. The end of a process, `kill -9` too, takes nothing that was acknowledged:
a job that `put` returned, an event that the listener saw (that a job was taken is written with its first event). A
power cut or a crash of the system may take the last commits, those that were not synced yet: what came since the
queue was last idle for a second, or since the log last grew by 16 MB. The database is not damaged by it, as far as
the disk keeps what it said it had written, and numbers of events are not given again.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from engine.queue import pruning, reads
from engine.queue.book import Book
from engine.queue.codec import FLEETING
from engine.queue.live import Live, Warn
from engine.queue.lock import Lock
from engine.queue.log import Logged
from engine.queue.problems import IdTaken, QueueProblem, problem_of
from engine.queue.recovery import Requeue, again, recover
from engine.queue.rows import WAITING, Body, JobRow, NewJob, Retention, State, Taken
from engine.queue.schema import opened
from engine.queue.writes import insert
from engine.run.events import Event, JobFinished, JobInterrupted, JobQueued, Reason

__all__ = ["Body", "IdTaken", "JobQueue", "JobRow", "Logged", "NewJob", "QueueProblem", "Retention", "State", "Taken"]

UNHEARD = (JobQueued, *FLEETING)
AT_ONCE = 250
"""Jobs that are ended in one step of the event loop."""
CANCELLABLE: tuple[State, ...] = (*WAITING, "parked")

log = logging.getLogger(__name__)


class JobQueue(Live):
    """Made by `open`. But for `record`, all is called in one event loop's thread.

    Changes hold at once in memory. Those of waiting jobs return when they are on disk, or, while nothing can be
    written, at once: they are written when that is possible again.
    """

    recovered: tuple[JobRow, ...]
    """What ran when the last server died, as it is now: queued again in its old place, or parked."""

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        requeue: Requeue = "once",
        warn: Warn | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> JobQueue:
        """Open or make the database `path`, bring it up to date, and take up what was left. Raises QueueProblem.

        Args:
            requeue: "once" queues a job again that was interrupted; the second time, or with "never", it is parked.
            warn: told in the loop's thread when nothing can be written any more.
            loop: the running one when left out.
        """
        lock = Lock(path)
        try:
            db = opened(path)
            try:
                return cls(path, db, lock, requeue, warn, loop or asyncio.get_running_loop())
            except BaseException as error:
                db.close()
                raise problem_of(error, path) if isinstance(error, sqlite3.Error) else error from None
        except BaseException:
            lock.release()
            raise

    def __init__(
        self,
        path: Path,
        db: sqlite3.Connection,
        lock: Lock,
        requeue: Requeue,
        warn: Warn | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        book, self.recovered = recover(db, requeue)
        self._lock, self._requeue = lock, requeue
        super().__init__(path, db, book, warn, loop)

    # Putting and taking

    async def put(self, new: NewJob) -> tuple[JobRow, bool]:
        """Queue a job, and log JobQueued; returns when both are on disk. A job of this id and graph: it, and False.

        Raises IdTaken when the id has another graph, ValueError for what is no id or no number, QueueProblem when it
        cannot be written.
        """
        if not new.id or not new.id.isprintable():
            raise ValueError(f"the id of a job is printable text, not {new.id!r}")
        count = self._line.next_count()
        row = JobRow(
            id=new.id,
            number=self._line.number(new.number, new.front, count),
            state="queued",
            client=_sound(new.client),
            title=_sound(new.title),
            created=time.time(),
            problems=new.problems,
            serial=count,
        )
        row, fresh = await self._write(partial(insert, new, row), then=partial(self._inserted, new))
        return row, fresh

    def _inserted(self, new: NewJob, result: tuple[JobRow | None, int]) -> tuple[JobRow, bool]:
        row, size = result
        if row is None:
            raise IdTaken(new.id)
        if not size:
            return self._line.rows.get(row.id, row), False
        self._carried.keep(row.id, Body(new.graph, new.targets, new.source, new.extra, new.record), size)
        self._adopt([row])
        return row, True

    async def take(self) -> Taken | None:
        """The next job, which runs from now on; None while there is none, when paused, or nothing can be written."""
        while (row := self._next()) is not None:
            carried = self._carried.get(row.id)
            try:
                body = carried or (await self._read(reads.bodies, [row.id])).get(row.id)
            except (QueueProblem, ValueError) as error:
                log.error("the graph of job %s cannot be read: %s", row.id, error)
                body = None
            if self._next() is not row:  # while it was read another one took it, or it was moved
                continue
            started = replace(row, state="running", started=time.time(), error=None)
            self._keep([started])
            if body is not None:
                return Taken(started, body.graph, body.targets, body.source, body.extra, body.record)
            lost = {"code": "damaged", "message": "The graph of this job could not be read from the job database."}
            self._keep([replace(started, error=lost)])
            self.record(JobFinished(row.id, "error"))
        return None

    def _next(self) -> JobRow | None:
        return None if self._paused or self._trouble or self._closed else self._line.first()

    async def ready(self) -> None:
        """Wait until `take` has something to give."""
        while self._next() is None:
            self._wake.clear()
            await self._wake.wait()

    # What happens to jobs that run

    def record(self, *events: Event) -> None:
        """Log events of running jobs and change their rows by them; from any thread, at once, in the order of calls.

        JobQueued (`put` logs it), Progress and Preview are left out.
        """
        if heard := [event for event in events if not isinstance(event, UNHEARD)]:
            self._writer.note(*heard)

    def interrupt(self, id: str, reason: Reason, message: str = "") -> bool:
        """Record JobInterrupted by the rule: back to its place, or parked if it was interrupted before. True: back."""
        row = self._line.rows.get(id)
        if row is None or row.state != "running":
            return False
        back = reason == "server_stopped" or again(row, self._requeue)
        self.record(JobInterrupted(id, reason, back, message))
        return back

    async def flush(self) -> None:
        """Wait until all that was recorded is on disk; raises QueueProblem while it cannot be written."""
        await self._write(lambda book: None)

    # What people do to jobs that wait

    async def cancel_queued(self, ids: Iterable[str]) -> list[str]:
        """End those of these jobs that wait, are held or parked, log JobFinished, and tell which.

        Many are ended some at a time, the last ones first: others have their turn in between, and of those that are
        still to be ended only the first could begin meanwhile.
        """
        wanted, now = list(dict.fromkeys(ids)), time.time()
        ended: set[str] = set()
        for start in reversed(range(0, len(wanted), AT_ONCE)):
            found = [row for id in wanted[start : start + AT_ONCE] if (row := self._line.rows.get(id)) is not None]
            rows = [replace(row, state="cancelled", ended=now) for row in found if row.state in CANCELLABLE]
            if rows:
                await self._save(rows, [JobFinished(row.id, "cancelled") for row in rows])
                ended.update(row.id for row in rows)
        return [id for id in wanted if id in ended]

    async def clear_queue(self) -> list[str]:
        """Cancel all that wait or are held."""
        return await self.cancel_queued([row.id for row in self._line.waiting()])

    async def hold(self, id: str) -> JobRow | None:
        """Make one queued job wait; None when it is not queued."""
        return await self._change(id, "queued", state="held")

    async def release(self, id: str) -> JobRow | None:
        """Undo `hold`; None when it is not held."""
        return await self._change(id, "held", state="queued")

    async def unpark(self, id: str) -> JobRow | None:
        """Queue a parked job again as if it had never been interrupted; None when it is not parked."""
        return await self._change(id, "parked", state="queued", interruptions=0, error=None)

    async def _change(self, id: str, only: State, /, **changes: Any) -> JobRow | None:
        row = self._line.rows.get(id)
        if row is None or row.state != only:
            return None
        row = replace(row, **changes)
        await self._save([row])
        return row

    async def move(
        self,
        id: str,
        where: Literal["front", "back"] | None = None,
        *,
        number: float | None = None,
        before: str | None = None,
    ) -> JobRow | None:
        """Give a waiting job another place: an end, a number, or just before another one. None if either is not there.

        Raises ValueError for what is no number, and when it is not told exactly one place.
        """
        if sum(told is not None for told in (where, number, before)) != 1:
            raise ValueError("a job is moved to the front, to the back, to a number, or before another job")
        row, target = (self._line.rows.get(key) if key is not None else None for key in (id, before))
        if row is None or row.state not in WAITING:
            return None
        if before is None:
            moved = [self._line.moved(row, where, number)]
        elif target is None or target.state not in WAITING:
            return None
        else:
            moved = self._line.before(row, target) if target is not row else [row]
        await self._save(moved)
        return moved[-1]

    async def pause(self) -> None:
        """Give out no jobs, also after a restart."""
        await self._pause(True)

    async def resume(self) -> None:
        """Give out jobs again."""
        await self._pause(False)

    async def _pause(self, paused: bool) -> None:
        self._paused = paused
        self._wake.set()
        await self._write(lambda book: book.set("paused", paused), kept=True)

    # What is over

    async def delete_history(self, ids: Iterable[str]) -> int:
        """Delete those of these jobs that have ended, with their events and results; how many there were."""
        wanted, gone = list(dict.fromkeys(ids)), 0
        for start in range(0, len(wanted), reads.TOGETHER):
            part = wanted[start : start + reads.TOGETHER]
            gone += await self._delete(partial(pruning.ended, ids=part))
        return gone

    async def clear_history(self) -> int:
        """Delete all jobs that have ended."""
        return (await self.prune(Retention(history_age=0.0)))["jobs"]

    async def prune(self, retention: Retention) -> Mapping[str, int]:
        """Delete what is beyond the retention, bit by bit; {jobs, events}: how many, the jobs' own events apart."""
        now, events = time.time(), 0
        jobs = await self._delete(lambda db: pruning.too_old(db, retention, now))
        if (age := retention.events_age) is not None:
            while gone := await self._write(partial(pruning.delete_events, before=now - age)):
                events += gone
            self._forgotten = await self._read(reads.meta, "forgotten")
        return {"jobs": jobs, "events": events}

    async def _delete(self, pick: Callable[[sqlite3.Connection], list[int]]) -> int:
        """Delete what `pick` finds until it finds no more."""

        def step(book: Book) -> tuple[Counter[State], bool]:
            book.settle()
            serials = pick(book.db)
            return pruning.delete(book, serials), bool(serials)

        def forget(result: tuple[Counter[State], bool]) -> tuple[int, bool]:
            for state, many in result[0].items():
                self._line.counts[state] -= many
            return result[0].total(), result[1]

        total, more = 0, True
        while more:
            gone, more = await self._write(step, then=forget)
            total += gone
        return total

    # Where it stands

    def tell(self, url: str) -> None:
        """Write into the lock, for a second server's message, where this one listens."""
        self._lock.tell(url)

    async def close(self) -> None:
        """Write what waits to be written, tell the listener, and let go of the files."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._read.close)
        await asyncio.to_thread(self._writer.stop)
        self._lock.release()


def _sound(text: str) -> str:
    """Text that can be stored: half a character that JSON may hold becomes a question mark."""
    return text.encode(errors="replace").decode()
