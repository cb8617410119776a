"""Flattening: subgraphs become plain nodes named "outer:inner", muted nodes go, links lead past both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph.bypass import passing, rejoined
from engine.graph.graph import Arg, Link, Node, NodeId, Slots
from engine.graph.problems import Problem

SUBGRAPH = "subgraph:"
"""What the type of an instance of a subgraph begins with."""

MOST_NODES = 100_000
DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Raw:
    """A node as the file has it; its mode is "mute", "bypass" or anything else."""

    type: str
    inputs: Mapping[str, Arg]
    title: str = ""
    mode: Any = None
    pack: str = ""
    slots: Slots | None = None


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A definition: its nodes, where each input goes, where each output comes from, and the types of these.

    An output comes from a node inside, straight from the input of a name, or from nothing.
    """

    nodes: Mapping[NodeId, Raw] = field(default_factory=dict)
    inputs: Mapping[str, tuple[tuple[NodeId, str], ...]] = field(default_factory=dict)
    outputs: tuple[Link | str | None, ...] = ()
    input_types: tuple[tuple[str, str], ...] = ()
    output_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Scope:
    """One instance that is being flattened: how its ids begin, its nodes, what it is given, what it lies in."""

    prefix: str
    nodes: Mapping[NodeId, Raw]
    given: Mapping[NodeId, Mapping[str, Arg]] = field(default_factory=dict)
    chain: tuple[str, ...] = ()


def flatten(raws: Mapping[NodeId, Raw], subgraphs: Mapping[str, Subgraph]) -> tuple[dict[NodeId, Node], list[Problem]]:
    """Plain nodes in the order of the file, and what is wrong with the subgraphs."""
    flat = _Flat(subgraphs)
    flat.run(_Scope("", raws))
    nodes = {id: rejoined(n, flat.through) for id, n in flat.nodes.items()} if flat.through else flat.nodes
    return nodes, flat.problems


@dataclass(slots=True)
class _Flat:
    """The work of one flattening; `through` says what stands for the outputs of nodes that are no more."""

    subgraphs: Mapping[str, Subgraph]
    nodes: dict[NodeId, Node] = field(default_factory=dict)
    through: dict[NodeId, list[Arg | None]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def run(self, top: _Scope) -> None:
        todo = [top]
        while todo:
            scope = todo.pop()
            for id, raw in scope.nodes.items():
                if len(self.nodes) + len(self.through) >= MOST_NODES:
                    self.problems.append(Problem("too_many_nodes", {"limit": MOST_NODES}))
                    return
                inner = self._node(scope, id, raw)
                if inner is not None:
                    todo.append(inner)

    def _node(self, scope: _Scope, id: NodeId, raw: Raw) -> _Scope | None:
        """Add a node; an instance of a subgraph gives the scope of its own nodes instead."""
        full = scope.prefix + id
        if full in self.nodes or full in self.through:
            self.problems.append(Problem("duplicate_id", {"id": full}, full))
            return None
        if raw.mode == "mute":
            self.through[full] = []
            return None
        args = _args(scope, id, raw) if scope.prefix else raw.inputs
        if not raw.type.startswith(SUBGRAPH):
            self.nodes[full] = Node(raw.type, args, raw.title, raw.mode == "bypass", raw.pack, raw.slots)
            return None
        return self._instance(scope, full, raw, args)

    def _instance(self, scope: _Scope, full: NodeId, raw: Raw, args: Mapping[str, Arg]) -> _Scope | None:
        name = raw.type.removeprefix(SUBGRAPH)
        found = self.subgraphs.get(name)
        self.through[full] = []
        if found is None:
            self.problems.append(Problem("missing_subgraph", {"subgraph": name}, full))
        elif name in scope.chain or len(scope.chain) >= DEEPEST:
            code = "subgraph_recursion" if name in scope.chain else "too_deep"
            self.problems.append(
                Problem(code, {"subgraph": name, "chain": (*scope.chain, name), "limit": DEEPEST}, full)
            )
        elif raw.mode == "bypass":
            self.through[full] = _bypassed(found, args)
        else:
            prefix = f"{full}:"
            self.through[full] = [_outlet(output, args, prefix) for output in found.outputs]
            return _Scope(prefix, found.nodes, _given(found, args), (*scope.chain, name))
        return None


def _outlet(output: Link | str | None, args: Mapping[str, Arg], prefix: str) -> Arg | None:
    """What an output of an instance stands for."""
    if isinstance(output, str):
        return args.get(output)
    return None if output is None else _renamed(output, prefix)


def _args(scope: _Scope, id: NodeId, raw: Raw) -> Mapping[str, Arg]:
    """The inputs of a node inside an instance: its own links by their full ids, and what the instance gives it."""
    return {n: _renamed(a, scope.prefix) for n, a in raw.inputs.items()} | dict(scope.given.get(id, {}))


def _renamed(arg: Arg, prefix: str) -> Arg:
    return Link(prefix + arg.node, arg.output) if prefix and isinstance(arg, Link) else arg


def _given(found: Subgraph, args: Mapping[str, Arg]) -> dict[NodeId, dict[str, Arg]]:
    """What the instance's inputs give to the nodes inside; what it leaves out keeps the value inside."""
    given: dict[NodeId, dict[str, Arg]] = {}
    for name, ends in found.inputs.items():
        for node, input in ends if name in args else ():
            given.setdefault(node, {})[input] = args[name]
    return given


def _bypassed(found: Subgraph, args: Mapping[str, Arg]) -> list[Arg | None]:
    """What stands for the outputs of a bypassed instance, by the types that its definition declares."""
    types = [t for _, t in found.input_types]
    values = [args.get(name) for name, _ in found.input_types]
    return [passing(n, wanted, types, values, _same) for n, wanted in enumerate(found.output_types)]


def _same(source: str, target: str) -> bool:
    return source == target or "*" in (source, target)
