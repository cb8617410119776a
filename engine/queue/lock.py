"""The lock on a job database: two servers that took jobs from one queue would run each of them twice."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from engine.bootstrap import take
from engine.queue.problems import QueueProblem

ASIDE = 1 << 30
"""Where the locked byte is: on Windows what is locked cannot be read, and others read who holds it."""


class Lock:
    """Held until `release` or the end of the process, however it ends; raises QueueProblem."""

    def __init__(self, path: Path) -> None:
        place = path.with_name(f"{path.name}.lock")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(place, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        except OSError as error:
            raise QueueProblem("unwritable", path=path, why=error.strerror or error) from error
        self._file.seek(ASIDE)
        if not take(self._file.fileno(), wait=False):
            with self._file:
                raise QueueProblem("locked", path=path, **self._holder())
        with suppress(OSError):  # a full disk: the lock holds, only its holder is not named
            self.tell()

    def tell(self, url: str = "") -> None:
        """Write for others which process holds it, and where it listens."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps({"pid": os.getpid(), "url": url}).encode())

    def release(self) -> None:
        """Let others have the database."""
        self._file.close()

    def _holder(self) -> dict[str, object]:
        try:
            self._file.seek(0)
            told = json.loads(self._file.read(4096))
            pid, url = int(told["pid"]), str(told["url"])
        except (OSError, ValueError, KeyError, TypeError):
            pid, url = None, ""
        process = f" (process {pid})" if pid else ""
        return {"pid": pid, "url": url, "who": (f" at {url}" if url else "") + process}
