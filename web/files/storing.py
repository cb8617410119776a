"""Files written for clients: whole or not at all, never outside their folder, no name taken twice."""

from __future__ import annotations

import filecmp
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.files import contained
from web.answers import Refusal


@contextmanager
def part_of(folder: Path) -> Iterator[Path]:
    """The path of a hidden file in `folder` (made if missing) for what is being written; gone at the end."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Refusal(409, "name_taken", f"{folder.name!r:.100} is a file, so it cannot hold files.") from None
    part = folder / f".{secrets.token_hex(8)}.part"
    try:
        yield part
    finally:
        with suppress(OSError):
            part.unlink()


def place(part: Path, target: Path, *, overwrite: bool) -> bool:
    """Give a complete file its name in one step; False when the name is taken and must not be."""
    if target.is_dir():
        raise Refusal(409, "name_taken", f"{target.name!r:.100} is a folder.")
    _settle(part)
    if overwrite:
        os.replace(part, target)
        return True
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if target.exists():
            return False
        part.rename(target)
    return True


def _settle(part: Path) -> None:
    """On the disk before it has its name, so that a power cut leaves the old file or the new one."""
    with part.open("rb+") as written:
        os.fsync(written.fileno())


def write(target: Path, data: bytes, *, overwrite: bool) -> bool:
    """Write a file; False when there is one and it must stay. Raises Refusal, OSError."""
    with part_of(target.parent) as part:
        part.write_bytes(data)
        return place(part, target, overwrite=overwrite)


def keep(part: Path, root: Path, name: str) -> Path:
    """Give an uploaded file its name; one with the same bytes stands for it, another makes it "name (1).png"."""
    stem, suffix = os.path.splitext(name)
    for number in range(100_000):
        target = contained(root, name if number == 0 else f"{stem} ({number}){suffix}")
        if target.is_file() and filecmp.cmp(part, target, shallow=False):
            return target
        if not target.exists() and place(part, target, overwrite=False):
            return target
    raise Refusal(409, "name_taken", f"There are too many files named {name!r:.100}; choose another name.")
