"""A channel to a worker process of its own: it may crash, and the server goes on."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, cast

from engine.run.events import Event
from engine.settings import ROOT, Settings
from engine.worker.channel import Channel, ChannelError, Died, State, Work
from engine.worker.messages import (
    Answer,
    Ask,
    Cancel,
    Failed,
    Happened,
    Message,
    ProtocolError,
    Ready,
    Stop,
    Stopped,
    Unpacker,
    pack,
)
from engine.worker.options import to_options
from engine.worker.waiting import Waiting

log = logging.getLogger(__name__)

ASK_SECONDS = 60.0
PING_SECONDS = 5.0
PATIENCE = 300.0
"""Seconds after which a worker that answers no ping is taken for hung; a model may be loaded meanwhile."""
BACKLOG = 256 << 20
"""Bytes that a worker has not read; with more it is taken for hung."""
GRACE = 0.5
"""Seconds that an orderly end may take beyond its limit, and that the rest of the pipe may take after a death."""


class WorkerProcess:
    """Starts `python -m engine.worker` and talks to it through its stdin and stdout; stderr is this process's own."""

    def __init__(self, settings: Settings, *, name: str = "", patience: float = PATIENCE) -> None:
        self.name = name or settings.device
        self.state: State = "stopped"
        self.about: Mapping[str, Any] = {}
        self.on_event: Callable[[Event], None] = lambda event: None
        self.on_state: Callable[[Channel], None] = lambda channel: None
        self.on_died: Callable[[Channel, Died], None] = lambda channel, died: None
        self.patience = patience
        self._settings = settings
        self._jobs: dict[str, None] = {}
        self._life: Life | None = None
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._waiting = Waiting(self)

    async def start(self) -> None:
        """Start the process; an end of it before it is ready is a death like any other."""
        if self.state in ("starting", "ready"):
            return
        self._life = life = Life(self)
        self._waiting.turn("starting")
        command = [sys.executable, "-m", "engine.worker", *to_options(self._settings)]
        try:
            await asyncio.get_running_loop().subprocess_exec(
                lambda: life, *command, stderr=None, cwd=ROOT, start_new_session=os.name != "nt"
            )
        except OSError as error:
            life.reason = f"The worker could not start: {sys.executable} cannot be run ({error.strerror})."
            self.gone(life, None)

    async def ready(self, seconds: float = 60.0) -> None:
        """Wait until it is ready; raises ChannelError."""
        await self._waiting.ready(seconds)

    def run(self, work: Work) -> None:
        """Take a job; while the worker starts it waits in the pipe."""
        self._waiting.refuse_if_over()
        self._jobs[work.job] = None
        self._send(work)

    def cancel(self, job: str) -> None:
        """End exactly this job."""
        if job in self._jobs:
            self._send(Cancel(job))

    async def ask(self, what: str, /, **args: Any) -> Any:
        """Put a question; raises ChannelError."""
        if self.state != "ready":
            raise ChannelError(self._waiting.refusal())
        number = next(self._numbers)
        future = self._answers[number] = asyncio.get_running_loop().create_future()
        self._send(Ask(number, what, args))
        try:
            async with asyncio.timeout(ASK_SECONDS):
                answer = await future
        except TimeoutError:
            raise ChannelError(f"The worker gave no answer to {what!r} in {ASK_SECONDS:g} seconds.") from None
        finally:
            self._answers.pop(number, None)
        if answer.error is not None:
            raise ChannelError(answer.error)
        return answer.value

    async def stop(self, seconds: float) -> tuple[str, ...]:
        """Let running steps end, then end the process, by force if it takes half a second longer."""
        life = self._life
        if life is None:
            return ()
        life.stopping = True
        self._send(Stop(seconds))
        try:
            async with asyncio.timeout(seconds + GRACE):
                await life.over.wait()
        except TimeoutError:
            life.kill("it did not stop in time")
            await life.over.wait()
        return life.undone

    def _send(self, message: Message) -> None:
        if self._life is not None:
            self._life.write(pack(message))

    def heard(self, life: Life, message: Message) -> None:
        """Take in what a worker says."""
        match message:
            case Happened(events=events):
                for event in events:
                    self._waiting.deliver(event, self._jobs)
            case Ready(about=about):
                self.about = about
                life.watch(self.patience)
                self._waiting.turn("ready")
            case Failed(reason=reason):
                life.reason = f"The worker could not start: {reason}"
            case Answer(number=number):
                future = self._answers.get(number)
                if future is not None and not future.done():
                    future.set_result(message)
            case Stopped():
                life.stopping = True

    def gone(self, life: Life, code: int | None) -> None:
        """The process is over."""
        if self._life is not life:
            return
        self._life = None
        life.undone, self._jobs = tuple(self._jobs), {}
        reason = life.reason or ending(code)
        for number, future in self._answers.items():
            if not future.done():
                future.set_result(Answer(number, error=reason))
        self._waiting.turn("stopped" if life.stopping else "dead", "" if life.stopping else reason)
        life.over.set()
        if not life.stopping:
            self._waiting.call(self.on_died, self, Died(reason, code, life.undone))


