"""Channel: the way to a worker, wherever it runs. The conformance tests say what each must do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from engine.run.events import Event
from engine.run.picture import Picture
from engine.worker.messages import Work

__all__ = ["Channel", "ChannelError", "Died", "Picture", "State", "Work"]

State = Literal["starting", "ready", "dead", "stopped"]


class ChannelError(Exception):
    """A worker that cannot do what it is asked for; `str()` of it is one sentence."""


@dataclass(frozen=True, slots=True)
class Died:
    """A worker ended without being asked to.

    Args:
        reason: one sentence.
        code: its exit code; negative for the signal that killed it; None when it never ran.
        jobs: those that it had been given and that are not done.
    """

    reason: str
    code: int | None
    jobs: tuple[str, ...]


class Channel(Protocol):
    """One worker; all methods and callbacks belong to one event loop's thread.

    Attributes:
        name: for people ("cpu", "cuda:0").
        state: "stopped" before `start`; "dead" after a death that nobody asked for.
        about: device, salt, precision, torch, memory, pid; empty until ready.
        on_event: every event of each job in its order; previews hold a Picture.
        on_state: told of each change of `state`. on_died: told after it, and of the jobs that were lost.
    """

    name: str
    state: State
    about: Mapping[str, Any]
    on_event: Callable[[Event], None]
    on_state: Callable[[Channel], None]
    on_died: Callable[[Channel, Died], None]

    async def start(self) -> None:
        """Start a worker, for the first time or anew; it is "starting" at once and "ready" later."""

    async def ready(self, seconds: float = 60.0) -> None:
        """Wait until it is ready; raises ChannelError when it died or did not come in time."""

    def run(self, work: Work) -> None:
        """Take a job, as soon as it may be; raises ChannelError when the worker is dead or stopped."""

    def cancel(self, job: str) -> None:
        """End exactly this job; nothing happens when it is not there."""

    async def ask(self, what: str, /, **args: Any) -> Any:
        """Put a question: explain, report, tokens, free, stats; raises ChannelError."""

    async def stop(self, seconds: float) -> tuple[str, ...]:
        """Begin no further steps, let running ones end up to the limit, end; gives the jobs that are not done.

        No JobFinished is told of those.
        """
