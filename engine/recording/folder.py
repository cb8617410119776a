"""The folder of recordings: where each is, how much there may be, and what goes first. Torch-free.

KEY/0.rec, 1.rec …   the calls of the sampler that the step KEY made
KEY/done.json        written last: the step is recorded
jobs/NAME.json       which steps a job had
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

DONE = "done.json"
JOBS = "jobs"
VERSION = 1
STALE = 3600.0
"""Seconds after which what was begun and not finished belongs to no living process."""
KEY = re.compile(r"([0-9a-f]{16,128})(?:-([1-9][0-9]{0,8}))?")


def named(key: str, number: int) -> str:
    """A run's name: the key of its step, and which of the step's runs it is unless it is the first."""
    return f"{key}-{number}" if number else key


def split(name: str) -> tuple[str, int] | None:
    """The inverse of `named`; None for what is no name of a run."""
    found = KEY.fullmatch(name)
    return (found[1], int(found[2] or 0)) if found else None


@dataclass(frozen=True, slots=True)
class Entry:
    """A recorded step, or the list of a job's."""

    path: Path
    size: int
    changed: float


class Folder:
    """Recordings under `path`, of at most `budget` bytes; several processes may share it."""

    def __init__(self, path: Path, budget: int) -> None:
        self.path = path
        self.budget = budget

    def file(self, name: str) -> Path | None:
        """Where a run is, or would be; None for what is no name of one."""
        found = split(name)
        return self.path / found[0] / f"{found[1]}.rec" if found else None

    def job_file(self, job: str) -> Path:
        """Where a job's list is: names of jobs hold characters that files may not."""
        return self.path / JOBS / f"{blake2b(job.encode('utf-8', 'replace'), digest_size=16).hexdigest()}.json"

    def done(self, key: str) -> Mapping[str, Any] | None:
        """What is recorded of a step; None when that is nothing, or not all of it is there."""
        folder = self.path / key
        found = read_json(folder / DONE)
        if found is None or found.get("version") != VERSION:
            return None
        sizes = found["sizes"]
        whole = all(_size(folder / f"{n}.rec") == size for n, size in enumerate(sizes))
        return found if whole and all(self.done(other) is not None for other in found["under"]) else None

    def finish(self, key: str, body: Mapping[str, Any]) -> None:
        """Say that a step is recorded."""
        write_json(self.path / key / DONE, {"version": VERSION, **body})

    def touch(self, key: str) -> None:
        """Keep a step for longer: a job has used it again."""
        with suppress(OSError):
            os.utime(self.path / key / DONE)

    def entries(self) -> list[Entry]:
        """All that is there, the oldest first; what was left unfinished long ago is removed."""
        return sorted(self._entries(), key=lambda e: e.changed)

    def _entries(self) -> Iterator[Entry]:
        now = time.time()
        for found in _scan(self.path):
            if found.name == JOBS:
                for file in _scan(Path(found.path)):
                    with suppress(OSError):
                        stat = file.stat()
                        yield Entry(Path(file.path), stat.st_size, stat.st_mtime)
                continue
            with suppress(OSError):
                files = {f.name: f.stat() for f in _scan(Path(found.path))}
                changed = files[DONE].st_mtime if DONE in files else found.stat().st_mtime
                if DONE not in files and now - changed > STALE:
                    shutil.rmtree(found.path, ignore_errors=True)
                else:
                    yield Entry(Path(found.path), sum(s.st_size for s in files.values()), changed)

    def used(self) -> int:
        """Bytes of all."""
        return sum(e.size for e in self._entries())

    def make_room(self, size: int, keep: Collection[str] = ()) -> bool:
        """Remove the oldest until so many bytes more fit the budget; never the steps `keep`. False: they do not fit."""
        entries = self.entries()
        excess = sum(e.size for e in entries) + size - self.budget
        spare = [e for e in entries if e.path.name not in keep]
        if excess > sum(e.size for e in spare):
            return False
        for entry in spare:
            if excess <= 0:
                break
            excess -= entry.size if remove(entry.path) else 0
        return excess <= 0

    def clear(self) -> int:
        """Remove all; gives the bytes."""
        return sum(e.size for e in self.entries() if remove(e.path))


def remove(path: Path) -> bool:
    """Remove a step or a list, what says that it is whole first; False when it cannot be."""
    try:
        if path.is_dir():
            (path / DONE).unlink(missing_ok=True)
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object of ours; None when it is not there, or damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_json(path: Path, body: Mapping[str, Any]) -> None:
    """Write a JSON object under another name, and give it its own; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(json.dumps(body, separators=(",", ":")), "utf-8")
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _scan(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            return list(found)
    except OSError:
        return []
