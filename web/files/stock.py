"""Saved workflows for stock front ends: they open none but their own form, so ours is told them in theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.graph.registry import Registry
from engine.graph.sentences import sentence
from engine.workflow.error import WorkflowError
from engine.workflow.file import Opened, opened

UNDRAWABLE = ("dependency_cycle", "bad_linked_input")


def in_comfys_form(read: Opened, registry: Registry) -> dict[str, Any]:
    """A workflow as ComfyUI's editors save it, subgraphs flattened; raises WorkflowError for what has no such form."""
    from engine.graph.check import check
    from engine.workflow.comfy_ui import to_comfy_ui

    bad = [p for p in check(read.graph, registry).problems if p.code in UNDRAWABLE]
    if bad:
        raise WorkflowError([sentence(p) for p in bad], bad)
    return to_comfy_ui(read.graph, registry, json.loads(read.text or b"{}"))


def told_stock(path: Path, registry: Registry) -> bytes | None:
    """What a stock front end is told in place of a workflow that our editor saved; None: the file as it is."""
    try:
        value = json.loads(path.read_bytes())
        nodes = isinstance(value, dict) and [v for k, v in value.items() if k != "_workflow"]
        if not nodes or not all(isinstance(v, Mapping) and "class_type" in v for v in nodes):
            return None
        return json.dumps(in_comfys_form(opened(value, registry), registry)).encode()
    except (ValueError, RecursionError, WorkflowError):
        return None
