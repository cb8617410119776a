"""Sender: writes what a worker tells into its pipe, in a thread, so that a slow reader delays no node."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from engine.run.events import Event, JobQueued, JobStarted, Preview, Progress, StepFinished, StepStarted
from engine.worker.messages import Message, pack
from engine.worker.pending import Pending, messages
from engine.worker.pictures import shown

LINGER = 0.002
"""Seconds for which what is not urgent waits for more to go with it."""
PATIENT = (JobQueued, JobStarted, StepStarted, StepFinished, Progress, Preview)


class Sender:
    """Takes items from any thread.

    Args:
        descriptor: of the pipe. lost: called, in the thread, when nobody reads any more.
        preview_size: pixels of the longer side of the pictures that nodes give.
    """

    def __init__(self, descriptor: int, lost: Callable[[], None], preview_size: int = 512) -> None:
        self._descriptor = descriptor
        self._lost = lost
        self._size = preview_size
        self._pending = Pending()
        self._wake, self._urgent = threading.Event(), threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="sender", daemon=True)
        self._thread.start()

    def tell(self, item: Event | Message) -> None:
        """Write an item soon; what waits for an answer, or ends something, at once."""
        self._pending.put(item)
        if not isinstance(item, PATIENT) and not self._urgent.is_set():
            self._urgent.set()
        if not self._wake.is_set():
            self._wake.set()

    def close(self, seconds: float) -> None:
        """Write what waits, for so long at most."""
        self._closing = True
        self._urgent.set()
        self._wake.set()
        self._thread.join(seconds)

    def _work(self) -> None:
        try:
            while True:
                self._wake.wait()
                self._urgent.wait(LINGER)
                ending = self._closing
                self._wake.clear()
                self._urgent.clear()
                self._write()
                if ending:
                    return
        except OSError:
            self._lost()

    def _write(self) -> None:
        items = (shown(item, self._size) if isinstance(item, Preview) else item for item in self._pending.take())
        for message in messages([item for item in items if item is not None]):
            rest = memoryview(pack(message))
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
