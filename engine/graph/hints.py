"""Hints: near names and things to connect, for the mends of problems. Looked up a bounded number of times."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from engine.files import FileProblem, FileRef, Library
from engine.graph.define import NodeDef
from engine.graph.graph import Graph, NodeId
from engine.graph.problems import Mend
from engine.graph.sockets import Choice, accepts, type_name
from engine.near import nearest

if TYPE_CHECKING:
    import networkx as nx

BUDGET = 100_000
"""The most names and nodes that one check looks through for hints: a hostile file must not make it slow."""

SHOWN = 5
"""The most outputs offered to connect."""


class Hints:
    """What one check remembers for its mends, and the files that it has looked up."""

    def __init__(self, graph: Graph, definitions: Mapping[NodeId, NodeDef | None]) -> None:
        self._graph = graph
        self._definitions = definitions
        self._left = BUDGET
        self._drawn: nx.DiGraph[NodeId] | None = None
        self._near: dict[tuple[str, Hashable], tuple[str, ...]] = {}
        self._choices: dict[int, tuple[Choice, tuple[str, ...]]] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._files: dict[tuple[str, str], FileRef | FileProblem] = {}

    def near(self, name: str, options: Collection[str], among: Hashable) -> tuple[str, ...]:
        """The options that look like `name`; none once the budget is spent. `among` names this set of options."""
        place = (name, among)
        if place not in self._near:
            self._near[place] = nearest(name, options) if self._afford(len(options)) else ()
        return self._near[place]

    def _afford(self, cost: int) -> bool:
        self._left -= cost
        return self._left >= 0

    def options(self, choice: Choice) -> tuple[str, ...]:
        """The options of a choice, asked for once."""
        if id(choice) not in self._choices:
            self._choices[id(choice)] = (choice, choice.listed())
        return self._choices[id(choice)][1]

    def file(self, library: Library, kind: str, name: str) -> FileRef | FileProblem:
        """The file of this name, or what is wrong with it."""
        if (kind, name) not in self._files:
            try:
                self._files[kind, name] = library.ref(kind, name, lambda k, n: self.near(n, self.names(library, k), k))
            except FileProblem as problem:
                self._files[kind, name] = problem
        return self._files[kind, name]

    def names(self, library: Library, kind: str) -> tuple[str, ...]:
        """The files of a kind, listed once."""
        if kind not in self._names:
            self._names[kind] = library.names(kind)
        return self._names[kind]

    def connect(self, node: NodeId, wanted: Any, near: NodeId | None = None) -> Mend:
        """Outputs in the graph that would fit an input of `node` and do not depend on it, those of `near` first."""
        args: dict[str, Any] = {"type": type_name(wanted), "sources": []}
        if self._afford(len(self._graph.nodes)):
            below = self._below(node)
            fitting = (source for source in self._fitting(wanted) if source[0] not in below)
            args["sources"] = sorted(fitting, key=lambda source: source[0] != near)[:SHOWN]
        return Mend("connect", args)

    def _fitting(self, wanted: Any) -> list[list[Any]]:
        return [
            [id, slot]
            for id, definition in self._definitions.items()
            if definition is not None
            for slot, output in enumerate(definition.outputs)
            if output.type is not Any and accepts(output.type, wanted)
        ]

    def _below(self, node: NodeId) -> set[NodeId]:
        """The node and all that depends on it."""
        from engine.graph.questions import descendants, digraph

        if self._drawn is None:
            self._drawn = digraph(self._graph)
        return {node, *descendants(self._drawn, node)}