class Life(asyncio.SubprocessProtocol):
    """One process of a channel, from its start to its end."""

    def __init__(self, channel: WorkerProcess) -> None:
        self.reason = ""
        self.stopping = False
        self.undone: tuple[str, ...] = ()
        self.over = asyncio.Event()
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._unpacker = Unpacker()
        self._early: list[bytes] = []
        self._transport: asyncio.SubprocessTransport | None = None
        self._pipe: asyncio.WriteTransport | None = None
        self._silent = 0
        self._exited = self._drained = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._pipe = cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0))
        early, self._early = self._early, []
        for data in early:
            self.write(data)

    def write(self, data: bytes) -> None:
        """Send, without ever waiting."""
        if self._pipe is None:
            self._early.append(data)
        elif not self._pipe.is_closing():
            self._pipe.write(data)
            if self._pipe.get_write_buffer_size() > BACKLOG:
                self.kill("it reads nothing any more")

    def kill(self, why: str) -> None:
        """End the process by force; the reason is the rest of a sentence."""
        if self._transport is not None and not self._exited:
            self.reason = self.reason or f"The worker was ended by force: {why}."
            self._transport.kill()

    def watch(self, patience: float) -> None:
        """Ask for a sign of life now and then."""
        if self._exited:
            return
        every = min(PING_SECONDS, patience / 4)
        # Counted in turns, so that a computer that slept is not held against the worker.
        if self._silent * every >= patience:
            self.kill(f"it gave no sign of life for {patience:g} seconds")
            return
        self._silent += 1
        self.write(pack(Ask(0, "ping")))
        self._loop.call_later(every, self.watch, patience)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._silent = 0
        if self.reason:
            return
        try:
            for message in self._unpacker.feed(data):
                self._channel.heard(self, message)
        except ProtocolError as error:
            log.error("a worker sent what is no message: %s", error)
            self.kill("it sent what is no message")

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self._drained = True
            if self._exited:
                self._finish()
            else:
                self._loop.call_later(GRACE, self.kill, "it closed its pipe")

    def process_exited(self) -> None:
        self._exited = True
        if self._drained:
            self._finish()
        else:  # what it said last is still in the pipe, which a process that it started may keep open
            self._loop.call_later(GRACE, self._finish)

    def _finish(self) -> None:
        if self._transport is not None:
            code = self._transport.get_returncode()
            self._transport.close()
            self._transport = None
            self._channel.gone(self, code)


def ending(code: int | None) -> str:
    """How a process ended, in one sentence."""
    if code is None:
        return "The worker ended by itself."
    if code >= 0:
        return f"The worker ended by itself, with exit code {code}."
    known = {s.value: f", {s.name}" for s in signal.Signals}
    memory = " (out of memory?)" if known.get(-code) == ", SIGKILL" else ""
    return f"The worker was killed by signal {-code}{known.get(-code, '')}{memory}."
