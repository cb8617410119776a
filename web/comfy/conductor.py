"""The conductor: hears all events once, has each job's view make messages of them, and hands these to the clients."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from engine.compat.messages import Flags, Message, Said, Standings
from engine.compat.wire import JobView, status
from engine.queue.log import Logged
from engine.queue.problems import QueueProblem
from engine.run.events import Event, JobFinished, JobInterrupted, JobQueued, JobStarted, StepFailed
from engine.service.hub import Item, Live, Subscription
from engine.service.service import Service
from web.comfy.peers import Peer, Peers

log = logging.getLogger(__name__)

LIMIT = 20_000
"""Events that may wait for the conductor; beyond them it reads the log."""
AT_ONCE = 250
"""Events between two chances for others to run."""
PAGE = 1000
STATE_SECONDS = 0.25
"""Between two `progress_state` of a job."""
STATE_BYTES = 256 << 10
"""Of them in a second: a job of thousands of steps tells all of them less often."""
BYTES_EACH = 200
MOST_EXPECTED = 200_000


@dataclass(slots=True, eq=False)
class Stage:
    """A job that runs: its view, its client, and when its steps' states were told."""

    view: JobView
    client: str
    told: float = 0.0
    pause: float = 0.0
    timer: asyncio.TimerHandle | None = None


