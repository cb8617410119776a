"""Expand: what a node returns to be replaced by a graph of its own making."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph.graph import Graph, NodeId


@dataclass(frozen=True, slots=True)
class Expand:
    """Run `graph`, then give `outputs`: Links into it, or values.

    Its nodes get the ids "parent.child"; their links may name each other or nodes of the graph that is running.
    `spared` names those without which the rest is worth having, and what people call each: where one cannot be made
    it is called with the defaults of the inputs that come by links, and a `Telling` of why in its input `reason`.  The
    whole then comes with a warning and is kept for this job alone; it fails where none of them can be made.
    """

    graph: Graph
    outputs: tuple[Any, ...]
    spared: Mapping[NodeId, str] = field(default_factory=dict)
