"""What the queue takes and gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["queued", "held", "running", "success", "error", "cancelled", "parked"]
"""held: a person made this one wait; parked: interrupted once too often, waits for a person."""
STATES: tuple[State, ...] = ("queued", "held", "running", "success", "error", "cancelled", "parked")
ENDED: tuple[State, ...] = ("success", "error", "cancelled")
WAITING: tuple[State, ...] = ("queued", "held")
WARNINGS = 20
"""Of one job that are kept with it; its events have all."""
LARGEST = 2.0**50
"""Of a place in the queue; beyond it halves could no longer be told apart."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to queue; nothing in it may be changed afterwards.

    Args:
        id: unique for ever. graph: flattened plain API JSON, as the worker runs it. targets: the sound ones.
        source: the text of the file as it was submitted.
        client: who is told of it. extra: extra_pnginfo and the like, without secrets.
        problems: JSON of the problems of what does not run.
        number: its place, lower is earlier; behind all others when left out, with `front` before them.
        record: what is to be recorded of it, as JSON; None: nothing.
    """

    id: str
    graph: Mapping[str, Any]
    targets: tuple[str, ...] = ()
    source: str | None = None
    client: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    problems: Sequence[Any] = ()
    number: float | None = None
    front: bool = False
    title: str = ""
    record: Any = None


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job without its graph; times are seconds since 1970.

    Args:
        number: its place among those that wait, lower is earlier; `serial` decides between equals.
        interruptions: how often its server or worker died under it.
        error: {code, message} and, of a failed step, {node, node_type, exception}.
        warnings: {code, message, telling} of what is amiss and fails no job, each once, WARNINGS at most.
    """

    id: str
    number: float
    state: State
    client: str
    title: str
    created: float
    started: float | None = None
    ended: float | None = None
    interruptions: int = 0
    error: Mapping[str, Any] | None = None
    problems: Sequence[Any] = ()
    serial: int = 0
    warnings: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """What a job is made of, as it was put."""

    graph: Mapping[str, Any]
    targets: tuple[str, ...]
    source: str | None
    extra: Mapping[str, Any]
    record: Any = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A job to run now."""

    row: JobRow
    graph: Mapping[str, Any]
    targets: tuple[str, ...]
    source: str | None
    extra: Mapping[str, Any]
    record: Any = None


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of what is over is kept; None keeps all.

    Args:
        history_age: seconds since a job ended. history_count: jobs.
        bytes: of the whole database; the oldest jobs go first.
        events_age: seconds; events of older jobs go, what the jobs made and how they ended stays.
    """

    history_age: float | None = None
    history_count: int | None = None
    bytes: int | None = None
    events_age: float | None = None