class Conductor:
    """Belongs to one event loop."""

    def __init__(self, service: Service) -> None:
        self.peers = Peers(self.remaining)
        self._service = service
        self._heard = service.hub.subscribe(limit=LIMIT)
        self._stages: dict[str, Stage] = {}
        self._clients: dict[str, str] = {}
        self._seq = service.hub.last_seq

    # --- clients ---------------------------------------------------------------------------

    def expect(self, job: str, client: str) -> bool:
        """A job of this client is about to be queued; False when it is known already."""
        if job in self._clients or job in self._stages:
            return False
        self._clients[job] = client
        while len(self._clients) > MOST_EXPECTED:
            del self._clients[next(iter(self._clients))]
        return True

    def forget(self, job: str) -> None:
        """It was not queued after all."""
        self._clients.pop(job, None)

    def connect(self, client: str, send: Callable[[Peer], Coroutine[None, None, None]]) -> Peer:
        """A client is there, in place of its older socket; `send` empties its outbox as long as there is the socket."""
        return self.peers.connect(client, self._running(client), send)

    def greeting(self, client: str) -> Message:
        """The first message on a socket."""
        return status(self.remaining(), client)

    def understands(self, peer: Peer, flags: Flags) -> None:
        """A client says what it understands; from here on it is told so."""
        peer.outbox.flags = flags
        if flags.progress_delta:
            for said in self._running(peer.client):
                peer.outbox.put("", said)

    def remaining(self) -> int:
        """Jobs that wait or run."""
        counts = self._service.queue.counts()
        return counts.get("queued", 0) + counts.get("held", 0) + counts.get("running", 0)

    async def anew(self, peer: Peer) -> list[Said]:
        """What a client that lost messages must know: what lasts of those jobs' logs, and what runs now."""
        seq, jobs = self._seq, peer.outbox.take_lost()
        running = self._running(peer.client)
        told: list[Said] = [status(self.remaining())]
        for job in jobs:
            told += await self._replayed(job, seq)
        return told + running

    async def _replayed(self, job: str, until: int) -> list[Said]:
        view = JobView(job, self.remaining)
        after, kept = 0, list[Said]()
        while page := await self._service.queue.events(after, PAGE, job):
            after = page[-1].seq
            known = [entry for entry in page if entry.seq <= until]
            kept += [said for entry in known for said in view.feed(entry.event, entry.time) if _lasts(said)]
        return kept

    def _running(self, client: str) -> list[Said]:
        """What runs of this client, or of no one."""
        stages = [stage for stage in self._stages.values() if stage.client in (client, "")]
        return [said for stage in stages for said in stage.view.now()]

    # --- events --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Hear everything until the hub is closed."""
        heard = self._heard
        sweeper = asyncio.ensure_future(self.peers.sweep())
        try:
            while not heard.closed:
                await self._hear(await heard.next())
                if heard.lost_since is not None:
                    await self._catch_up(heard)
        finally:
            sweeper.cancel()
            heard.close()

    async def _hear(self, items: Sequence[Item]) -> None:
        for i, item in enumerate(items, 1):
            try:
                if isinstance(item, Logged):
                    await self._logged(item)
                elif isinstance(item, Live):
                    self._feed(item.event, time.time())
            except Exception:
                log.exception("an event could not be told: %s", type(item).__name__)
            if not i % AT_ONCE:
                await asyncio.sleep(0)

    async def _catch_up(self, heard: Subscription) -> None:
        """Read from the log what was too much to wait; what comes twice is left out by its number."""
        heard.resync()
        while page := await self._service.queue.events(self._seq, PAGE):
            await self._hear(page)

    async def _logged(self, entry: Logged) -> None:
        if entry.seq <= self._seq:
            return
        try:
            await self._happened(entry.event, entry.time)
        finally:
            self._seq = entry.seq

    async def _happened(self, event: Event, at: float) -> None:
        match event:
            case JobQueued():
                self.peers.status(self._clients.get(event.job, ""))
                return
            case JobStarted():
                await self._stage(event.job)
            case StepFailed() | JobFinished(status="cancelled") | JobInterrupted(requeued=False):
                await self._with_graph(event.job)
        self._feed(event, at)
        if isinstance(event, JobFinished | JobInterrupted):
            self._leave(event)

    async def _stage(self, job: str) -> None:
        if job not in self._clients:
            with contextlib.suppress(QueueProblem):  # all are told then
                row = await self._service.queue.job(job)
                self._clients[job] = row.client if row is not None else ""
        client = self._clients.get(job, "")
        self._stages[job] = Stage(JobView(job, self.remaining, everyone=not client), client)

    async def _with_graph(self, job: str) -> None:
        """Failures name the inputs of their node."""
        stage = self._stages.get(job)
        if stage is None or stage.view.graph:
            return
        with contextlib.suppress(QueueProblem):  # they are told without it
            if (body := await self._service.queue.body(job)) is not None:
                stage.view.graph = body.graph

    def _leave(self, event: JobFinished | JobInterrupted) -> None:
        """A job runs no more; one that is queued again keeps its client."""
        stage = self._stages.pop(event.job, None)
        if stage is not None and stage.timer is not None:
            stage.timer.cancel()
        if isinstance(event, JobFinished) or not event.requeued:
            self._clients.pop(event.job, None)

    def _feed(self, event: Event, at: float) -> None:
        stage = self._stages.get(event.job)
        if stage is None:
            if isinstance(event, JobFinished | JobInterrupted):
                self.peers.status(self._clients.get(event.job, ""))
            return
        for said in stage.view.feed(event, at):
            if isinstance(said, Message) and said.type == "status":
                self.peers.status(stage.client)
            else:
                self.peers.tell(event.job, stage.client, said)
        self._tell_states(event.job, stage)

    def _tell_states(self, job: str, stage: Stage) -> None:
        """Tell how far the steps are, now or as soon as it is time."""
        if stage.timer is not None or stage.view.ended:
            return
        wait = stage.told + stage.pause - self.peers.clock()
        if wait > 0:
            stage.timer = asyncio.get_running_loop().call_later(wait, self._on_time, job, stage)
        else:
            self._on_time(job, stage)

    def _on_time(self, job: str, stage: Stage) -> None:
        stage.timer = None
        state = stage.view.state()
        if state is not None:
            stage.told = self.peers.clock()
            stage.pause = max(STATE_SECONDS, len(state.full) * BYTES_EACH / STATE_BYTES)
            self.peers.tell(job, stage.client, state)


def _lasts(said: Said) -> bool:
    """Whether it is worth telling after the end."""
    if isinstance(said, Standings):
        return True
    return isinstance(said, Message) and said.type != "progress" and not _begins(said)


def _begins(said: Message) -> bool:
    return said.type == "executing" and said.data["node"] is not None
