"""Graph: nodes and links, an immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from engine.graph.registry import Registry

NodeId: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Link:
    """The `output`-th output of `node`."""

    node: NodeId
    output: int


@dataclass(frozen=True, slots=True)
class Const:
    """A constant of whatever shape: a list of two is never mistaken for a link here."""

    value: Any


Arg: TypeAlias = Link | Const


@dataclass(frozen=True, slots=True)
class Slots:
    """Inputs and outputs as the file that a node comes from had them: (name, type) each, in the order of slots."""

    inputs: tuple[tuple[str, str], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a graph: its type, its inputs by name, its title; a bypassed one is healed over before the run.

    Args:
        pack: what its type came with, as the file says. slots: of a type that may be unknown here.
    """

    type: str
    inputs: Mapping[str, Arg] = field(default_factory=dict)
    title: str = ""
    bypass: bool = False
    pack: str = ""
    slots: Slots | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """A workflow, flattened: a value, edits give a new one."""

    nodes: Mapping[NodeId, Node] = field(default_factory=dict)

    @classmethod
    def from_file(cls, source: Path | str | bytes | Mapping[str, Any], registry: Registry | None = None) -> Graph:
        """Read a workflow (a path, its bytes, or parsed JSON).

        Muted nodes are dropped, subgraphs flattened to ids "outer:inner". Bypassed nodes are healed over when the
        registry is given (types are its to know), else when the graph is checked. Raises GraphError with all problems.
        """
        from engine.graph.read import read

        return read(source, registry)

    @classmethod
    def from_api(cls, prompt: Mapping[str, Any]) -> Graph:
        """Read parsed JSON in ComfyUI's API format, which our file extends; the same as `from_file` on a mapping."""
        return cls.from_file(prompt)

    def healed(self, registry: Registry) -> Graph:
        """The graph with its bypassed nodes taken out and the links through them joined (`engine.graph.bypass`)."""
        from engine.graph.bypass import healed

        return healed(self, registry) if any(node.bypass for node in self.nodes.values()) else self

    def to_api(self) -> dict[str, Any]:
        """Plain API format, which ComfyUI reads too."""
        from engine.graph.write import to_api

        return to_api(self)
