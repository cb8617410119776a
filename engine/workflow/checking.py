"""Checking with all that is known: files of a library, what models say of themselves, what fits what."""

from __future__ import annotations

from collections.abc import Iterable

from engine.files import Library
from engine.graph.check import Checked, check
from engine.graph.graph import Graph, NodeId
from engine.graph.registry import Registry
from engine.models.facts import JUDGES, describe


def examine(graph: Graph, registry: Registry, library: Library, targets: Iterable[NodeId] | None = None) -> Checked:
    """All problems of a graph, and the plan of what is sound."""
    return check(graph, registry, targets, library=library, judges=JUDGES, describe=describe(library))
