"""Whole processes: from the command line to the end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence

from engine.bench import models
from engine.bench.figure import Figure, best, timed
from engine.settings import ROOT

WORKFLOW = "workflows/text_to_image.json"


def figures() -> Iterator[Figure]:
    """Seconds of `check` and of `run` of the shipped workflow; the first run warms the system's file cache."""
    with models.mini() as folders, tempfile.TemporaryDirectory() as data:
        options = ["--data", data, *(word for folder in folders for word in ("--models", str(folder)))]
        yield Figure("check of a workflow, best of 5", best(lambda: _main("check", options), 5), "s", 0.4)
        _main("run", options)
        yield Figure(
            "run of it to a picture, nothing cached", timed(lambda: _main("run", [*options, "--no-cache"])), "s", 8
        )


def _main(command: str, options: Sequence[str]) -> None:
    line = [sys.executable, "main.py", command, WORKFLOW, *options]
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
