"""The folder of recordings, and the thread that writes there, so that the denoise loop waits for no disk."""

from __future__ import annotations

import threading
from contextlib import suppress

from engine.recording.folder import Folder
from engine.recording.prints import Print
from engine.run.workers import Threads

BACKLOG = 256 << 20
"""Bytes of sampler steps that wait to be written; with more the disk is too slow for a recording."""
PATIENCE = 30.0
"""Seconds that a job waits in the end for what is written."""


class Recordings:
    """The folder of recordings and the thread that writes there."""

    def __init__(self, folder: Folder, print_of: Print) -> None:
        self.folder = folder
        self.print_of = print_of
        self.thread = Threads(1, "recordings")
        self.waiting = 0
        self._lock = threading.Lock()
        self._busy: dict[str, int] = {}

    def wait_for(self, size: int) -> None:
        """Count bytes that wait, or no longer wait."""
        with self._lock:
            self.waiting += size

    def busy(self, key: str, change: int) -> None:
        """Count who writes a step now: it is not removed meanwhile."""
        with self._lock:
            self._busy[key] = self._busy.get(key, 0) + change
            if not self._busy[key]:
                del self._busy[key]

    def kept(self) -> frozenset[str]:
        """The steps that are being written."""
        with self._lock:
            return frozenset(self._busy)

    def close(self) -> None:
        """Write what waits, and end the thread."""
        with suppress(TimeoutError):
            self.thread.submit(lambda: None).result(PATIENCE)
        self.thread.close()
