"""Artifacts on disk: one file each, written under another name and renamed, checked when read."""

from __future__ import annotations

import json
import logging
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any

from engine.graph.keys import Key
from engine.graph.told import Telling, telling, why
from engine.run.artifact import Artifact, Stamp
from engine.run.codecs import Buffer, Codecs, NotStorable

MAGIC = b"INKWATER-ARTIFACT-1\n"
HEAD = struct.Struct("<16sQQ")
"""After the magic: the digest of all that follows it, the length of the JSON, the length of the whole file."""
ALIGN = 64
WORTH_SECONDS = 0.05
WINDOW = 64
KEEP = 0.9
"""An eviction goes on down to this part of the budget, so that the folder is listed once per tenth of it."""
STALE_SECONDS = 3600.0
RETRY_SECONDS = 60.0
"""How long nothing is written after a write failed: a full disk may have room again."""

log = logging.getLogger(__name__)
Warn = Callable[[str, Telling], None]
"""``warn(code, message)``."""


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    size: int
    used: float


class Disk:
    """A folder of artifacts that took at least 50 ms and whose every value has a codec.

    Several processes may share the folder.  A damaged file is a miss and is removed; a folder that cannot be written
    is told to ``warn`` once, and the store goes on reading, and trying once a minute.
    """

    def __init__(self, path: Path, budget: int, codecs: Codecs, warn: Warn | None = None) -> None:
        self.path = path
        self.budget = budget
        self.codecs = codecs
        self.sizeof = codecs.sizeof
        self.warn: Warn = warn or (lambda code, message: log.warning("%s: %s", code, message))
        self._used: int | None = None
        self._mute = 0.0
        self._told: set[str] = set()
        self._serial = count()
        self._lock = threading.Lock()

    def _file(self, key: Key) -> Path:
        name = key.hex()
        return self.path / name[:2] / f"{name}.ink"

    def get(self, key: Key) -> Artifact | None:
        file = self._file(key)
        try:
            artifact = _read(file, key, self.codecs)
        except FileNotFoundError:
            return None
        except OSError as e:
            self._complain(
                "cache_unreadable",
                telling("the cache folder {path} cannot be read ({reason}).", path=str(self.path), reason=why(e)),
            )
            return None
        except NotStorable:
            return None
        except Exception as e:  # whatever a damaged file or a codec that has changed may raise
            log.info("dropped %s: %s", file, e)
            with suppress(OSError):
                file.unlink()
            return None
        with suppress(OSError):
            os.utime(file)
        return artifact

    def peek(self, key: Key) -> Artifact | None:
        return None

    def near(self, key: Key) -> bool:
        return self.size(key) is None

    def size(self, key: Key) -> int | None:
        """Bytes of the artifact's file; None when there is none."""
        try:
            return self._file(key).stat().st_size
        except OSError:
            return None

    @property
    def used(self) -> int:
        """Bytes of all files; counted at the first look, which lists the folder."""
        with self._lock:
            return self._counted()

    def wants(self, artifact: Artifact) -> bool:
        """Whether it is worth a file."""
        return artifact.seconds >= WORTH_SECONDS and artifact.nbytes <= self.budget and time.monotonic() >= self._mute

    def put(self, key: Key, artifact: Artifact) -> None:
        file = self._file(key)
        if not self.wants(artifact) or file.exists():
            return
        try:
            chunks = _chunks(key, artifact, self.codecs)
        except NotStorable:
            return
        try:
            size = self._write(file, chunks)
            self._account(size)
        except OSError as e:
            self._mute = time.monotonic() + RETRY_SECONDS
            self._complain(
                "cache_unwritable",
                telling(
                    "the cache folder {path} cannot be written ({reason}); results are kept in memory only.",
                    path=str(self.path),
                    reason=why(e),
                ),
            )

    def _write(self, file: Path, chunks: list[Buffer]) -> int:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.parent / f"{os.getpid()}-{threading.get_ident()}-{next(self._serial)}.part"
        try:
            with part.open("wb") as out:
                out.writelines(chunks)
                size = out.tell()
            try:
                part.replace(file)
            except PermissionError:  # Windows, where another process has the same artifact open: it is there
                if not file.exists():
                    raise
                part.unlink()
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise
        return size

    def _account(self, size: int) -> None:
        with self._lock:
            more = 0 if self._used is None else size  # the first count has this file already
            self._used = self._counted() + more
            if self._used > self.budget:
                self._used = self._evict()

    def _counted(self) -> int:
        if self._used is None:
            self._used = sum(e.size for e in self._entries())
        return self._used

    def _evict(self) -> int:
        """Delete the cheapest per byte among the least recently used; other processes' files count too."""
        entries = sorted(self._entries(), key=lambda e: e.used, reverse=True)  # the oldest last
        used = sum(e.size for e in entries)
        while used > self.budget * KEEP and entries:
            window, entries = entries[-WINDOW:], entries[:-WINDOW]
            window.sort(key=lambda e: _seconds(e.path) / e.size, reverse=True)  # the cheapest last
            while used > self.budget * KEEP and window:
                gone = window.pop()
                with suppress(OSError):
                    gone.path.unlink()
                    used -= gone.size
        return used

    def _entries(self) -> Iterator[_Entry]:
        now = time.time()
        for folder in _scan(self.path):
            for file in _scan(Path(folder.path)) if folder.is_dir() else ():
                with suppress(OSError):  # another process may delete it at any moment
                    stat = file.stat()
                    if file.name.endswith(".ink"):
                        yield _Entry(Path(file.path), stat.st_size, stat.st_mtime)
                    elif now - stat.st_mtime > STALE_SECONDS:
                        os.unlink(file.path)

    def _complain(self, code: str, message: Telling) -> None:
        if code not in self._told:
            self._told.add(code)
            self.warn(code, message)


