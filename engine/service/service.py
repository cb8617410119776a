"""Service: what the web talks to. It checks, queues, runs and tells, and is free of torch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.files import Library
from engine.graph.check import Checked
from engine.graph.graph import Graph, NodeId
from engine.graph.registry import Registry
from engine.plugins import Loaded
from engine.queue.jobs import JobQueue, JobRow, State
from engine.run.events import Progress
from engine.service.hub import Hub
from engine.service.settings import ServerSettings
from engine.worker.channel import Channel

Workflow = bytes | Mapping[str, Any] | Graph
"""The text of a file, parsed JSON, or a graph."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job in the queue; `new` is False when the same was there before. `checked` has what does not run."""

    row: JobRow
    new: bool
    checked: Checked


class Service:
    """One server's queue and workers; all its methods are called in one event loop."""

    settings: ServerSettings
    loaded: Loaded
    library: Library
    queue: JobQueue
    channels: tuple[Channel, ...]
    hub: Hub
    started: float

    @classmethod
    async def open(cls, settings: ServerSettings, channels: Sequence[Channel] | None = None) -> Service:
        """Take the data folder, open the queue, load the node types and start the workers (without waiting for them).

        Args:
            channels: workers in place of those that the settings ask for.

        Raises QueueProblem or FileProblem with one sentence.
        """
        raise NotImplementedError

    @property
    def registry(self) -> Registry:
        """The node types."""
        return self.loaded.registry

    async def close(self, seconds: float = 5.0) -> None:
        """Let running steps end up to the limit, then stop; jobs that are not done go back to their places."""
        raise NotImplementedError

    async def check(self, workflow: Workflow, targets: Iterable[str] | None = None) -> Checked:
        """All problems of a workflow of any format, and the plan of what is sound; raises WorkflowError."""
        raise NotImplementedError

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
    ) -> Submitted:
        """Check a workflow and queue what is sound of it; returns when it is on disk.

        Args:
            id: of the job; the same id and graph again gives the job that is there.
            client: whom to tell. title: for lists.
            targets: nodes to make; all sinks if left out.
            number: its place, lower is earlier. front: before all others.
            extra: ComfyUI's extra_data; only what pictures are to carry is kept.
            partial: run the sound targets though others have problems.

        Raises WorkflowError when nothing can run, BadName, IdTaken, QueueProblem.
        """
        raise NotImplementedError

    async def cancel(self, id: str) -> bool:
        """End exactly this job, queued or running; False when there is nothing to end."""
        raise NotImplementedError

    async def interrupt(self, id: str | None = None) -> bool:
        """End this job if it runs; without an id, all that run."""
        raise NotImplementedError

    async def state(self, id: str) -> State | None:
        """The state of a job; None when it is not known."""
        raise NotImplementedError

    def progress(self, job: str) -> Mapping[NodeId, Progress]:
        """The last progress of each running step."""
        return self.hub.progress(job)

    async def ask(self, what: str, /, **args: Any) -> Any:
        """Ask the first worker; raises ServiceBusy while it does not answer, ChannelError."""
        raise NotImplementedError

    def about(self) -> dict[str, Any]:
        """Version, time since the start, workers, counts of jobs, lag of the event loop."""
        return {"uptime": time.monotonic() - self.started}
