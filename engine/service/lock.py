"""The lock on a data folder: one server at a time, and who it is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from engine.bootstrap import take
from engine.service.errors import ServiceProblem

ASIDE = 1 << 30
"""Where the locked byte is: on Windows what is locked cannot be read, and others must read who holds it."""


class Taken(ServiceProblem):
    """Another server works on this data folder."""

    code = "data_taken"


class Unwritable(ServiceProblem):
    """The data folder cannot be written to."""

    code = "unwritable"


class Lock:
    """Held from its making until `release`, or the end of the process; raises Taken or Unwritable."""

    def __init__(self, data: Path) -> None:
        self._file = _opened(data)
        self._file.seek(ASIDE)
        if not take(self._file.fileno(), wait=False):
            with self._file:
                raise Taken(_told(data, self._read()))
        self.tell_url("")

    def tell_url(self, url: str) -> None:
        """Write for others who holds the lock, and where it listens once that is known."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps({"pid": os.getpid(), "url": url}).encode())

    def release(self) -> None:
        """Let others have the folder."""
        self._file.close()

    def _read(self) -> Mapping[str, Any]:
        try:
            self._file.seek(0)
            read = json.loads(self._file.read(4096))
        except (OSError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}


def _opened(data: Path) -> IO[bytes]:
    try:
        data.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(data / "server.lock", os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
    except OSError as error:
        raise Unwritable(
            f"The data folder {data} cannot be written to ({error.strerror}): make it writable, or name another with "
            "--data DIR."
        ) from error


def _told(data: Path, holder: Mapping[str, Any]) -> str:
    where = f" at {holder['url']}" if holder.get("url") else ""
    who = f" (process {holder['pid']})" if holder.get("pid") else ""
    return (
        f"A server already works on {data}{where}{who}: use that one, end it first, or start this one with another "
        "folder by --data DIR."
    )
