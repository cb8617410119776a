"""What all channels do alike: their state and who waits for it, and telling events to a listener that may fail."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from engine.run.events import Event, JobFinished
from engine.worker.channel import ChannelError, State

log = logging.getLogger(__name__)


class Waiting:
    """The state of one channel."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._changed = asyncio.Event()
        self._reason = ""

    def turn(self, state: State, reason: str = "") -> None:
        """Change the state, and tell it."""
        channel = self._channel
        channel.state, self._reason = state, reason
        if state != "ready":
            channel.about = {}
        self._changed.set()
        self._changed = asyncio.Event()
        self.call(channel.on_state, channel)

    async def ready(self, seconds: float) -> None:
        """Wait until it is ready; raises ChannelError."""
        try:
            async with asyncio.timeout(seconds):
                while self._channel.state == "starting":
                    await self._changed.wait()
        except TimeoutError:
            raise ChannelError(f"The worker {self._channel.name} was not ready in {seconds:g} seconds.") from None
        if self._channel.state != "ready":
            raise ChannelError(self.refusal())

    def refusal(self) -> str:
        """Why the worker takes nothing now."""
        reason = f": {self._reason}" if self._reason else "."
        return {
            "starting": f"The worker {self._channel.name} is starting; ask again in a moment.",
            "dead": f"The worker {self._channel.name} is dead{reason}",
            "stopped": f"The worker {self._channel.name} is stopped{reason}",
        }.get(self._channel.state, f"The worker {self._channel.name} takes nothing now.")

    def refuse_if_over(self) -> None:
        """Raise ChannelError unless jobs are taken."""
        if self._channel.state not in ("starting", "ready"):
            raise ChannelError(self.refusal())

    def deliver(self, event: Event, jobs: dict[str, None]) -> None:
        """Tell an event; a job that is over is forgotten first."""
        if isinstance(event, JobFinished):
            jobs.pop(event.job, None)
        self.call(self._channel.on_event, event)

    @staticmethod
    def call(listener: Any, *args: Any) -> None:
        """Call a listener whose failure harms nobody else."""
        try:
            listener(*args)
        except Exception:
            log.exception("a listener of a channel failed")
