"""Service: what the web talks to. It checks, queues, runs and tells, and is free of torch."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from engine.files import Library
from engine.graph.check import Checked
from engine.graph.graph import NodeId
from engine.graph.problems import Problem
from engine.graph.registry import Registry
from engine.graph.sentences import sentence
from engine.plugins import LATER, Loaded
from engine.plugins import registry as load_registry
from engine.queue.jobs import IdTaken as TakenId
from engine.queue.jobs import JobQueue, JobRow, Logged, NewJob, State
from engine.run.events import Progress
from engine.service.dispatch import Dispatcher
from engine.service.errors import BadName, BadNumber, IdTaken, ServiceBusy
from engine.service.hub import Hub, Notice
from engine.service.lag import Lag
from engine.service.problems import problem_json
from engine.service.reading import Reader, Workflow
from engine.service.retention import tidy_for_ever
from engine.service.settings import ServerSettings
from engine.service.threads import off
from engine.session.temp import emptied
from engine.version import VERSION
from engine.worker.channel import Channel
from engine.worker.process import WorkerProcess
from engine.workflow.error import WorkflowError

__all__ = ["Service", "Submitted", "Workflow"]

KEPT = ("extra_pnginfo",)
"""What is kept of ComfyUI's extra_data: the rest is secrets, or means nothing here."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")
LONGEST_NAME = 128
TOLD = 1000
"""Problems of a job that are kept and told."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job in the queue; `new` is False when the same was there before. `checked` has what does not run."""

    row: JobRow
    new: bool
    checked: Checked


