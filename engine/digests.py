"""Digests of files, remembered by path, size and time of change."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

WHOLE = 64 << 20
"""Files up to this many bytes are read whole; of larger ones the header, the size and the time count."""

HEADER = 1 << 20
"""Bytes of a large file that has no safetensors header which are read instead."""

LONGEST_HEADER = 64 << 20

ALL = "\0whole"
"""Behind a path: the digest of all of a file that is remembered beside the usual one."""

SAMPLE = "\0sample"
"""Behind a path: the digest of a sample of a large file."""

BLOCKS, BLOCK = 64, 64 << 10
"""How many pieces of how many bytes a sample has: 4 MiB, spread evenly, in each of which finetunes differ."""

FRESH = 2.0
"""Seconds for which a changed file is not remembered: another change could leave its time the same."""


class Digests:
    """Digests of files; `memory` is where they are remembered from one process to the next."""

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._known: dict[str, tuple[int, int, str]] | None = None

    def of(self, path: Path) -> str:
        """The digest of a file, or of all files of a folder; raises OSError."""
        return self._folder(path) if path.is_dir() else self._file(path)

    def whole(self, path: Path) -> str:
        """sha256 of all of a file in hexadecimal, however large it is; raises OSError."""
        return self._found(path, f"{path}{ALL}", whole_digest)

    def sample(self, path: Path) -> str:
        """What stands for a large file by what it holds, and is made in no time; "" for a small one. Raises OSError."""
        return self._found(path, f"{path}{SAMPLE}", sample_digest) if path.stat().st_size > WHOLE else ""

    def known_whole(self, path: Path) -> str | None:
        """As `whole`, but only if it need not be made; raises OSError."""
        stat = path.stat()
        for name in (f"{path}{ALL}", str(path)):
            known = self._known_as(name, stat)
            if known is not None and not known.startswith("header:"):
                return known.removeprefix("sha256:")
        return None

    def _file(self, path: Path) -> str:
        return self._found(path, str(path), file_digest)

    def _found(self, path: Path, name: str, make: Callable[[Path], str]) -> str:
        stat = path.stat()
        known = self._known_as(name, stat)
        if known is not None:
            return known
        found = make(path)
        if time.time() - stat.st_mtime_ns / 1e9 > FRESH:
            self._remember(name, (stat.st_size, stat.st_mtime_ns, found))
        return found

    def _known_as(self, name: str, stat: os.stat_result) -> str | None:
        """What is remembered under a name, while the file is as it was."""
        with self._lock:
            known = self._recall().get(name)
        return known[2] if known is not None and known[:2] == (stat.st_size, stat.st_mtime_ns) else None

    def _folder(self, path: Path) -> str:
        found = hashlib.sha256()
        files = (p for p in path.rglob("*") if p.is_file())
        for file in sorted(p for p in files if not any(s.startswith(".") for s in p.relative_to(path).parts)):
            entry = f"{file.relative_to(path).as_posix()}\0{self._file(file)}\0"
            found.update(entry.encode("utf-8", "surrogateescape"))
        return f"folder:{found.hexdigest()}"

    def _recall(self) -> dict[str, tuple[int, int, str]]:
        """What is remembered; a memory that cannot be read is empty."""
        if self._known is None:
            try:
                read = json.loads(self._memory.read_text("utf-8")) if self._memory is not None else {}
                self._known = {str(k): (int(size), int(mtime), str(d)) for k, (size, mtime, d) in read.items()}
            except (OSError, ValueError, TypeError, AttributeError):
                self._known = {}
        return self._known

    def _remember(self, name: str, entry: tuple[int, int, str]) -> None:
        with self._lock:
            self._recall()[name] = entry
            if self._memory is None:
                return
            try:
                self._memory.parent.mkdir(parents=True, exist_ok=True)
                part = self._memory.with_name(f"{self._memory.name}.{os.getpid()}")
                part.write_text(json.dumps(self._known), "utf-8")
                part.replace(self._memory)
            except (OSError, ValueError):
                self._memory = None


def whole_digest(path: Path) -> str:
    """sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_digest(path: Path) -> str:
    """sha256 of a small file; of a large one sha256 of header, size and time of change."""
    with path.open("rb") as file:
        stat = os.fstat(file.fileno())
        if stat.st_size <= WHOLE:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        length = int.from_bytes(file.read(8), "little")
        has_header = path.suffix.lower() in (".safetensors", ".sft") and length <= LONGEST_HEADER
        file.seek(0)
        found = hashlib.sha256(file.read(8 + length if has_header else HEADER))
        found.update(b"%d %d" % (stat.st_size, stat.st_mtime_ns))
        return f"header:{found.hexdigest()}"


def sample_digest(path: Path) -> str:
    """sha256 of a file's size and of pieces of it from its first byte to its last."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        found = hashlib.sha256(b"%d" % size)
        for i in range(BLOCKS):
            file.seek(max(size - BLOCK, 0) * i // (BLOCKS - 1))
            found.update(file.read(BLOCK))
    return found.hexdigest()
