"""The life of a worker process, from its start to the end that its server asks for or dies before."""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO, Any, NoReturn

from engine.bootstrap import take
from engine.settings import NO_DEVICE, Settings
from engine.worker.host import Host
from engine.worker.messages import Answer, Ask, Cancel, Failed, Message, ProtocolError, Ready, Stop, Stopped, Unpacker
from engine.worker.messages import Work as WorkMessage
from engine.worker.options import from_options
from engine.worker.sender import Sender

log = logging.getLogger(__name__)

CHUNK = 1 << 20
LOCK_SECONDS = 60.0
"""How long a new worker waits for an old one that is dying."""
FEW = 32
"""Nodes of a graph that is planned by the thread which reads the inlet: another would cost more than the planning."""
ORPHANED, CONFUSED, UNABLE = 2, 3, 4
"""Exit codes: the server is gone; it sent what is no message; the worker cannot start."""


class Life:
    """Reads the inlet in a thread; all that is told goes into the outlet.

    When the inlet ends the server is dead, and so is this process at once, whatever it is doing.
    """

    def __init__(self, inlet: int, outlet: int) -> None:
        self._inlet = inlet
        self._early: list[Message] = []
        self._host: Host | None = None
        self._guard = threading.Lock()
        self._settings = from_options()
        self._sender = Sender(outlet, lambda: os._exit(ORPHANED), self._settings.preview_size)

    def live(self) -> NoReturn:
        """Start, then sleep: the threads do all the work."""
        _settle_in()
        threading.Thread(target=self._read, name="inlet", daemon=True).start()
        try:
            self._lock = locked(self._settings)
            host, about = opened(self._settings, self._sender.tell)
        except BaseException as error:
            log.debug("no start", exc_info=error)
            self._sender.tell(Failed(told(error)))
            self._sender.close(5)
            os._exit(UNABLE)
        self._sender.tell(Ready(about))
        with self._guard:
            self._host = host
            for message in self._early:
                self._take(host, message)
        while True:
            time.sleep(3600)

    def _read(self) -> None:
        unpacker = Unpacker()
        try:
            while data := os.read(self._inlet, CHUNK):
                for message in unpacker.feed(data):
                    self._heard(message)
        except ProtocolError as error:
            log.error("the server sent what is no message: %s", error)
            os._exit(CONFUSED)
        except OSError:
            log.debug("the inlet is gone")
        os._exit(ORPHANED)

    def _heard(self, message: Message) -> None:
        match message:
            case Ask(what="ping"):
                self._sender.tell(Answer(message.number))
                return
            case Stop(seconds=seconds):
                threading.Thread(target=self._stop, args=(seconds,), name="stop", daemon=True).start()
                return
        with self._guard:
            if self._host is None:
                self._early.append(message)
                return
        self._take(self._host, message)

    def _take(self, host: Host, message: Message) -> None:
        match message:
            case WorkMessage():
                host.run(message)
            case Cancel(job=job):
                host.cancel(job)
            case Ask(number=number, what=what, args=args):
                host.ask(number, what, args, self._sender.tell)

    def _stop(self, seconds: float) -> None:
        """End in an orderly way; what is still to be written to disk has what is left of the time."""
        until = time.monotonic() + seconds
        jobs: tuple[str, ...] = ()
        if self._host is not None:
            jobs = self._host.stop(seconds)
        self._sender.tell(Stopped(jobs))
        if self._host is not None and (behind := self._host.session.works.behind) is not None:
            behind.flush(max(until - time.monotonic(), 0.2))
        self._sender.close(0.5)
        os._exit(0)


def _settle_in() -> None:
    """Signals that a whole group gets are the server's affair; a crash leaves a trace; the server's end is ours."""
    logging.basicConfig(level=logging.WARNING, format="worker: %(levelname)s %(name)s: %(message)s")
    faulthandler.enable()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            # A handler, not SIG_IGN, which the processes that nodes start would inherit.
            signal.signal(getattr(signal, name), lambda *_: None)
    if sys.platform == "linux":
        # Reading the inlet needs the interpreter; a node may hold it for long in C.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def locked(settings: Settings) -> IO[bytes]:
    """The lock of this device's worker; waits for a worker that is about to die. Raises OSError, RuntimeError."""
    cache = settings.data / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    name = "".join(c if c.isalnum() else "-" for c in settings.device)
    file = (cache / f"worker-{name}.lock").open("a+b")
    until = time.monotonic() + LOCK_SECONDS
    while not take(file.fileno(), wait=False):
        if time.monotonic() > until:
            raise RuntimeError(f"another worker for {settings.device} holds {file.name}: end it first")
        time.sleep(0.02)
    return file


def opened(settings: Settings, tell: Callable[..., None]) -> tuple[Host, Mapping[str, Any]]:
    """The host of a worker process, and what it says of itself."""
    if settings.device == NO_DEVICE:
        # What asks whether torch is there is told no; a node that imports it fails, and its error says why.
        sys.modules["torch"] = None  # type: ignore[assignment]
        os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    from engine.session import Session

    host = Host(Session(settings=settings, alone=False), tell, few=FEW)
    return host, host.open()


def told(error: BaseException) -> str:
    """Why a worker cannot start, in one sentence."""
    text = " ".join(str(error).split()).removesuffix(".") or type(error).__name__
    kind = "" if isinstance(error, RuntimeError) else f" ({type(error).__name__})"
    return f"{text}{kind}."
