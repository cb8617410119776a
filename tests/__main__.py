"""`python -m tests`: formatting, lint, types and tests of the program and of its editor, with a plain count at the end.

Options go to pytest: `-k EXPRESSION`, `--slow`, `--gpu`, paths. With `-k` or a path only pytest runs, with `--editor`
only what checks the editor in web/ui. The whole suite is run by several processes at once (`-n 0`: by one).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKS = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy", "--strict")),
)
MOST_PROCESSES = 4
"""More would each hold a model and a server of their own."""


def side_by_side(arguments: list[str]) -> list[str]:
    """The options by which pytest runs the whole suite: a file of tests to a process, each with its share of cores."""
    if any(a.startswith(("-n", "--dist", "--pdb")) for a in arguments):
        return []
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    processes = min(cores, MOST_PROCESSES)
    if processes == 1:
        return []
    os.environ.setdefault("OMP_NUM_THREADS", str(cores // processes))  # they and what they start
    return ["-n", str(processes), "--dist", "loadfile"]


class Counts:
    """Counts tests as pytest reports them; an error beside a test counts as a failure."""

    def __init__(self) -> None:
        self.passed, self.failed, self.skipped = 0, 0, 0

    def pytest_runtest_logreport(self, report: object) -> None:
        when, outcome = getattr(report, "when", ""), getattr(report, "outcome", "")
        self.failed += outcome == "failed"
        self.skipped += outcome == "skipped"
        self.passed += outcome == "passed" and when == "call"

    def pytest_collectreport(self, report: object) -> None:
        self.failed += getattr(report, "outcome", "") == "failed"


def main(arguments: list[str]) -> int:
    """Run everything and return the exit code."""
    import pytest

    from tests.editor_checks import editor_checks

    os.chdir(ROOT)
    counts = Counts()
    some = any(a.startswith(("-k", "tests")) or Path(a.split("::")[0]).exists() for a in arguments)
    editor = "--editor" in arguments
    for name, command in () if some or editor else CHECKS:
        print(f"== {name}: {' '.join(command)}", flush=True)
        good = subprocess.run([sys.executable, "-m", *command]).returncode == 0
        counts.passed += good
        counts.failed += not good
    for row in () if some else editor_checks(slow="--slow" in arguments):
        print(f"== {row.name}: {row.passed} passed, {row.failed} failed, {row.skipped} skipped", flush=True)
        counts.passed += row.passed
        counts.failed += row.failed
        counts.skipped += row.skipped
    if not editor:
        print("== tests", flush=True)
        code = pytest.main([*arguments, *([] if some else side_by_side(arguments))], plugins=[counts])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) and not counts.failed:
            counts.failed += 1  # an interruption or a usage error
    print(f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped", flush=True)
    return 1 if counts.failed else 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.path.insert(0, str(ROOT))
    from engine import bootstrap

    bootstrap.enter("test")
    sys.exit(main(sys.argv[1:]))
