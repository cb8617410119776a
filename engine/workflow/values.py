"""Values given to a workflow from outside: `NODE.INPUT=VALUE`, NODE an id or a title that only one node has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.graph.graph import Const, Graph, NodeId
from engine.graph.registry import Registry
from engine.near import nearest
from engine.workflow.error import WorkflowError


def with_values(graph: Graph, registry: Registry, values: Mapping[str, Any]) -> Graph:
    """The graph with these inputs set, by "NODE.INPUT"; a link that was there is replaced.

    A string for an input that takes text stays as it is; all else must have the input's type.
    Raises WorkflowError for a node or input that is not there.
    """
    nodes = dict(graph.nodes)
    for target, value in values.items():
        id, name = find(graph, registry, target)
        nodes[id] = replace(nodes[id], inputs={**nodes[id].inputs, name: Const(value)})
    return replace(graph, nodes=nodes)


def parse_value(graph: Graph, registry: Registry, target: str, text: str) -> Any:
    """VALUE of a command line: JSON, else text; an input that takes text gets the text itself unless quoted."""
    id, name = find(graph, registry, target)
    definition = registry.get(graph.nodes[id].type)
    socket = definition.input(name) if definition is not None else None
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return text
    takes_text = socket is not None and socket.wire in ("STRING", "COMBO")
    return text if takes_text and not isinstance(value, str) else value


def find(graph: Graph, registry: Registry, target: str) -> tuple[NodeId, str]:
    """The node and the input that "NODE.INPUT" names, the longest NODE that there is; raises WorkflowError."""
    for name, input in _splits(target):
        ids = named(graph, name)
        if len(ids) > 1:
            raise WorkflowError([f"{target}: {len(ids)} nodes are called {name!r} ({', '.join(ids)}); use an id."])
        if ids:
            return ids[0], _input(graph, registry, ids[0], input, target)
    if "." not in target:
        raise WorkflowError([f"{target}: write NODE.INPUT=VALUE, for example KSampler.seed=7."])
    node = target.partition(".")[0]
    raise WorkflowError([f"{target}: there is no node {node!r}{_near(node, _names(graph))}"])


def named(graph: Graph, name: str) -> list[NodeId]:
    """The node with this id, else those with this title; a node without a title goes by its type."""
    if name in graph.nodes:
        return [name]
    return [id for id, node in graph.nodes.items() if (node.title or node.type) == name]


def _splits(target: str) -> Iterator[tuple[str, str]]:
    at = target.rfind(".")
    while at > 0:
        yield target[:at], target[at + 1 :]
        at = target.rfind(".", 0, at)


def _input(graph: Graph, registry: Registry, id: NodeId, input: str, target: str) -> str:
    node = graph.nodes[id]
    definition = registry.get(node.type)
    names = [s.name for s in definition.inputs] if definition is not None else [*node.inputs]
    if input not in names:
        raise WorkflowError([f"{target}: {node.type} (node {id}) has no input {input!r}{_near(input, names)}"])
    return input


def _names(graph: Graph) -> list[str]:
    return [*dict.fromkeys(node.title or node.type for node in graph.nodes.values()), *graph.nodes]


def _near(name: str, options: list[str]) -> str:
    close = nearest(name, options)
    shown = close or options[:12]
    if not shown:
        return "."
    return f"; {'did you mean' if close else 'there are'} {', '.join(map(repr, shown))}{'?' if close else '.'}"


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
