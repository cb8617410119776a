"""Workflows from outside: a JSON file, or a picture that carries the workflow which made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.graph.graph import Graph
from engine.graph.problems import GraphError, Problem
from engine.graph.registry import Registry
from engine.graph.sentences import sentence
from engine.near import nearest
from engine.workflow.error import WorkflowError
from engine.workflow.png_text import MAGIC, png_texts

CHUNKS = ("inkwater", "prompt")
"""The texts of a PNG that hold a workflow, the best first."""

LARGEST = 64 << 20
"""Bytes of a workflow."""


def load(path: Path | str, registry: Registry | None = None) -> tuple[Graph, bytes]:
    """The graph in a file, and its JSON; raises WorkflowError with all that keeps it from being read."""
    text = workflow_text(Path(path))
    return from_json(text, registry, f"{path}: "), text


def from_json(source: bytes | Mapping[str, Any], registry: Registry | None = None, place: str = "") -> Graph:
    """The graph in JSON, as text or parsed; raises WorkflowError, its sentences begin with `place`."""
    try:
        return Graph.from_file(source, registry)
    except GraphError as error:
        raise WorkflowError((f"{place}{sentence(p)}" for p in error.problems), error.problems) from error


def workflow_text(path: Path) -> bytes:
    """The JSON of a workflow, from a JSON file or out of a PNG; raises WorkflowError."""
    try:
        if path.stat().st_size > LARGEST and not _is_png(path):
            raise WorkflowError([f"{path}: larger than {LARGEST >> 20} MiB, which no workflow is."])
        if not _is_png(path):
            return path.read_bytes()
        texts = png_texts(path)
    except FileNotFoundError as error:
        raise WorkflowError([f"{path}: there is no such file{_near(path)}"]) from error
    except OSError as error:
        raise WorkflowError([f"{path}: cannot be read ({error.strerror})."]) from error
    found = next((texts[name] for name in CHUNKS if name in texts), None)
    if found is None:
        told = f"{path}: this picture carries no workflow (no text named {' or '.join(CHUNKS)})."
        raise WorkflowError([told], [Problem("no_workflow")])
    return found.encode()


def edited(text: bytes, changes: Mapping[tuple[str, str], Any]) -> str | None:
    """The workflow's own JSON with these (node, input) values; None where a value lies inside a subgraph."""
    raw = json.loads(text)
    for (node, input), value in changes.items():
        if not isinstance(raw.get(node), dict):
            return None
        raw[node].setdefault("inputs", {})[input] = {"__value__": value} if isinstance(value, list) else value
    return json.dumps(raw, ensure_ascii=False)


def _is_png(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _near(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir() if p.suffix in (".json", ".png")]
    except OSError:
        return "."
    close = nearest(path.name, names)
    return f"; did you mean {', '.join(str(path.parent / name) for name in close)}?" if close else "."
