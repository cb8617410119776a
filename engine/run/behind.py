"""Writing behind: the disk is filled by a thread of its own, so that no step waits for it."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict

from engine.graph.keys import Key
from engine.run.artifact import Artifact
from engine.run.disk import Disk

log = logging.getLogger(__name__)


class Behind:
    """A disk whose ``put`` returns at once; what does not fit in ``backlog`` bytes of waiting artifacts is not kept."""

    def __init__(self, disk: Disk, backlog: int = 1 << 30) -> None:
        self.disk = disk
        self.backlog = backlog
        self.sizeof = disk.sizeof
        self._waiting: OrderedDict[Key, Artifact] = OrderedDict()
        self._bytes = 0
        self._closed = False
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def get(self, key: Key) -> Artifact | None:
        return self.peek(key) or self.disk.get(key)

    def peek(self, key: Key) -> Artifact | None:
        with self._change:
            return self._waiting.get(key)

    def near(self, key: Key) -> bool:
        return self.peek(key) is not None or self.disk.near(key)

    def put(self, key: Key, artifact: Artifact) -> None:
        if not self.disk.wants(artifact):
            return
        with self._change:
            if self._closed or key in self._waiting or self._bytes + artifact.nbytes > self.backlog:
                return
            self._waiting[key] = artifact
            self._bytes += artifact.nbytes
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="artifact writer", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that was put is written; False when ``timeout`` seconds were not enough."""
        with self._change:
            return self._change.wait_for(lambda: not self._waiting, timeout)

    def close(self, timeout: float | None = 30.0) -> None:
        """Write what waits, for at most ``timeout`` seconds, and stop the thread."""
        self.flush(timeout)
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _next(self) -> tuple[Key, Artifact] | None:
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._closed)
            return None if self._closed else next(iter(self._waiting.items()))

    def _write(self) -> None:
        while (entry := self._next()) is not None:
            key, artifact = entry
            try:
                self.disk.put(key, artifact)
            except Exception:
                log.exception("an artifact could not be written")
            with self._change:
                del self._waiting[key]
                self._bytes -= artifact.nbytes
                self._change.notify_all()