class Service:
    """One server's queue and workers; all its methods are called in one event loop. Made by `open`."""

    def __init__(
        self,
        settings: ServerSettings,
        loaded: Loaded,
        library: Library,
        queue: JobQueue,
        channels: Sequence[Channel],
    ) -> None:
        self.settings = settings
        self.loaded = loaded
        self.library = library
        self.queue = queue
        self.channels = tuple(channels)
        self.hub = Hub(queue.last_seq)
        self.lag = Lag()
        self.started = time.time()
        self._reader = Reader(loaded.registry, library)
        self._dispatch = Dispatcher(queue, channels, self.hub, at_once=settings.at_once, metadata=settings.metadata)
        self._tasks: list[asyncio.Task[None]] = []
        self._alone: IO[bytes] | None = None
        """The lock of the temp folder: while it is held, nobody else empties it."""
        self._counts: Mapping[str, int] = {}
        queue.listener = self._logged

    @classmethod
    async def open(
        cls, settings: ServerSettings, channels: Sequence[Channel] | None = None, *, queue: JobQueue | None = None
    ) -> Service:
        """Open the queue, load the node types and start the workers (without waiting for them).

        Args:
            channels: workers in place of those that the settings ask for. queue: the queue, if it is open.

        Raises QueueProblem or FileProblem with one sentence.
        """
        queue = queue or open_queue(settings)
        try:
            loaded, library = await off(_loaded, settings)
        except BaseException:
            await queue.close()
            raise
        workers = (WorkerProcess(settings),) if channels is None else channels
        service = cls(settings, loaded, library, queue, workers)
        service._begin()
        return service

    @property
    def registry(self) -> Registry:
        """The node types."""
        return self.loaded.registry

    def _begin(self) -> None:
        self._tasks = [
            asyncio.ensure_future(self._warm_up()),
            asyncio.ensure_future(tidy_for_ever(self.queue, self.library.folder("temp"), self.settings.keep)),
        ]

    async def _warm_up(self) -> None:
        """What need not be done before the first request is answered."""
        self._alone = await off(emptied, self.library.folder("temp"), self.settings.data / "cache")
        self._dispatch.start()

    def at(self, url: str) -> None:
        """The server answers there from now on: who looks for it is told, and the loop's lag counts."""
        self.queue.tell(url)
        self.lag.start()

    async def close(self, seconds: float = 5.0) -> None:
        """Let running steps end up to the limit, then stop; jobs that are not done go back to their places."""
        for task in self._tasks:
            task.cancel()
        await self._dispatch.close(seconds)
        await self.queue.close()
        if self._alone is not None:
            self._alone.close()
        self.lag.stop()

    async def check(self, workflow: Workflow, targets: Iterable[str] | None = None) -> Checked:
        """All problems of a workflow of any format, and the plan of what is sound; raises WorkflowError."""
        return await self._reader.check(workflow, targets)

    async def submit(
        self,
        workflow: Workflow,
        *,
        id: str | None = None,
        client: str = "",
        targets: Iterable[str] | None = None,
        number: float | None = None,
        front: bool = False,
        extra: Mapping[str, Any] | None = None,
        title: str = "",
        partial: bool = True,
        record: Any = None,
    ) -> Submitted:
        """Check a workflow and queue what is sound of it; returns when it is on disk.

        Args:
            id: of the job; the same id and graph again gives the job that is there.
            client: whom to tell. title: for lists.
            targets: nodes to make; all sinks if left out.
            number: its place, lower is earlier. front: before all others.
            extra: ComfyUI's extra_data; only what pictures are to carry is kept.
            partial: run the sound targets though others have problems.
            record: what is to be recorded: true, or {"attention": N}; nothing if left out.

        Raises WorkflowError when nothing can run, BadName, BadNumber, IdTaken, QueueProblem.
        """
        _named(id, client)
        read = await self._reader.read(workflow, targets)
        checked = read.checked
        if not checked.plan.targets or (checked.errors and not partial):
            raise WorkflowError(map(sentence, checked.errors[:TOLD]), _worst(checked))
        new = NewJob(
            id=id or str(uuid.uuid4()),
            graph=read.graph,
            targets=checked.plan.targets,
            source=read.source,
            client=client,
            extra={name: value for name in KEPT if (value := (extra or {}).get(name)) is not None},
            problems=[problem_json(p) for p in _worst(checked)],
            number=number,
            front=front,
            title=title,
            record=record,
        )
        try:
            row, added = await self.queue.put(new)
        except TakenId as error:
            raise IdTaken(f"There is a job {id!r} with another graph: choose another id, or none.") from error
        except ValueError as error:
            raise BadNumber(f"The job's place cannot be used: {error}.") from error
        return Submitted(row, added, checked)

    async def cancel(self, id: str) -> bool:
        """End exactly this job, queued or running; False when there is nothing to end."""
        return await self._dispatch.cancel(id)

    async def interrupt(self, id: str | None = None) -> bool:
        """End this job if it runs; without an id, all that run."""
        return self._dispatch.interrupt(id)

    async def state(self, id: str) -> State | None:
        """The state of a job; None when it is not known."""
        row = await self.queue.job(id)
        return None if row is None else row.state

    def progress(self, job: str) -> Mapping[NodeId, Progress]:
        """The last progress of each running step."""
        return self.hub.progress(job)

    async def pause(self) -> None:
        """Begin no further jobs, also after a restart, until `resume`."""
        await self.queue.pause()
        self.hub.notice(Notice("paused", {"paused": True}))

    async def resume(self) -> None:
        """Begin jobs again."""
        await self.queue.resume()
        self.hub.notice(Notice("paused", {"paused": False}))

    async def ask(self, what: str, /, **args: Any) -> Any:
        """Ask the first worker; raises ServiceBusy while it does not answer, ChannelError."""
        channel = self.channels[0]
        if channel.state != "ready":
            raise ServiceBusy(f"The worker {channel.name} is {channel.state}: ask again in a few seconds.")
        return await channel.ask(what, **args)

    def about(self) -> dict[str, Any]:
        """Version, seconds since the start, workers, counts of jobs, lag of the event loop."""
        return {
            "version": VERSION,
            "uptime": round(time.time() - self.started, 3),
            "workers": [{"name": c.name, "state": c.state, **c.about} for c in self.channels],
            "jobs": dict(self.queue.counts()),
            "paused": self.queue.paused,
            "lag": self.lag.about(),
        }

    def _logged(self, logged: Sequence[Logged]) -> None:
        """Events are in the log now."""
        self.hub.publish(logged)
        counts = {str(state): count for state, count in self.queue.counts().items()}
        if counts != self._counts:
            self._counts = counts
            self.hub.notice(Notice("queue", counts))


def open_queue(settings: ServerSettings) -> JobQueue:
    """The queue of a data folder, which no other server then can open; raises QueueProblem."""
    return JobQueue.open(settings.data / "state.sqlite", requeue=settings.requeue, warn=_warn)


def _warn(code: str, message: str) -> None:
    log.warning("%s", message)


def _loaded(settings: ServerSettings) -> tuple[Loaded, Library]:
    return load_registry(settings.data, lazy=LATER), settings.library()


def _worst(checked: Checked) -> list[Problem]:
    """The problems that are told: errors come first."""
    return sorted(checked.problems, key=lambda p: p.severity != "error")[:TOLD]


def _named(id: str | None, client: str) -> None:
    if id is not None and not _PLAIN.fullmatch(id):
        raise BadName(
            f"The id {id[:40]!r} cannot be a job's: use up to 128 letters, digits and . _ : @ + -, or leave it out."
        )
    if len(client) > LONGEST_NAME or not client.isprintable():
        raise BadName(f"The client's name {client[:40]!r} is longer than {LONGEST_NAME} characters, or not printable.")
