"""Former versions of the user's workflows: what a file held before each save, whoever saved it."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine.files import contained
from web.files.storing import part_of

WORKFLOWS = "workflows"
"""The folder of the user's workflows, under `user/default`."""

KEPT = ".versions"
"""The hidden folder beside it that holds the versions of each file, under the file's own path."""

MOST = 50
"""Versions of one file; the oldest go."""

_ID = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Version:
    """What a file held until it was saved again; `modified` is when it had been written, in milliseconds since 1970."""

    id: str
    modified: int
    size: int


def folder_of(home: Path, name: str) -> Path:
    """Where the versions of a workflow are ("portraits/fox.json"); raises FileProblem for a name that is unfit."""
    return contained(home / KEPT / WORKFLOWS, name)


def listed(home: Path, name: str) -> list[Version]:
    """The versions of a workflow, the latest first."""
    with suppress(OSError):
        files = [f for f in folder_of(home, name).iterdir() if f.suffix == ".json" and _ID.fullmatch(f.stem)]
        found = [Version(f.stem, int(f.stem), f.stat().st_size) for f in files]
        return sorted(found, key=lambda v: -v.modified)
    return []


def place_of(home: Path, name: str, id: str) -> Path | None:
    """The file of one version; None when there is none."""
    path = folder_of(home, name) / f"{id}.json"
    return path if _ID.fullmatch(id) and path.is_file() and not path.is_symlink() else None


def keep(home: Path, path: Path) -> None:
    """Keep what a workflow holds, before it is written or deleted; nothing where that is kept already."""
    name = name_of(home, path)
    if name is None or not path.is_file():
        return
    folder, known = folder_of(home, name), listed(home, name)
    if known and (folder / f"{known[0].id}.json").read_bytes() == path.read_bytes():
        return
    id = max(path.stat().st_mtime_ns // 1_000_000, known[0].modified + 1 if known else 0)
    with part_of(folder) as part:
        shutil.copyfile(path, part)
        os.replace(part, folder / f"{id}.json")
    for old in listed(home, name)[MOST:]:
        (folder / f"{old.id}.json").unlink(missing_ok=True)


def follow(home: Path, source: Path, target: Path) -> None:
    """The versions of a workflow go with it when it is renamed; those of a file that it replaces stay."""
    old, new = name_of(home, source), name_of(home, target)
    if old is None or new is None:
        return
    there = folder_of(home, new)
    with part_of(there):
        pass
    for file in (f for f in folder_of(home, old).glob("*.json") if not (there / f.name).exists()):
        file.rename(there / file.name)


def name_of(home: Path, path: Path) -> str | None:
    """The name of a workflow; None for any other file of the user's."""
    root = (home / WORKFLOWS).resolve()
    inside = path.suffix.lower() == ".json" and path.is_relative_to(root) and not path.name.startswith(".")
    return path.relative_to(root).as_posix() if inside else None