def _scan(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            return list(found)
    except OSError:
        return []


def _chunks(key: Key, artifact: Artifact, codecs: Codecs) -> list[Buffer]:
    """The file in pieces: magic, head, JSON, then each buffer at a multiple of 64 bytes."""
    body, buffers = codecs.encode(artifact.outputs)
    ui, ui_buffers = codecs.encode(dict(artifact.ui))
    if ui_buffers:
        raise NotStorable("the ui holds bytes")
    views = [memoryview(b).cast("B") for b in buffers]
    header: dict[str, Any] = {
        "key": key.hex(),
        "seconds": artifact.seconds,
        "nbytes": artifact.nbytes,
        "outputs": body,
        "ui": ui,
        "files": [astuple(f) for f in artifact.files],
        "alias": artifact.alias.hex() if artifact.alias else None,
        "lengths": [v.nbytes for v in views],
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    start = len(MAGIC) + HEAD.size
    chunks: list[Buffer] = [text]
    at = start + len(text)
    for view in views:
        pad = -at % ALIGN
        chunks += [bytes(pad), view]
        at += pad + view.nbytes
    digest = blake2b(digest_size=16)
    for chunk in chunks:
        digest.update(chunk)
    return [MAGIC, HEAD.pack(digest.digest(), len(text), at), *chunks]


class _Damaged(ValueError):
    pass


def _read(file: Path, key: Key, codecs: Codecs) -> Artifact:
    with file.open("rb") as source:
        data = bytearray(os.fstat(source.fileno()).st_size)
        got = source.readinto(data)
    start = len(MAGIC) + HEAD.size
    if got != len(data) or len(data) < start or data[: len(MAGIC)] != MAGIC:
        raise _Damaged("not an artifact")
    digest, length, whole = HEAD.unpack_from(data, len(MAGIC))
    view = memoryview(data)
    if whole != len(data) or blake2b(view[start:], digest_size=16).digest() != digest:
        raise _Damaged("length or digest is wrong")
    header = json.loads(bytes(view[start : start + length]))
    if header["key"] != key.hex():
        raise _Damaged("another key's artifact")
    at, buffers = start + length, []
    for n in header["lengths"]:
        at += -at % ALIGN
        buffers.append(view[at : at + n])
        at += n
    return Artifact(
        codecs.decode(header["outputs"], buffers),
        header["nbytes"],
        header["seconds"],
        codecs.decode(header["ui"], ()),
        tuple(Stamp(*f) for f in header["files"]),
        Key(bytes.fromhex(header["alias"])) if header["alias"] else None,
    )


def _seconds(file: Path) -> float:
    """What the artifact took to make; 0 for a file that cannot be read, which goes first."""
    try:
        with file.open("rb") as source:
            source.seek(len(MAGIC))
            _, length, _ = HEAD.unpack(source.read(HEAD.size))
            return float(json.loads(source.read(min(length, 1 << 24)))["seconds"])
    except (OSError, ValueError, struct.error, KeyError):
        return 0.0
