"""Dispatch: hands queued jobs to workers, writes down what they tell, and goes on when one dies."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engine.queue.jobs import JobQueue, QueueProblem, Taken
from engine.run.events import Event, JobFinished, Preview, Progress, Reason
from engine.service.hub import Hub, Notice
from engine.worker.channel import Channel, Died
from engine.worker.messages import Work

log = logging.getLogger(__name__)

YOUNG = 10.0
"""Seconds; a worker that dies younger is not started again at once."""
LONGEST_PAUSE = 30.0


@dataclass(slots=True, eq=False)
class Running:
    """A job that a worker has."""

    taken: Taken
    channel: Channel
    cancelled: bool = False


class Dispatcher:
    """Keeps up to `at_once` jobs on the workers; all its methods are called in one event loop."""

    def __init__(
        self,
        queue: JobQueue,
        channels: Sequence[Channel],
        hub: Hub,
        *,
        at_once: int,
        metadata: bool,
    ) -> None:
        self.running: dict[str, Running] = {}
        self._queue = queue
        self._channels = tuple(channels)
        self._hub = hub
        self._at_once = at_once
        self._metadata = metadata
        self._closing = False
        self._wake = asyncio.Event()
        self._heard: list[Event] = []
        self._taking = False
        self._doomed: dict[str, asyncio.Future[bool]] = {}
        self._began: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        for channel in self._channels:
            channel.on_event, channel.on_state, channel.on_died = self._event, self._state, self._died

    def start(self) -> None:
        """Start the workers, and hand out jobs as soon as one is ready."""
        for channel in self._channels:
            self._task(self._start(channel, 0.0))
        self._task(self._run())

    async def cancel(self, id: str) -> bool:
        """End exactly this job, wherever it is; False when there is nothing to end."""
        if self._cancel_running(id):
            return True
        if id in await self._queue.cancel_queued([id]):
            return True
        # It was taken meanwhile: it runs by now, or is on its way from the queue to a worker, or has ended.
        if self._cancel_running(id):
            return True
        if not self._taking:
            return False
        return await self._doomed.setdefault(id, asyncio.get_running_loop().create_future())

    def interrupt(self, id: str | None) -> bool:
        """End this job if it runs; without an id, all that run."""
        ended = [each for each in ([id] if id is not None else list(self.running)) if self._cancel_running(each)]
        return bool(ended)

    async def close(self, seconds: float) -> None:
        """Hand out no more, let running steps end up to the limit, stop the workers, and give back what is not done."""
        self._closing = True
        self._wake.set()
        await _within(seconds + 1, *(c.stop(seconds) for c in self._channels))
        for task in self._tasks:
            task.cancel()
        for id in list(self.running):
            self._give_back(id)
        self._write_down()

    def _cancel_running(self, id: str) -> bool:
        job = self.running.get(id)
        if job is None:
            return False
        job.cancelled = True
        job.channel.cancel(id)
        return True

    async def _run(self) -> None:
        while not self._closing:
            channel = self._free()
            if channel is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            taken = await self._take()
            if taken is None:
                await self._queue.ready()
            else:
                self._hand(taken)

    def _free(self) -> Channel | None:
        """The worker with the fewest jobs, if it has a place."""
        ready = [c for c in self._channels if c.state == "ready"]
        load = {c.name: 0 for c in ready}
        for job in self.running.values():
            if job.channel.name in load:
                load[job.channel.name] += 1
        best = min(ready, key=lambda c: load[c.name], default=None)
        return best if best is not None and load[best.name] < self._at_once else None

    async def _take(self) -> Taken | None:
        self._taking = True
        try:
            return await self._queue.take()
        finally:
            self._taking = False

    def _hand(self, taken: Taken) -> None:
        """Give a job to a worker, unless it was cancelled on its way."""
        id, channel = taken.row.id, self._free()
        doomed, self._doomed = self._doomed, {}
        for other, future in doomed.items():
            future.set_result(other == id)
        if id in doomed:
            self._record(JobFinished(id, "cancelled"))
        elif channel is None or self._closing:  # the worker died, or the end came, while it was taken
            self._interrupt(id, "server_stopped")
        else:
            self.running[id] = Running(taken, channel)
            channel.run(
                Work(
                    job=id,
                    graph=taken.graph,
                    targets=taken.targets,
                    metadata=self._metadata,
                    source=taken.source,
                    extra=taken.extra,
                    priority=-math.floor(taken.row.number),  # the earlier job goes first
                    record=taken.record,
                )
            )

    def _event(self, event: Event) -> None:
        """What a worker tells of a job."""
        job = self.running.get(event.job)
        if job is None:
            return
        match event:
            case Progress() | Preview():
                self._hub.live(event)
            case _:
                self._record(event)
                if isinstance(event, JobFinished):
                    self._ended(event.job)

    def _record(self, event: Event) -> None:
        """Events that come together are written together."""
        if not self._heard:
            asyncio.get_running_loop().call_soon(self._write_down)
        self._heard.append(event)

    def _write_down(self) -> None:
        heard, self._heard = self._heard, []
        self._queue.record(*heard)

    def _interrupt(self, id: str, reason: Reason, message: str = "") -> None:
        self._write_down()
        self._queue.interrupt(id, reason, message)

    def _give_back(self, id: str) -> None:
        """The server ends: the job goes back to its place in the queue, which counts as no interruption."""
        if self.running[id].cancelled:
            self._record(JobFinished(id, "cancelled"))
        else:
            self._interrupt(id, "server_stopped")
        self._ended(id)

    def _ended(self, id: str) -> None:
        del self.running[id]
        self._wake.set()

    def _state(self, channel: Channel) -> None:
        self._hub.notice(Notice("worker", {"name": channel.name, "state": channel.state}))
        self._wake.set()

    def _died(self, channel: Channel, died: Died) -> None:
        """A worker is gone: its jobs are told so, and go back once; a new one is started."""
        log.error("The worker %s died: %s", channel.name, died.reason)
        for id, job in [(id, job) for id, job in self.running.items() if job.channel is channel]:
            self._bereave(id, job, died)
        self._state(channel)
        if not self._closing:
            self._task(self._start(channel, self._pause(channel.name)))

    def _bereave(self, id: str, job: Running, died: Died) -> None:
        if job.cancelled:
            self._record(JobFinished(id, "cancelled"))
        else:
            self._interrupt(id, "server_stopped" if self._closing else "worker_died", died.reason)
        self._ended(id)

    def _pause(self, name: str) -> float:
        """Seconds to wait before a worker is started again: none after a long life, ever more after short ones."""
        if time.monotonic() - self._began.get(name, 0.0) > YOUNG:
            self._pauses.pop(name, None)
        pause = self._pauses.get(name, 0.0)
        self._pauses[name] = min(max(2 * pause, 0.5), LONGEST_PAUSE)
        return pause

    async def _start(self, channel: Channel, pause: float) -> None:
        await asyncio.sleep(pause)
        self._write_down()
        with suppress(QueueProblem):
            await self._queue.flush()  # what goes back to its place is there before a later job can be taken
        self._began[channel.name] = time.monotonic()
        try:
            await channel.start()
        except Exception as error:
            log.exception("the worker %s does not start", channel.name)
            self._hub.notice(Notice("worker", {"name": channel.name, "state": channel.state, "reason": str(error)}))
            if not self._closing:
                self._task(self._start(channel, self._pause(channel.name)))

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _within(seconds: float, *waits: Coroutine[Any, Any, object]) -> None:
    """Wait so long at most; what fails is told to the log."""
    if waits:
        done, _ = await asyncio.wait([asyncio.ensure_future(w) for w in waits], timeout=seconds)
        for error in filter(None, (task.exception() for task in done)):
            log.error("a worker did not stop well", exc_info=error)
