"""What differs between two graphs, by the names of nodes and inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.graph.graph import Arg, Const, Graph, Link, Node, NodeId


@dataclass(frozen=True, slots=True)
class Place:
    """A node as people know it."""

    node: NodeId
    title: str
    type: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """An input that is not the same: a constant, or "Title.output" where it is linked; None where it is not set."""

    node: NodeId
    title: str
    input: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the first graph in the second; `pairs` are the nodes that are the same in both, by the first's id.

    Ids of `parameters` and `removed` are the first graph's, of `added` the second's.
    """

    parameters: tuple[Parameter, ...]
    added: tuple[Place, ...]
    removed: tuple[Place, ...]
    pairs: Mapping[NodeId, NodeId]

    @property
    def same(self) -> bool:
        return not (self.parameters or self.added or self.removed)


def changes(before: Graph, after: Graph) -> Changes:
    """Compare two flattened graphs; a node is the same if its id and type are, else if its type and title are."""
    pairs = _pairs(before, after)
    taken = set(pairs.values())
    return Changes(
        tuple(p for id, other in pairs.items() for p in _parameters(id, other, before, after, pairs)),
        tuple(place(after, id) for id in after.nodes if id not in taken),
        tuple(place(before, id) for id in before.nodes if id not in pairs),
        pairs,
    )


def place(graph: Graph, id: NodeId) -> Place:
    """A node's id, type, and title (its type where it has none)."""
    node = graph.nodes[id]
    return Place(id, node.title or node.type, node.type)


def _pairs(before: Graph, after: Graph) -> dict[NodeId, NodeId]:
    others = after.nodes
    pairs = {id: id for id, node in before.nodes.items() if id in others and others[id].type == node.type}
    left: dict[tuple[str, str], list[NodeId]] = defaultdict(list)
    for id, node in others.items():
        if id not in pairs:
            left[node.type, node.title].append(id)
    for id, node in before.nodes.items():
        if id not in pairs and (found := left.get((node.type, node.title))):
            pairs[id] = found.pop(0)
    return {id: pairs[id] for id in before.nodes if id in pairs}


def _parameters(
    id: NodeId, other: NodeId, before: Graph, after: Graph, pairs: Mapping[NodeId, NodeId]
) -> Iterator[Parameter]:
    old, new = before.nodes[id], after.nodes[other]
    for name in dict.fromkeys((*old.inputs, *new.inputs)):
        was, now = old.inputs.get(name), new.inputs.get(name)
        if not _same(was, now, pairs):
            yield Parameter(id, old.title or old.type, name, _told(was, before), _told(now, after))


def _same(was: Arg | None, now: Arg | None, pairs: Mapping[NodeId, NodeId]) -> bool:
    if isinstance(was, Link) and isinstance(now, Link):
        return pairs.get(was.node) == now.node and was.output == now.output
    if isinstance(was, Const) and isinstance(now, Const):
        return _exact(was.value) == _exact(now.value)
    return was is now


def _exact(value: Any) -> tuple[str, Any]:
    """A form that tells 1, True and "1" apart; 1 and 1.0 are one number, which JSON writes in either way."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number", value
    return type(value).__name__, repr(value)


def _told(arg: Arg | None, graph: Graph) -> Any:
    match arg:
        case Link(node=node, output=output):
            there: Node | None = graph.nodes.get(node)
            return f"{(there.title or there.type) if there is not None else node}.{output}"
        case Const(value=value):
            return value
    return None
