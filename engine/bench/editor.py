"""The editor with large graphs, in a browser without a screen: what `npm run perf` in web/ui measures."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.bench.figure import Figure
from engine.cli import Sentence
from engine.settings import ROOT


def figures() -> Iterator[Figure]:
    """Frames a second, seconds and sizes; raises Sentence with the reason where there is no Node or no browser."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "web.editor.measured", str(report)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Sentence(done.stderr.strip())
        yield from map(figure, map(json.loads, report.read_text(encoding="utf-8").splitlines()))


def figure(told: dict[str, Any]) -> Figure:
    """One line of the report."""
    return Figure(told["what"], told["value"], told["unit"], told.get("limit"), told.get("least", False))
