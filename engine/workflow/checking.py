"""Checking with all that is known: files of a library, what models say of themselves, what fits what."""

from __future__ import annotations

from collections.abc import Iterable

from engine.files import Library
from engine.graph.check import Checked, check
from engine.graph.graph import Graph, NodeId
from engine.graph.problems import Problem
from engine.graph.registry import Registry
from engine.models.facts import JUDGES, describe


def examine(
    graph: Graph,
    registry: Registry,
    library: Library,
    targets: Iterable[NodeId] | None = None,
    before: Iterable[Problem] = (),
) -> Checked:
    """All problems of a graph, those noticed `before` among them, and the plan of what is sound."""
    found = check(graph, registry, targets, library=library, judges=JUDGES, describe=describe(library))
    return noticed(found, before)


def noticed(checked: Checked, before: Iterable[Problem]) -> Checked:
    """What a check found, after what was noticed when the file was read."""
    return Checked((*before, *checked.problems), checked.plan)
