"""Expand: what a node returns to be replaced by a graph of its own making."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.graph.graph import Graph


@dataclass(frozen=True, slots=True)
class Expand:
    """Run `graph`, then give `outputs`: Links into it, or values.

    Its nodes get the ids "parent.child"; their links may name each other or nodes of the graph that is running.
    """

    graph: Graph
    outputs: tuple[Any, ...]
