"""Writing graphs as plain API format."""

from __future__ import annotations

from typing import Any

from engine.graph.graph import Arg, Graph, Link, Node


def to_api(graph: Graph) -> dict[str, Any]:
    """Plain, flattened API format; reading it gives the same graph."""
    return {id: _node(node) for id, node in graph.nodes.items()}


def _node(node: Node) -> dict[str, Any]:
    meta: dict[str, Any] = {"title": node.title} if node.title else {}
    meta |= {"mode": "bypass"} if node.bypass else {}
    meta |= {"pack": node.pack} if node.pack else {}
    if node.slots is not None:
        meta["slots"] = {"inputs": [*map(list, node.slots.inputs)], "outputs": [*map(list, node.slots.outputs)]}
    written = {"class_type": node.type, "inputs": {name: _arg(arg) for name, arg in node.inputs.items()}}
    return written | ({"_meta": meta} if meta else {})


def _arg(arg: Arg) -> Any:
    """Lists are wrapped, so that nobody takes them for links; so is what looks wrapped itself."""
    if isinstance(arg, Link):
        return [arg.node, arg.output]
    wrap = isinstance(arg.value, list | tuple) or (isinstance(arg.value, dict) and "__value__" in arg.value)
    return {"__value__": arg.value} if wrap else arg.value
