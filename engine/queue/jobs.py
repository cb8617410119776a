"""The queue: jobs, their events and results, on disk before anyone is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from engine.queue.log import Logged
from engine.queue.problems import QueueProblem
from engine.queue.rows import ENDED, WAITING, Body, JobRow, NewJob, Retention, State, Taken
from engine.run.events import Event, Reason

__all__ = ["Body", "JobQueue", "JobRow", "Logged", "NewJob", "QueueProblem", "Retention", "State", "Taken"]

Warn = Callable[[str, str], None]
"""``warn(code, message)``."""


class JobQueue:
    """Made by `open`, in a running event loop; but for `record`, all is called in that loop's thread."""

    recovered: tuple[JobRow, ...]
    """What ran when the last server died, as it is now: queued again in its old place, or parked."""
    listener: Callable[[Sequence[Logged]], None]
    """Called in the loop's thread, in order of seq, after the commit."""

    @classmethod
    def open(cls, path: Path, *, requeue: Literal["once", "never"] = "once", warn: Warn | None = None) -> JobQueue:
        """Open or make the database `path`, bring it up to date, and take up what was left. Raises QueueProblem."""
        raise NotImplementedError

    async def put(self, new: NewJob) -> tuple[JobRow, bool]:
        """Queue a job, and log JobQueued; returns when both are on disk. A job of this id and graph: it and False.

        Raises ValueError when the id has another graph, or the number is none; QueueProblem when it cannot be written.
        """
        raise NotImplementedError

    async def take(self) -> Taken | None:
        """The next job, which is running from now on; None while there is none, when paused, or nothing can be written."""
        raise NotImplementedError

    async def ready(self) -> None:
        """Wait until `take` has something to give."""
        raise NotImplementedError

    def record(self, event: Event) -> None:
        """Log an event of a running job and change its row by it; from any thread, at once, in the order of calls.

        JobQueued (the queue's own), Progress and Preview are left out.
        """
        raise NotImplementedError

    def interrupt(self, id: str, reason: Reason, message: str = "") -> bool:
        """Record JobInterrupted by the rule: back to its place, or parked when it was interrupted before. True: back."""
        raise NotImplementedError

    async def flush(self) -> None:
        """Wait until all that was recorded is on disk; raises QueueProblem while it cannot be written."""
        raise NotImplementedError

    async def cancel_queued(self, ids: Iterable[str]) -> list[str]:
        """End those of these jobs that wait, are held or parked, log JobFinished, and tell which."""
        raise NotImplementedError

    async def clear_queue(self) -> list[str]:
        """Cancel all that wait or are held."""
        raise NotImplementedError

    async def hold(self, id: str) -> JobRow | None:
        """Make one queued job wait; None when it is not queued."""
        raise NotImplementedError

    async def release(self, id: str) -> JobRow | None:
        """Undo `hold`; None when it is not held."""
        raise NotImplementedError

    async def unpark(self, id: str) -> JobRow | None:
        """Queue a parked job again as if it had never been interrupted; None when it is not parked."""
        raise NotImplementedError

    async def move(
        self,
        id: str,
        where: Literal["front", "back"] | None = None,
        *,
        number: float | None = None,
        before: str | None = None,
    ) -> JobRow | None:
        """Give a waiting job another place: at an end, at a number, or just before another. None if one does not wait."""
        raise NotImplementedError

    async def pause(self) -> None:
        """Give out no jobs, also after a restart."""
        raise NotImplementedError

    async def resume(self) -> None:
        """Give out jobs again."""
        raise NotImplementedError

    @property
    def paused(self) -> bool:
        raise NotImplementedError

    async def delete_history(self, ids: Iterable[str]) -> int:
        """Delete those of these jobs that have ended, with their events and results; how many there were."""
        raise NotImplementedError

    async def clear_history(self) -> int:
        """Delete all jobs that have ended."""
        raise NotImplementedError

    async def prune(self, retention: Retention) -> Mapping[str, int]:
        """Delete what is beyond the retention, bit by bit; {jobs, events} deleted."""
        raise NotImplementedError

    async def job(self, id: str) -> JobRow | None:
        raise NotImplementedError

    async def body(self, id: str) -> Body | None:
        raise NotImplementedError

    async def bodies(self, ids: Iterable[str]) -> dict[str, Body]:
        """Those that there are."""
        raise NotImplementedError

    async def queued(
        self, limit: int | None = None, offset: int = 0, states: Sequence[State] = WAITING
    ) -> list[JobRow]:
        """What waits, in order; `states` may name "parked" too."""
        raise NotImplementedError

    async def running(self) -> list[JobRow]:
        """What runs, the longest first."""
        raise NotImplementedError

    async def history(
        self, limit: int | None = None, offset: int = 0, states: Sequence[State] = ENDED, newest: bool = True
    ) -> list[JobRow]:
        """What has ended, by the time of its end."""
        raise NotImplementedError

    async def events(self, after: int = 0, limit: int = 1000, job: str | None = None) -> list[Logged]:
        """The log after a seq, of all jobs or of one."""
        raise NotImplementedError

    async def results(self, id: str) -> dict[str, Any]:
        """What the nodes of a job show, {node: ui}."""
        raise NotImplementedError

    async def results_of(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """As `results`, of several jobs."""
        raise NotImplementedError

    def counts(self) -> Mapping[State, int]:
        """How many jobs are in each state."""
        raise NotImplementedError

    @property
    def last_seq(self) -> int:
        """Of the last event that was told to the listener, or was on disk at the start."""
        raise NotImplementedError

    @property
    def forgotten(self) -> int:
        """Events up to this seq may have been deleted by `prune`; 0 when none were."""
        raise NotImplementedError

    async def close(self) -> None:
        """Write what waits to be written, and let go of the files."""
        raise NotImplementedError
