"""Files that sinks write: the intent is recorded first, so that a killed job never makes a picture twice."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from engine.graph.context import SavedFile
from engine.graph.keys import Key
from engine.graph.told import Telling
from engine.run.artifact import Artifact, Stamp
from engine.run.ledger import Intent, Ledger
from engine.run.names import fill, last_number, place

FOLDERS = ("output", "temp")
STALE_SECONDS = 60.0
"""A temporary file of an intent that is older than this belongs to no living process."""

log = logging.getLogger(__name__)
Warn = Callable[[str, Telling], None]


class Outputs:
    """Writes under the folders that ``folder(kind)`` names, remembering in the file ``ledger`` (None: in memory).

    The protocol of ``save``: choose a name, record the intent (key, number of the save within its step, name, digest),
    write a temporary file, give it the name unless somebody else took it, mark the intent as done.  Whoever comes with
    the same key and number later finds the file and adopts it, wherever the first one was killed.
    """

    def __init__(
        self,
        folder: Callable[[str], Path],
        ledger: Path | None = None,
        *,
        warn: Warn | None = None,
        fsync: bool = False,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        self.folder = folder
        self.warn: Warn = warn or (lambda code, message: log.warning("%s: %s", code, message))
        self.fsync = fsync
        self.now = now
        self._ledger = Ledger(ledger, lambda code, message: self.warn(code, message))
        self._last: dict[tuple[Path, str], int] = {}
        self._lock = threading.Lock()

    def save(
        self, key: Key, number: int, prefix: str, ext: str, data: bytes, folder: str = "output"
    ) -> tuple[SavedFile, Stamp]:
        """Write ``data`` as ``prefix_00001_.ext``, or find it written.

        Raises ValueError for a bad prefix, OSError when the disk refuses.
        """
        if folder not in FOLDERS:
            raise ValueError(f"files are saved in 'output' or 'temp', not in {folder!r}")
        if not ext.isalnum():
            raise ValueError(f"{ext!r} is no file name extension; write it like 'png'")
        digest = hashlib.sha256(data).hexdigest()
        intent = self._ledger.intent(key, number)
        if intent is not None and intent.folder == folder:
            root = self.folder(folder)
            if (stamp := _stamp(root, intent)) is not None:
                self._settle(key, number, root / intent.part)
                return _saved(stamp), stamp
            if not (root / intent.path).exists():
                (root / intent.part).unlink(missing_ok=True)
                if (done := self._fill(key, number, folder, intent.path, digest, data)) is not None:
                    return done
        look = False
        while True:
            path = self._free_name(folder, prefix, ext, look)
            if (done := self._fill(key, number, folder, path, digest, data)) is not None:
                return done
            look = True

    def _free_name(self, kind: str, prefix: str, ext: str, look: bool) -> str:
        """The next number; the folder is listed the first time, and when another process was faster (``look``)."""
        root = self.folder(kind)
        folder, stem = place(root, fill(prefix, self.now()))
        with self._lock:
            at = (folder, os.path.normcase(stem))
            last = self._last.get(at, 0)
            self._last[at] = n = 1 + (max(last, last_number(folder, stem)) if look or not last else last)
        return (folder / f"{stem}_{n:05}_.{ext}").relative_to(root).as_posix()

    def _fill(
        self, key: Key, number: int, folder: str, path: str, digest: str, data: bytes
    ) -> tuple[SavedFile, Stamp] | None:
        """Record, write, rename; None when another has taken the name meanwhile."""
        root = self.folder(folder)
        target = root / path
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        intent = Intent(folder, path, part.relative_to(root).as_posix(), digest)
        self._ledger.intend(key, number, intent)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as out:
                out.write(data)
                if self.fsync:
                    out.flush()
                    os.fsync(out.fileno())
            if not _rename(part, target):
                return None
        except OSError as e:
            with suppress(OSError):
                part.unlink()
            raise OSError(e.errno, f"cannot write {target}: {e.strerror or e}") from e
        self._ledger.done(key, number)
        stamp = Stamp(folder, path, len(data), target.stat().st_mtime_ns, digest)
        return _saved(stamp), stamp

    def _settle(self, key: Key, number: int, part: Path) -> None:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        self._ledger.done(key, number)

    def intact(self, stamps: Iterable[Stamp]) -> bool:
        """Whether every file is still there with the same content (judged by size and time, else by digest)."""
        return all(self._same(s) for s in stamps)

    def _same(self, s: Stamp) -> bool:
        file = self.folder(s.folder) / s.path
        try:
            stat = file.stat()
            return stat.st_size == s.size and (stat.st_mtime_ns == s.mtime_ns or _sha256(file) == s.sha256)
        except OSError:
            return False

    def record(self, key: Key, artifact: Artifact) -> None:
        """Remember across processes what a sink without outputs gave; a ui that is no JSON is not remembered."""
        try:
            self._ledger.record(key, artifact)
        except (TypeError, ValueError) as e:
            log.info("the ui of a sink is no JSON: %s", e)

    @property
    def busy(self) -> bool:
        """Whether `recall` would wait for somebody who writes."""
        return self._ledger.busy

    def recall(self, key: Key) -> Artifact | None:
        """What ``record`` was given, if all its files are intact."""
        found = self._ledger.recall(key)
        return found if found is not None and self.intact(found.files) else None

    def recover(self) -> None:
        """Finish the books of killed processes: mark files that were completed, remove what was left half-written."""
        for key, number, intent in self._ledger.undone():
            root = self.folder(intent.folder)
            part = root / intent.part
            if _stamp(root, intent) is not None:
                self._settle(key, number, part)
            else:
                with suppress(OSError):
                    if time.time() - part.stat().st_mtime > STALE_SECONDS:
                        part.unlink()

    def close(self) -> None:
        self._ledger.close()


def _stamp(root: Path, intent: Intent) -> Stamp | None:
    """The file of an intent, if it is complete."""
    file = root / intent.path
    try:
        stat = file.stat()
        if _sha256(file) != intent.sha256:
            return None
    except OSError:
        return None
    return Stamp(intent.folder, intent.path, stat.st_size, stat.st_mtime_ns, intent.sha256)


def _saved(stamp: Stamp) -> SavedFile:
    subfolder, _, name = stamp.path.rpartition("/")
    return SavedFile(name, subfolder, stamp.folder)


def _sha256(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _rename(part: Path, target: Path) -> bool:
    """Give ``part`` its name without ever replacing a file; False when the name is taken."""
    try:
        os.link(part, target)
    except FileExistsError:
        part.unlink()
        return False
    except OSError:  # a file system without hard links
        if target.exists():
            part.unlink()
            return False
        part.rename(target)
        return True
    part.unlink()
    return True
