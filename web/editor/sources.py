"""What the editor is built from, and whether what is built is of that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

UI = Path(__file__).resolve().parents[1] / "ui"
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json")
STAMP = ".stamp"


def dist(ui: Path) -> Path:
    """The folder that is served."""
    return ui / "dist"


def scratch(ui: Path) -> Path:
    """What building needs beside its sources: a lock, a half-made editor, a Node of its own."""
    return ui / ".build"


def fingerprint(ui: Path) -> str:
    """A hash of everything that the built editor depends on."""
    total = hashlib.sha256()
    for path in sorted(_files(ui)):
        total.update(path.relative_to(ui).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def fresh(ui: Path) -> bool:
    """Whether what is built is of the present sources; without sources, as in an installed package, it always is."""
    if not (dist(ui) / "index.html").is_file():
        return False
    try:
        return not has_sources(ui) or (dist(ui) / STAMP).read_text(encoding="ascii") == fingerprint(ui)
    except OSError:
        return False


def has_sources(ui: Path) -> bool:
    return (ui / "package.json").is_file()


def _files(ui: Path) -> Iterator[Path]:
    for name in SOURCES:
        path = ui / name
        if path.is_file():
            yield path
        yield from (found for found in path.rglob("*") if found.is_file() and ".test." not in found.name)
