"""The checks of the editor, as rows beside pytest: types, lint, format, unit tests, and the browser tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web.editor.build import build, install
from web.editor.node import Node, fetch, find
from web.editor.run import CannotBuild, Runner
from web.editor.sources import UI, dist, scratch

RESULTS = UI / "e2e" / "results"


@dataclass(frozen=True, slots=True)
class Result:
    """What a row counted."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def editor_checks(*, slow: bool) -> Iterator[Result]:
    """Run all rows, one after the other; without Node they are one that is skipped, and says why."""
    try:
        node = find(UI) or _fetched()
    except CannotBuild as error:
        print(f"== editor: SKIPPED. {error}", flush=True)
        yield Result("editor", skipped=1)
        return
    try:
        install(UI, node, Runner(), tests=True)
    except CannotBuild as error:
        print(f"== editor: {error}", flush=True)
        yield Result("editor packages", failed=1)
        return
    for name, command in CHECKS:
        yield _plain(node, name, command)
    yield _unit_tests(node)
    yield _build()
    yield _browser_tests(node, "editor in a browser", {"E2E_SLOW": "1"} if slow else {})
    if slow:
        yield _browser_tests(node, "editor, measured", {"E2E_PERF": "1", "E2E_WORKERS": "1"}, "perf")


CHECKS: Sequence[tuple[str, Sequence[str]]] = (
    ("editor types", ("typescript/bin/tsc", "--noEmit")),
    ("editor lint", ("oxlint/bin/oxlint", "--deny-warnings", "src", "e2e")),
    ("editor format", ("@biomejs/biome/bin/biome", "format", "src", "e2e")),
)


def _fetched() -> Node:
    scratch(UI).mkdir(exist_ok=True)
    return fetch(UI, Runner(), print)


def _call(node: Node, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> bool:
    """Run a tool of node_modules, its output as it comes; whether it ended well."""
    print(f"== {name}: {' '.join(command)}", flush=True)
    tool, *arguments = command
    called = [str(node.node), str(UI / "node_modules" / tool), *arguments]
    environment = {**os.environ, **node.env, "PYTHON": sys.executable, **(env or {})}
    return subprocess.run(called, cwd=UI, env=environment).returncode == 0


def _plain(node: Node, name: str, command: Sequence[str]) -> Result:
    good = _call(node, name, command)
    return Result(name, passed=int(good), failed=int(not good))


def _unit_tests(node: Node) -> Result:
    report = RESULTS / "vitest.json"
    command = ("vitest/vitest.mjs", "run", "--reporter=dot", "--reporter=json", f"--outputFile={report}")
    report.unlink(missing_ok=True)
    good = _call(node, "editor unit tests", command)
    told = _read(report)
    counted = Result(
        "editor unit tests",
        told.get("numPassedTests", 0),
        told.get("numFailedTests", 0),
        told.get("numPendingTests", 0) + told.get("numTodoTests", 0),
    )
    return _honest(counted, good)


def _build() -> Result:
    print("== editor build", flush=True)
    try:
        build(UI, print)
        return Result("editor build", passed=1)
    except CannotBuild as error:
        print(error, flush=True)
        return Result("editor build", failed=1)


def _browser_tests(node: Node, name: str, env: Mapping[str, str], *only: str) -> Result:
    run = "measured" if only else "all"
    report = RESULTS / f"{run}.json"
    report.unlink(missing_ok=True)
    command = ("@playwright/test/cli.js", "test", "--config", "e2e/playwright.config.ts", *only)
    good = _call(node, name, command, {"EDITOR_DIST": str(dist(UI)), "RESULTS": run, **env})
    stats = _read(report).get("stats", {})
    counted = Result(
        name, stats.get("expected", 0), stats.get("unexpected", 0) + stats.get("flaky", 0), stats.get("skipped", 0)
    )
    return _honest(counted, good)


def _honest(counted: Result, good: bool) -> Result:
    """A run that failed without a failed test failed all the same."""
    return counted if good or counted.failed else Result(counted.name, counted.passed, 1, counted.skipped)


def _read(report: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return told
    except (OSError, ValueError):
        return {}
