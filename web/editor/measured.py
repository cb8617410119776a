"""`python -m web.editor.measured FILE` measures the editor in a browser; a line of JSON in the file for each figure."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from web.editor.build import install
from web.editor.node import fetch, find
from web.editor.run import CannotBuild, Runner
from web.editor.sources import UI, has_sources, scratch

COMMAND = ("node_modules/@playwright/test/cli.js", "test", "--config", "e2e/playwright.config.ts", "perf")
ENV: Mapping[str, str] = {"E2E_PERF": "1", "E2E_WORKERS": "1", "RESULTS": "perf"}


def measure(report: Path) -> str:
    """Measure; raises CannotBuild where there are no sources or no Node.

    Returns:
        What the browser tests printed: the reason, where the report is not written.
    """
    if not has_sources(UI):
        raise CannotBuild("An installed package has no sources of the editor: measure it in a checkout.")
    scratch(UI).mkdir(exist_ok=True)
    runner = Runner()
    node = find(UI) or fetch(UI, runner, _tell)
    install(UI, node, runner, tests=True)
    env = {**os.environ, **node.env, **ENV, "PYTHON": sys.executable, "PERF_REPORT": str(report)}
    done = subprocess.run([str(node.node), *COMMAND], cwd=UI, env=env, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        printed = measure(Path(sys.argv[1]))
    except CannotBuild as error:
        sys.exit(f"The editor could not be measured: {error}")
    if not Path(sys.argv[1]).is_file():
        sys.exit(f"The editor could not be measured. The browser tests said:\n{printed[-2000:]}")
