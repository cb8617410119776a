"""Whole sha256 of model files, made in the background one at a time and remembered by the library."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.files import Library


class Hashes:
    """Answers at once: the hash where it is known, else it is being made."""

    def __init__(self, library: Library) -> None:
        self._digests = library.digests
        self._making: dict[Path, asyncio.Task[str]] = {}
        self._turn = asyncio.Semaphore(1)

    def known(self, path: Path) -> str | None:
        """The hash of the file as it is now, if it has been made; looks at the file. Raises OSError."""
        return self._digests.known_whole(path)

    def want(self, path: Path) -> None:
        """Begin to make it, unless that is under way; called in the event loop's thread."""
        if path not in self._making:
            self._making[path] = task = asyncio.ensure_future(self._make(path))
            task.add_done_callback(lambda done: self._done(path, done))

    async def _make(self, path: Path) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._digests.whole, path)

    def _done(self, path: Path, task: asyncio.Task[str]) -> None:
        del self._making[path]
        if not task.cancelled():
            task.exception()  # a file that is gone is told by the next listing
