"""Small workflows, and a tiny random checkpoint under the name of the shipped one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.shell.warm import Start, warm

ROOT = Path(__file__).resolve().parents[2]
MAIN = [sys.executable, str(ROOT / "main.py")]

Run = Callable[..., subprocess.CompletedProcess[str]]

SUM: Mapping[str, Any] = {
    "1": {"class_type": "PrimitiveInt", "inputs": {"value": 3}, "_meta": {"title": "Number"}},
    "2": {"class_type": "MathExpression", "inputs": {"expression": "a * 2 + 1", "a": ["1", 0]}},
    "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
}
"""A workflow without models; shows 7."""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with sum.json and an empty data folder beside it."""
    write(tmp_path / "sum.json", SUM)
    (tmp_path / "data").mkdir()
    return tmp_path


def write(path: Path, workflow: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(workflow))
    return path


@pytest.fixture
def program(files: Path) -> Run:
    """Starts main.py in `files` with its data folder."""

    def start(command: str, *arguments: str, data: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        own = ["--data", "data"] if data else []
        return subprocess.run(
            [*MAIN, command, *arguments, *own], cwd=files, capture_output=True, text=True, timeout=600, **options
        )

    return start


@pytest.fixture(scope="session")
def start() -> Iterator[Start]:
    """Runs scripts of Python that want torch."""
    with warm() as made:
        yield made


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with a random checkpoint of a few layers, called as the shipped one."""
    from tests.models.make import TINY, write_checkpoint

    folder = tmp_path_factory.mktemp("models")
    (folder / "checkpoints").mkdir()
    write_checkpoint(folder / "checkpoints" / "mini-v1.safetensors", TINY)
    return folder
