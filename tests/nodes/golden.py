"""The listing of all built-in nodes that saved workflows depend on; `python -m tests.nodes.golden` writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nodes
from engine.graph.define import NodeDef
from engine.graph.sockets import MISSING, Range, Socket

PATH = Path(__file__).parent.parent / "golden" / "nodes.json"


def listing() -> str:
    """Every node type with its inputs in order, as text."""
    registry = nodes.registry()
    return json.dumps({name: _node(registry[name]) for name in sorted(registry)}, indent=1, ensure_ascii=False) + "\n"


def _node(d: NodeDef) -> dict[str, Any]:
    told: dict[str, Any] = {"label": d.label, "category": d.category, "kind": d.kind, "runs_on": d.runs_on}
    told["inputs"] = {s.name: _input(s) for s in d.inputs}
    told["outputs"] = {s.name: ("list of " if s.is_list else "") + s.wire for s in d.outputs}
    return told


def _input(s: Socket) -> dict[str, Any]:
    told: dict[str, Any] = {"type": ("list of " if s.is_list else "") + s.wire}
    if s.default is not MISSING:
        told["default"] = s.default
    told |= {name: True for name in ("optional", "lazy", "recipe") if getattr(s, name)}
    for constraint in s.constraints:
        if isinstance(constraint, Range):
            told |= {"low": constraint.low, "high": constraint.high}
    if s.file is not None:
        told["file"] = s.file.kind
    if s.choice is not None:
        told["options"] = list(s.choice.listed())
    if s.widget is not None:
        told["widget"] = s.widget.name
    return told


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(listing(), encoding="utf-8")
