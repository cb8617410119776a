"""A graph as ComfyUI's editor saves workflows: nodes with places, links by number, values by position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph.define import NodeDef
from engine.graph.graph import Const, Graph, Link, Node, NodeId
from engine.graph.registry import Registry
from engine.graph.sockets import MISSING, Socket

COLUMN, GAP, HEAD, ROW, WIDTH = 360, 40, 60, 24, 315
"""Pixels of the layout of nodes that have no place of their own."""


def to_comfy_ui(graph: Graph, registry: Registry, looks: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """ComfyUI's UI format, version 0.4.

    Args:
        looks: parsed JSON of the file that the graph came from; its `_meta` gives places, sizes and colours.
    """
    numbers = _numbers(graph)
    places = _places(graph, looks or {})
    links: list[list[Any]] = []
    nodes = []
    for order, (id, node) in enumerate(graph.nodes.items()):
        definition = registry[node.type]
        nodes.append(
            {
                "id": numbers[id],
                "type": node.type,
                "flags": {},
                "order": order,
                "mode": 4 if node.bypass else 0,
                "inputs": _inputs(graph, registry, id, numbers, links),
                "outputs": [
                    {"name": s.name, "type": s.wire, "links": [], "slot_index": n}
                    for n, s in enumerate(definition.outputs)
                ],
                "properties": {"Node name for S&R": node.type},
                "widgets_values": _widgets_values(definition, node),
                **({"title": node.title} if node.title else {}),
                **places[id],
            }
        )
    by_number = {n["id"]: n for n in nodes}
    for number, source, output, *_ in links:
        by_number[source]["outputs"][output]["links"].append(number)
    return {
        "last_node_id": max(numbers.values(), default=0),
        "last_link_id": len(links),
        "nodes": nodes,
        "links": links,
        "groups": [],
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def _numbers(graph: Graph) -> dict[NodeId, int]:
    """Whole numbers in place of ids; those that are numbers already stay."""
    kept = {id: int(id) for id in graph.nodes if id.isascii() and id.isdigit() and str(int(id)) == id}
    new = iter(n for n in range(max(kept.values(), default=0) + 1, 1 << 53))
    return {id: kept[id] if id in kept else next(new) for id in graph.nodes}


def _inputs(
    graph: Graph, registry: Registry, id: NodeId, numbers: Mapping[NodeId, int], links: list[list[Any]]
) -> list[dict[str, Any]]:
    """The inputs that can only be connected, and the typed-in ones that are; their links are added to `links`."""
    shown: list[dict[str, Any]] = []
    for socket in registry[graph.nodes[id].type].inputs:
        arg = graph.nodes[id].inputs.get(socket.name)
        linked = isinstance(arg, Link)
        if socket.typed_in and not linked:
            continue
        told: dict[str, Any] = {"name": socket.name, "type": socket.wire, "link": None}
        if socket.typed_in:
            told["widget"] = {"name": socket.name}
        if socket.optional:
            told["shape"] = 7
        if isinstance(arg, Link):
            told["link"] = len(links) + 1
            wire = registry[graph.nodes[arg.node].type].outputs[arg.output].wire
            links.append([len(links) + 1, numbers[arg.node], arg.output, numbers[id], len(shown), wire])
        shown.append(told)
    return shown


def _widgets_values(definition: NodeDef, node: Node) -> list[Any]:
    """Values in the order of ComfyUI's widgets, those that only its editor has among them."""
    values: list[Any] = []
    for socket in (s for s in definition.inputs if s.typed_in):
        arg = node.inputs.get(socket.name)
        default = None if socket.default is MISSING else socket.default
        values += [arg.value if isinstance(arg, Const) else default, *_editor_only(socket)]
    return values


def _editor_only(socket: Socket) -> list[str]:
    """The value that the editor keeps behind this one: what happens to a seed after a run, and the upload button's."""
    if socket.name in ("seed", "noise_seed") or (socket.widget is not None and socket.widget.name == "seed"):
        return ["fixed"]
    return ["image"] if socket.file is not None and socket.file.kind == "input" else []


def _places(graph: Graph, looks: Mapping[str, Any]) -> dict[NodeId, dict[str, Any]]:
    """Where each node stands: as its file says, else in columns by its distance from the beginning."""
    depth: dict[NodeId, int] = {}
    for id in _ordered(graph):
        sources = [a.node for a in graph.nodes[id].inputs.values() if isinstance(a, Link)]
        depth[id] = max((depth.get(s, 0) + 1 for s in sources), default=0)
    filled: dict[int, int] = {}
    places: dict[NodeId, dict[str, Any]] = {}
    for id, node in graph.nodes.items():
        meta = looks.get(id, {}).get("_meta", {}) if isinstance(looks.get(id), dict) else {}
        column = depth.get(id, 0)
        height = HEAD + ROW * len(node.inputs)
        top = filled.get(column, 0)
        filled[column] = top + height + GAP
        given = {ours: meta[ours] for ours in ("pos", "size", "color") if ours in meta}
        places[id] = {"pos": [column * COLUMN, top], "size": [WIDTH, height], **given}
    return places


def _ordered(graph: Graph) -> list[NodeId]:
    from engine.graph.questions import order

    return order(graph)
