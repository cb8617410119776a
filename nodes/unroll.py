"""Unrolling a loop: the part of a graph between ForEachOpen and ForEachClose, once for each item.  Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.graph.expand import Expand
from engine.graph.graph import Arg, Const, Graph, Link, Node, NodeId
from engine.graph.told import Told

MOST_STEPS = 100_000
"""Node calls that one loop may make."""

ITEM, INDEX = 0, 1


class LoopError(Told):
    """A loop that cannot be run; the message says why and what to do."""


def unroll(graph: Graph, close: NodeId, items: Sequence[Any]) -> Expand:
    """The body of the loop that ends at `close`, once for each of `items` (one or more), and its values joined."""
    inputs = graph.nodes[close].inputs
    loop, value = inputs.get("loop"), inputs.get("value", Const(None))
    if not isinstance(loop, Link) or graph.nodes[loop.node].type != "ForEachOpen":
        raise LoopError("The input loop must come straight from a ForEachOpen node.")
    body = between(graph, loop.node, value)
    if len(items) * len(body) > MOST_STEPS:
        raise LoopError(
            "The loop has {items} items and {nodes} nodes in its body, and at most {most} node calls are made; split "
            "the items among several loops.",
            items=len(items),
            nodes=len(body),
            most=f"{MOST_STEPS:,}",
        )
    names = {id: _short(id, close) for id in body}
    nodes: dict[NodeId, Node] = {}
    values: list[Arg] = []
    for i, item in enumerate(items):
        put = _Round(loop.node, names, i, item)
        for id in body:
            node = graph.nodes[id]
            rewired = {name: put.arg(arg) for name, arg in node.inputs.items()}
            nodes[f"{i}.{names[id]}"] = Node(node.type, rewired, node.title)
        values.append(put.arg(value))
    joins = joined(values)
    return Expand(Graph(nodes | joins), (Link(next(reversed(joins)), 0),))


def between(graph: Graph, start: NodeId, end: Arg) -> tuple[NodeId, ...]:
    """The nodes on the ways from `start` (left out) to `end` (taken in), each after those it depends on."""
    if not isinstance(end, Link):
        return ()
    reached: dict[NodeId, bool] = {start: True}
    order: list[NodeId] = []
    todo: list[tuple[NodeId, bool]] = [(end.node, False)]
    while todo:
        id, leaving = todo.pop()
        above = [a.node for a in graph.nodes[id].inputs.values() if isinstance(a, Link)]
        if leaving:
            reached[id] = any(reached.get(parent) for parent in above)
            if reached[id]:
                order.append(id)
        elif id not in reached:
            reached[id] = False
            todo.append((id, True))
            todo += [(parent, False) for parent in above if parent in graph.nodes and parent not in reached]
    return tuple(order)


class _Round:
    """How links are laid in one round: to the round's own nodes, to its item and number, or out of the loop."""

    def __init__(self, start: NodeId, names: Mapping[NodeId, str], number: int, item: Any) -> None:
        self._start = start
        self._names = names
        self._number = number
        self._constants = {ITEM: Const(item), INDEX: Const(number)}

    def arg(self, arg: Arg) -> Arg:
        if not isinstance(arg, Link):
            return arg
        if arg.node == self._start:
            return self._constants.get(arg.output, arg)
        if arg.node in self._names:
            return Link(f"{self._number}.{self._names[arg.node]}", arg.output)
        return arg


def _short(id: NodeId, close: NodeId) -> str:
    """The id without the part that it shares with the loop's own, when that is itself inside an expansion."""
    return id.removeprefix(close[: close.rfind(".") + 1])


def joined(values: Sequence[Arg]) -> dict[NodeId, Node]:
    """Nodes that join values pairwise, level by level; the last one gives the whole list."""
    nodes: dict[NodeId, Node] = {}
    row = [Const([v.value]) if isinstance(v, Const) else v for v in values]
    level = 0
    while level == 0 or len(row) > 1:
        pairs = [row[i : i + 2] for i in range(0, len(row), 2)]
        row = []
        for i, pair in enumerate(pairs):
            id = f"list.{level}.{i}"
            nodes[id] = Node("ListJoin", dict(zip(("first", "second"), pair, strict=False)))
            row.append(Link(id, 0))
        level += 1
    return nodes
