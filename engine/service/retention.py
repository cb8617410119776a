"""Retention: what is old, or more than there may be, goes; quietly, beside the work."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from engine.queue.jobs import JobQueue
from engine.service.settings import Keep
from engine.service.threads import off

log = logging.getLogger(__name__)

EVERY = 600.0
"""Seconds between two looks."""


class Kept(NamedTuple):
    """A file of the temporary folder."""

    changed: float
    size: int
    path: Path


async def tidy_for_ever(queue: JobQueue, temp: Path, keep: Keep) -> None:
    """Prune the log and the temporary folder, now and every ten minutes."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            await queue.prune(keep.of_jobs())
            await off(prune_folder, temp, keep.temp_age, keep.temp_bytes, time.time())
        except Exception:
            log.exception("old things could not be removed; the next look is in %d minutes", EVERY / 60)


def prune_folder(folder: Path, age: float, size: int, now: float) -> int:
    """Remove files older than `age` seconds, then the oldest until `size` bytes are left; 0 sets no limit."""
    files = sorted(_files(folder))
    excess = sum(f.size for f in files) - size if size else 0
    removed = 0
    for file in files:
        if not (age and file.changed < now - age) and excess <= 0:
            break
        with suppress(OSError):
            file.path.unlink()
            excess -= file.size
            removed += 1
    return removed


def _files(folder: Path) -> Iterator[Kept]:
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                path = Path(parent, name)
                stat = path.lstat()
                yield Kept(stat.st_mtime, stat.st_size, path)
