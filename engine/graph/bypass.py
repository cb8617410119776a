"""Bypass: links through nodes that are switched off are joined to the input that passes through."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.graph.graph import Arg, Graph, Link, Node, NodeId
from engine.graph.registry import Registry
from engine.graph.sockets import accepts


def healed(graph: Graph, registry: Registry) -> Graph:
    """The graph without its bypassed nodes: what used their outputs gets what went in instead.

    An output passes the input with the same slot index if its type fits, else the first of exactly its type, else
    nothing: then the input that used it is left out. Slots are counted as ComfyUI's front end counts them: inputs
    that can only be connected first, then those that can also be typed in. Of a type that the registry does not
    know the file's own slots count; where it tells none, output n passes the n-th link.
    """
    off = {id: node for id, node in graph.nodes.items() if node.bypass}
    if not off:
        return graph
    through = {id: _passes(node, registry) for id, node in off.items()}
    kept = {id: rejoined(node, through) for id, node in graph.nodes.items() if id not in off}
    return Graph(kept)


def _passes(node: Node, registry: Registry) -> Sequence[Arg | None]:
    """What stands for each output of a bypassed node."""
    definition = registry.get(node.type)
    if definition is None and node.slots is not None:
        names, told = [n for n, _ in node.slots.inputs], [t for _, t in node.slots.inputs]
        args = [node.inputs.get(name) for name in names]
        return [passing(n, wanted, told, args, str.__eq__) for n, (_, wanted) in enumerate(node.slots.outputs)]
    if definition is None:
        return [arg for arg in node.inputs.values() if isinstance(arg, Link)]
    slots = sorted(definition.inputs, key=lambda s: s.typed_in)
    values = [node.inputs.get(s.name) for s in slots]
    types = [s.type for s in slots]
    return [passing(n, output.type, types, values) for n, output in enumerate(definition.outputs)]


def passing(
    slot: int,
    wanted: Any,
    types: Sequence[Any],
    values: Sequence[Arg | None],
    fits: Callable[[Any, Any], bool] = accepts,
) -> Arg | None:
    """The value that stands for output `slot` of type `wanted`; constants only stand for their exact type."""
    if slot < len(types) and fits(types[slot], wanted) and isinstance(values[slot], Link):
        return values[slot]
    return next((v for t, v in zip(types, values, strict=True) if t == wanted and v is not None), None)


def rejoined(node: Node, through: Mapping[NodeId, Sequence[Arg | None]]) -> Node:
    """The node with its links led on: `through` says what stands for each output of a node that is taken out."""
    if not any(isinstance(a, Link) and a.node in through for a in node.inputs.values()):
        return node
    found = {name: _followed(arg, through) for name, arg in node.inputs.items()}
    return replace(node, inputs={name: arg for name, arg in found.items() if arg is not None})


def _followed(arg: Arg | None, through: Mapping[NodeId, Sequence[Arg | None]]) -> Arg | None:
    """Where a link leads behind all bypassed nodes; None if nothing comes through, or only itself."""
    passed: set[Link] = set()
    while isinstance(arg, Link) and arg.node in through:
        if arg in passed:
            return None
        passed.add(arg)
        outputs = through[arg.node]
        arg = outputs[arg.output] if 0 <= arg.output < len(outputs) else None
    return arg
