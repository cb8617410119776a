"""A channel to a worker in this very process: for tests, and where nothing may be started."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from engine.graph.registry import Registry
from engine.plugins import Loaded
from engine.queue.codec import dumps
from engine.run.events import Event
from engine.session import Session
from engine.settings import Settings
from engine.worker.channel import Channel, ChannelError, Died, State, Work
from engine.worker.host import Host
from engine.worker.life import told
from engine.worker.messages import Answer
from engine.worker.pending import Pending
from engine.worker.pictures import shown
from engine.worker.waiting import Waiting

log = logging.getLogger(__name__)


class InProcess:
    """Runs jobs in threads of this process; what crashes there crashes here."""

    def __init__(self, settings: Settings, loaded: Loaded | Registry | None = None, *, name: str = "") -> None:
        self.name = name or settings.device
        self.state: State = "stopped"
        self.about: Mapping[str, Any] = {}
        self.on_event: Callable[[Event], None] = lambda event: None
        self.on_state: Callable[[Channel], None] = lambda channel: None
        self.on_died: Callable[[Channel, Died], None] = lambda channel, died: None
        self._settings, self._loaded = settings, loaded
        self._host: Host | None = None
        self._jobs: dict[str, None] = {}
        self._early: list[Callable[[Host], None]] = []
        self._waiting = Waiting(self)

    async def start(self) -> None:
        """Make a session in a thread."""
        if self.state in ("starting", "ready"):
            return
        self._waiting.turn("starting")
        self._loop = asyncio.get_running_loop()
        self._pending, self._due = Pending(), False
        self._starting = self._loop.create_task(self._open())

    async def _open(self) -> None:
        try:
            host, about = await asyncio.to_thread(self._made)
        except Exception as error:
            jobs, self._jobs, self._early = tuple(self._jobs), {}, []
            self._waiting.turn("dead", str(error))
            self.on_died(self, Died(f"The worker could not start: {told(error)}", None, jobs))
            return
        self._host, self.about = host, about
        for call in self._early:
            call(host)
        self._early.clear()
        self._waiting.turn("ready")

    def _made(self) -> tuple[Host, Mapping[str, Any]]:
        host = Host(Session(self._loaded, settings=self._settings, alone=False), self._tell)
        return host, host.open()

    async def ready(self, seconds: float = 60.0) -> None:
        """Wait until it is ready; raises ChannelError."""
        await self._waiting.ready(seconds)

    def run(self, work: Work) -> None:
        """Take a job."""
        self._waiting.refuse_if_over()
        self._jobs[work.job] = None
        self._call(lambda host: host.run(work))

    def cancel(self, job: str) -> None:
        """End exactly this job."""
        self._call(lambda host: host.cancel(job))

    def _call(self, call: Callable[[Host], None]) -> None:
        """Call the host, now or once it is there."""
        if self._host is not None:
            call(self._host)
        elif self.state == "starting":
            self._early.append(call)

    async def ask(self, what: str, /, **args: Any) -> Any:
        """Put a question; raises ChannelError."""
        if self._host is None or self.state != "ready":
            raise ChannelError(self._waiting.refusal())
        future: asyncio.Future[Answer] = self._loop.create_future()

        def take(given: Answer) -> None:
            if not future.done():
                future.set_result(given)

        self._host.ask(0, what, json.loads(dumps(args)), lambda given: self._soon(take, given))
        given = await future
        if given.error is not None:
            raise ChannelError(given.error)
        return json.loads(dumps(given.value))

    async def stop(self, seconds: float) -> tuple[str, ...]:
        """Let running steps end, then close the session."""
        if self.state in ("dead", "stopped"):
            return ()
        await self._starting
        host, self._host = self._host, None
        if host is None:
            return ()
        await asyncio.to_thread(host.stop, seconds)
        self._drain()
        jobs, self._jobs = tuple(self._jobs), {}
        await asyncio.to_thread(host.close)
        self._waiting.turn("stopped")
        return jobs

    def _soon(self, call: Callable[..., None], *args: Any) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(call, *args)

    def _tell(self, event: Event) -> None:
        """Called from any thread."""
        self._pending.put(event)
        if not self._due:
            self._due = True
            self._soon(self._drain)

    def _drain(self) -> None:
        self._due = False
        self._deliver(self._pending.take())

    def _deliver(self, items: list[Any]) -> None:
        for item in items:
            event = shown(item, self._settings.preview_size)
            if event is not None:
                self._waiting.deliver(event, self._jobs)
