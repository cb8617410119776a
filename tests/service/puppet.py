"""A worker on strings: a channel that does what a test says, when it says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from engine.run.events import Event, JobFinished, JobQueued, JobStarted, Status
from engine.worker.channel import Channel, ChannelError, Died, State
from engine.worker.messages import Work


class Puppet:
    """A Channel; `works` are the jobs that it was given and that have not ended, `cancelled` those it was to end."""

    def __init__(self, name: str = "puppet") -> None:
        self.name = name
        self.state: State = "stopped"
        self.about: Mapping[str, Any] = {}
        self.on_event: Callable[[Event], None]
        self.on_state: Callable[[Channel], None]
        self.on_died: Callable[[Channel, Died], None]
        self.works: dict[str, Work] = {}
        self.given: list[str] = []
        self.cancelled: list[str] = []
        self.starts = 0
        self.fails = 0
        """How many of the next starts fail."""
        self.finishes_on_stop: tuple[str, ...] = ()

    async def start(self) -> None:
        self.starts += 1
        self._become("starting")
        await asyncio.sleep(0)
        if self.fails:
            self.fails -= 1
            self.die("it does not start")
        else:
            self._become("ready")

    async def ready(self, seconds: float = 60.0) -> None:
        while self.state != "ready":
            await asyncio.sleep(0.001)

    def run(self, work: Work) -> None:
        if self.state not in ("ready", "starting"):
            raise ChannelError(f"the worker is {self.state}")
        self.works[work.job] = work
        self.given.append(work.job)

    def cancel(self, job: str) -> None:
        self.cancelled.append(job)

    async def ask(self, what: str, /, **args: Any) -> Any:
        return {"what": what, **args}

    async def stop(self, seconds: float) -> tuple[str, ...]:
        for job in self.finishes_on_stop:
            self.finish(job)
        self._become("stopped")
        left, self.works = tuple(self.works), {}
        return left

    def begin(self, job: str) -> None:
        """The worker tells that a job has started, as real ones do: with an event of its own queue before."""
        self.on_event(JobQueued(job))
        self.on_event(JobStarted(job, ("1",), ()))

    def finish(self, job: str, status: Status = "success") -> None:
        """The worker tells that a job has ended."""
        del self.works[job]
        self.on_event(JobFinished(job, status))

    def die(self, reason: str = "killed by signal 9") -> None:
        """The worker is gone."""
        jobs, self.works = tuple(self.works), {}
        self._become("dead")
        self.on_died(self, Died(reason, -9, jobs))

    def _become(self, state: State) -> None:
        self.state = state
        self.on_state(self)
