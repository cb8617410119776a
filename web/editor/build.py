"""Building the editor: its packages when the lock file changed, then its files, swapped in when they are whole."""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.bootstrap import take
from web.editor.node import Node, fetch, find
from web.editor.run import CannotBuild, Runner
from web.editor.sources import STAMP, dist, fingerprint, fresh, scratch

LEAST_PACKED = 1024
"""Bytes below which a file is not compressed."""
PACKED = frozenset((".js", ".css", ".html", ".svg", ".json"))

Tell = Callable[[str], None]


def build(ui: Path, tell: Tell, runner: Runner | None = None) -> None:
    """Bring the editor up to date; raises CannotBuild and leaves what was there. Two processes build it once."""
    runner = runner or Runner()
    with _locked(ui, tell):
        if fresh(ui):
            return
        tell("building the editor (about 20 s, once)")
        node = find(ui) or fetch(ui, runner, tell)
        install(ui, node, runner)
        _bundle(ui, node, runner)


def install(ui: Path, node: Node, runner: Runner, *, tests: bool = False) -> None:
    """Install the packages that the lock file names, unless they are there.

    Args:
        tests: those that only tests and checks need, too; once there, they stay.
    """
    if installed(ui, tests=tests):
        return
    everything = tests or (ui / "node_modules" / "vitest").is_dir()
    command = [*node.npm, "ci", "--ignore-scripts", *(() if everything else ("--omit=dev",))]
    runner.run(command, ui, "npm could not install the editor's packages. It said:", node.env)


def installed(ui: Path, *, tests: bool = False) -> bool:
    """Whether the packages of the lock file are there, each in its version."""
    wanted, found = _packages(ui / "package-lock.json"), _packages(ui / "node_modules" / ".package-lock.json")
    return bool(found) and all(
        path in found and found[path].get("integrity") == package.get("integrity")
        for path, package in wanted.items()
        if path and _needed(package, tests)
    )


def _needed(package: Mapping[str, Any], tests: bool) -> bool:
    """Packages that are optional are for other machines, or npm has decided about them."""
    return not package.get("optional") and not package.get("devOptional") and (tests or not package.get("dev"))


def _packages(lock: Path) -> dict[str, dict[str, Any]]:
    try:
        packages: dict[str, dict[str, Any]] = json.loads(lock.read_text(encoding="utf-8"))["packages"]
        return packages
    except (OSError, ValueError, KeyError):
        return {}


def _bundle(ui: Path, node: Node, runner: Runner) -> None:
    made, old = scratch(ui) / "new", scratch(ui) / "old"
    before = fingerprint(ui)
    vite = ui / "node_modules" / "vite" / "bin" / "vite.js"
    command = [str(node.node), str(vite), "build", "--outDir", str(made), "--emptyOutDir", "--logLevel", "warn"]
    runner.run(command, ui, "Its sources could not be built. vite said:", node.env)
    _compress(made)
    (made / STAMP).write_text(before, encoding="ascii")
    shutil.rmtree(old, ignore_errors=True)
    try:
        if dist(ui).exists():
            dist(ui).rename(old)
        made.rename(dist(ui))
    except OSError as error:
        raise CannotBuild(f"{dist(ui)} cannot be replaced ({error.strerror}).") from error
    shutil.rmtree(old, ignore_errors=True)


def _compress(folder: Path) -> None:
    """Lay a compressed file beside each that it makes smaller: they are sent to browsers as they are."""
    for path in folder.rglob("*"):
        if path.suffix in PACKED and path.stat().st_size >= LEAST_PACKED:
            packed = gzip.compress(path.read_bytes(), 9, mtime=0)
            path.with_name(path.name + ".gz").write_bytes(packed)


@contextlib.contextmanager
def _locked(ui: Path, tell: Tell) -> Iterator[None]:
    """Hold the lock that lets one process at a time build."""
    try:
        scratch(ui).mkdir(exist_ok=True)
        handle = open(scratch(ui) / "lock", "a+b")  # noqa: SIM115
    except OSError as error:
        raise CannotBuild(f"{ui} cannot be written to ({error.strerror}).") from error
    with handle:
        if not take(handle.fileno(), wait=False):
            tell("another process builds the editor; waiting for it")
            take(handle.fileno(), wait=True)
        yield
