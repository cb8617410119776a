"""What the editor writes is what it read: both flatten to the same graph. Its files are made by its own tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.graph.graph import Graph
from engine.plugins import builtins

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "tests" / "golden" / "ui", ROOT / "tests" / "golden" / "editor"]
WRITTEN = ROOT / "tests" / "golden" / "editor" / "written"
FILES = [file for folder in SOURCES for file in sorted(folder.glob("*.json"))]
REGISTRY = builtins()

every_file = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_the_editor_wrote_every_file_and_no_other() -> None:
    assert {f.name for f in WRITTEN.glob("*.json")} == {f.name for f in FILES}


@every_file
def test_the_graph_is_the_same(file: Path) -> None:
    for registry in (None, REGISTRY):
        assert Graph.from_file(WRITTEN / file.name, registry) == Graph.from_file(file, registry)


@every_file
def test_nothing_is_lost(file: Path) -> None:
    """Every value of the file is in the written one; places may have come, wrapping may differ."""
    lost = [path for path, value in values(read(file)) if value != at(read(WRITTEN / file.name), path)]
    assert lost == []


def values(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """All plain values and lists by their path."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in values(inner, (*path, key))]
    return [(path, value)]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    wrapped = isinstance(value, dict) and set(value) == {"__value__"}
    return value["__value__"] if wrapped else value
