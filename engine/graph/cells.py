"""Cells of a grid: the part of a graph that makes one value, copied for each pair of values on two axes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.graph.axes import Axis, links
from engine.graph.check import depth_first
from engine.graph.graph import Arg, Const, Graph, Link, Node, NodeId

Spot = tuple[int, int]
"""Column and row of a cell."""
Axes = tuple[Axis | None, Axis | None]
"""Of the columns and of the rows; None has one value, the present one."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What makes the cells: copies of nodes, and the value of each cell, row by row."""

    nodes: Mapping[NodeId, Node]
    values: tuple[Link, ...]


def above(graph: Graph, end: NodeId, axes: Sequence[Axis | None] = ()) -> list[NodeId]:
    """The nodes that `end` depends on and itself, each after its own; links that an axis replaces do not count."""
    replaced = {(a.node, a.input) for a in axes if a is not None}
    parents = {
        id: [a.node for name, a in node.inputs.items() if isinstance(a, Link) and (id, name) not in replaced]
        for id, node in graph.nodes.items()
    }
    return depth_first(parents, [end])[0]


def cells(graph: Graph, end: Link, axes: Axes, also: Collection[NodeId], own: NodeId) -> Cells:
    """Copy what hangs on the axes: what hangs on one of them once for each of its values, the rest not at all.

    Args:
        also: nodes to copy once even if they hang on no axis.
        own: the node that expands; ids inside its own surroundings are kept short.
    """
    order = above(graph, end.node, axes)
    hangs = _hanging(graph, order, axes, also)
    stem = own[: own.rfind(".") + 1]
    nodes = {
        _name(id, hangs[id], spot, stem): _copy(graph, id, hangs, spot, axes, stem)
        for id in order
        for spot in _spots(hangs.get(id), axes)
    }
    return Cells(nodes, tuple(_moved(end, hangs, spot, stem) for spot in spots(axes)))


def _count(axis: Axis | None) -> int:
    return 1 if axis is None else len(axis.values)


def spots(axes: Axes) -> list[Spot]:
    """All cells, row by row."""
    return [(column, row) for row in range(_count(axes[1])) for column in range(_count(axes[0]))]


def _hanging(
    graph: Graph, order: Sequence[NodeId], axes: Axes, also: Collection[NodeId]
) -> dict[NodeId, tuple[bool, bool]]:
    """Of each node to copy: whether it hangs on the axis of the columns, and on that of the rows."""
    hangs: dict[NodeId, tuple[bool, bool]] = {}
    for id in order:
        parents = {link.node for link in links(graph, id)} & hangs.keys()
        x, y = (
            (axis is not None and axis.node == id) or any(hangs[p][i] for p in parents) for i, axis in enumerate(axes)
        )
        if x or y:
            hangs[id] = (x, y)
    needed = {link.node for id in hangs for link in links(graph, id)}
    return {id: (False, False) for id in order if id in also and id in needed and id not in hangs} | hangs


def _spots(hanging: tuple[bool, bool] | None, axes: Axes) -> list[Spot]:
    if hanging is None:
        return []
    columns, rows = (_count(axis) if on else 1 for on, axis in zip(hanging, axes, strict=True))
    return [(column, row) for row in range(rows) for column in range(columns)]


def _name(id: NodeId, hanging: tuple[bool, bool], spot: Spot, stem: str) -> NodeId:
    at = "".join(f"{letter}{i}" for letter, i, on in zip("xy", spot, hanging, strict=True) if on)
    return f"{at or 'all'}.{id.removeprefix(stem)}"


def _moved(link: Link, hangs: Mapping[NodeId, tuple[bool, bool]], spot: Spot, stem: str) -> Link:
    on = hangs.get(link.node)
    return link if on is None else Link(_name(link.node, on, spot, stem), link.output)


def _copy(
    graph: Graph,
    id: NodeId,
    hangs: Mapping[NodeId, tuple[bool, bool]],
    spot: Spot,
    axes: Axes,
    stem: str,
) -> Node:
    node, inputs = graph.nodes[id], dict[str, Arg]()
    for name, arg in graph.nodes[id].inputs.items():
        inputs[name] = _moved(arg, hangs, spot, stem) if isinstance(arg, Link) else arg
    told = []
    for axis, on, i in zip(axes, hangs[id], spot, strict=True):
        if axis is not None and on:
            told.append(axis.labels[i])
            inputs |= {axis.input: Const(axis.values[i])} if axis.node == id else {}
    return replace(node, inputs=inputs, title=f"{node.title or node.type} [{', '.join(told)}]" if told else node.title)
