"""The temp folder: emptied at a start, unless somebody works beside us. Free of torch."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO

from engine.bootstrap import take


def emptied(temp: Path, cache: Path) -> IO[bytes] | None:
    """Empty the folder of what is not kept, if no other process holds the lock of `cache` or works as a worker there.

    Gives the lock, for as long as this process works: close it in the end.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        held = (cache / "lock").open("a+b")
    except OSError:
        return None
    if not take(held.fileno(), wait=False):
        held.close()
        return None
    if any(map(_is_held, cache.glob("worker-*.lock"))):
        return held
    for entry in temp.iterdir() if temp.is_dir() else ():
        with suppress(OSError):
            shutil.rmtree(entry, True) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    return held


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("r+b") as file:
            return not take(file.fileno(), wait=False)
    except OSError:
        return False
