"""Following links in one graph of ComfyUI's UI format, through the nodes that only exist in its editor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.compat.ui_read import INPUT, UiGraph, UiLink, UiNode, pair
from engine.graph.problems import GraphError, Problem
from engine.graph.registry import Registry


@dataclass(frozen=True, slots=True)
class Out:
    """An output of a node."""

    node: str
    slot: int


@dataclass(frozen=True, slots=True)
class Value:
    """A constant that an editor's node holds."""

    value: Any


@dataclass(frozen=True, slots=True)
class Port:
    """An input of the definition that the graph belongs to."""

    index: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A link that leads nowhere, and the editor's node in which it ends, if it is one."""

    node: UiNode | None = None


Source = Out | Value | Port | Lost


@dataclass(frozen=True, slots=True)
class Onward:
    """The link with which one that enters an editor's node goes on."""

    link: str | None


Through = Callable[["Wires", UiNode, int], "Onward | Value"]
"""What stands behind an output of an editor's node."""


@dataclass(slots=True)
class Budget:
    """How many of an editor's nodes and dots links may lead through: hostile files have chains common to all inputs."""

    left: int = 200_000

    def spend(self) -> None:
        """Count one step; raises GraphError when there are too many."""
        self.left -= 1
        if self.left < 0:
            raise GraphError([Problem("too_tangled")])


@dataclass(slots=True)
class Wires:
    """The links of one graph.

    Args:
        through: how links go on behind nodes of these types; types that the registry knows are nodes like others
            unless they are in `always`.
        added: links by (node, input) that the file does not draw.
    """

    graph: UiGraph
    registry: Registry
    through: Mapping[str, Through] = field(default_factory=dict)
    always: frozenset[str] = frozenset()
    added: Mapping[tuple[str, int], str] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    memory: dict[str, Any] = field(default_factory=dict)

    def link_at(self, node: UiNode, index: int) -> str | None:
        """The link that ends at an input, drawn or not."""
        if not 0 <= index < len(node.inputs):
            return None
        drawn = node.inputs[index].link
        return drawn if drawn in self.graph.links else self.added.get((node.id, index))

    def rule(self, node: UiNode) -> Through | None:
        """How links go on behind this node, if it is one of the editor's."""
        found = self.through.get(node.type)
        return found if found is not None and (node.type in self.always or node.type not in self.registry) else None

    def follow(
        self, link: str | None, stop: Callable[[UiNode], bool] | None = None
    ) -> tuple[Source, list[list[float]]]:
        """Where a link begins, and the dots on the way from there, editor's nodes among them.

        Args:
            stop: editor's nodes to stop at, as if they were others.
        """
        points: list[list[float]] = []
        seen: set[tuple[str, int]] = set()
        ended: UiNode | None = None
        while link is not None and (found := self.graph.links.get(link)) is not None:
            points += self._dots(found)
            if found.source == INPUT:
                return Port(found.output), points[::-1]
            node = self.graph.nodes.get(found.source)
            if node is None or (node.id, found.output) in seen:
                return Lost(node), []
            rule = self.rule(node)
            if rule is None or (stop is not None and stop(node)):
                return Out(node.id, found.output), points[::-1]
            self.budget.spend()
            seen.add((node.id, found.output))
            points += [place] if node.type.startswith("Reroute") and (place := middle(node)) is not None else []
            step = rule(self, node, found.output)
            if isinstance(step, Value):
                return step, []
            link, ended = step.link, node
        return Lost(ended), []

    def _dots(self, link: UiLink) -> list[list[float]]:
        """The dots on a link, the last one first."""
        points: list[list[float]] = []
        seen: set[str] = set()
        dot = link.reroute
        while dot is not None and dot not in seen and dot in self.graph.dots:
            self.budget.spend()
            seen.add(dot)
            place, dot = self.graph.dots[dot]
            points.append(place)
        return points


def middle(node: UiNode) -> list[float] | None:
    """The middle of a node on the canvas."""
    place, size = pair(node.raw.get("pos")), pair(node.raw.get("size")) or [0, 0]
    return None if place is None else [place[0] + size[0] / 2, place[1] + size[1] / 2]
