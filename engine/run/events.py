"""What happens to a job: its record is the list of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.graph.graph import NodeId

Status = Literal["success", "error", "cancelled"]
Reason = Literal["server_stopped", "server_died", "worker_died"]
"""Of an interruption; a server that was stopped counts as none against the job."""


@dataclass(frozen=True, slots=True)
class JobQueued:
    job: str


@dataclass(frozen=True, slots=True)
class JobStarted:
    """``nodes`` will run as far as is known yet (lazy inputs and expansions add some); ``cached`` were found."""

    job: str
    nodes: tuple[NodeId, ...]
    cached: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class StepStarted:
    job: str
    node: NodeId


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` (0: unknown) units of one step; a mapped step counts all its elements."""

    job: str
    node: NodeId
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Preview:
    job: str
    node: NodeId
    image: Any


@dataclass(frozen=True, slots=True)
class StepFinished:
    """``cached``: nothing ran, the artifact was found or came from another job.

    ``shared``: sampling went in batches with other jobs, which changes the last bits. ``nbytes``: what its results take
    in memory. ``fingerprint``: the digest of its outputs, in recorded jobs only.
    """

    job: str
    node: NodeId
    seconds: float
    ui: Mapping[str, Any] = field(default_factory=dict)
    cached: bool = False
    shared: bool = False
    nbytes: int = 0
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class StepFailed:
    """``message`` is one sentence for people; ``traceback`` is for logs only.

    ``telling``: the sentence and its values, from which it can be told in other languages (`Telling.plain()`).
    ``spared``: what needs it is made without it, and no target is lost so far; if one is, it is told again.
    """

    job: str
    node: NodeId
    node_type: str
    message: str
    exception: str = ""
    traceback: str = ""
    telling: Mapping[str, Any] | None = None
    spared: bool = False


@dataclass(frozen=True, slots=True)
class Expanded:
    """``node`` returned a graph; its steps run under the ids ``nodes``."""

    job: str
    node: NodeId
    nodes: tuple[NodeId, ...]


@dataclass(frozen=True, slots=True)
class Warned:
    """Something is amiss that fails no job: a cache folder that cannot be written.

    ``telling``: as in `StepFailed`.
    """

    job: str
    code: str
    message: str
    telling: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class JobInterrupted:
    """The job's server or worker went away; ``requeued``: it is back in its old place, else a person must decide.

    ``message`` is one sentence for people, or empty.
    """

    job: str
    reason: Reason
    requeued: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class JobFinished:
    job: str
    status: Status


Event = (
    JobQueued
    | JobStarted
    | StepStarted
    | Progress
    | Preview
    | StepFinished
    | StepFailed
    | Expanded
    | Warned
    | JobInterrupted
    | JobFinished
)
Emit = Callable[[Event], None]
"""Called from any thread, in order for each step; it must be quick."""
