"""A graph as ComfyUI's editor saves workflows: nodes with places, links by number, values by position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.graph.graph import Const, Graph, Link, Node, NodeId, Slots
from engine.graph.read import WORKFLOW
from engine.graph.registry import Registry
from engine.graph.sockets import MISSING, Socket

COLUMN, GAP, HEAD, ROW, WIDTH = 360, 40, 60, 24, 315
"""Pixels of the layout of nodes that have no place of their own."""


def to_comfy_ui(graph: Graph, registry: Registry, looks: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """ComfyUI's UI format, version 0.4.

    Args:
        looks: parsed JSON of the file that the graph came from; its `_meta` gives places, sizes and colours, its
            `_workflow` entry frames and notes. Node types that are not known have the slots that the file tells.
    """
    numbers = _numbers(graph)
    shapes = {id: _shape(graph, registry, id) for id in graph.nodes}
    places = _places(graph, looks or {})
    links: list[list[Any]] = []
    nodes = []
    for order, (id, node) in enumerate(graph.nodes.items()):
        shape = shapes[id]
        nodes.append(
            {
                "id": numbers[id],
                "type": node.type,
                "flags": {},
                "order": order,
                "mode": 4 if node.bypass else 0,
                "inputs": _inputs(graph, shapes, id, numbers, links),
                "outputs": [
                    {"name": s.name, "type": s.wire, "links": [], "slot_index": n} for n, s in enumerate(shape.outputs)
                ],
                "properties": {"Node name for S&R": node.type, **({"cnr_id": node.pack} if node.pack else {})},
                "widgets_values": _kept(looks or {}, id) or _widgets_values(shape, node),
                **({"title": node.title} if node.title else {}),
                **places[id],
            }
        )
    by_number = {n["id"]: n for n in nodes}
    for number, source, output, *_ in links:
        by_number[source]["outputs"][output]["links"].append(number)
    about = _part(_part(looks or {}, WORKFLOW), "_meta")
    last = max(numbers.values(), default=0)
    notes = [_note(raw, last + n) for n, raw in enumerate(_listed(about, "notes"), 1)]
    return {
        "last_node_id": last + len(notes),
        "last_link_id": len(links),
        "nodes": nodes + notes,
        "links": links,
        "groups": [_group(raw, n) for n, raw in enumerate(_listed(about, "groups"), 1)],
        "config": {},
        "extra": {},
        "version": 0.4,
    }


def _numbers(graph: Graph) -> dict[NodeId, int]:
    """Whole numbers in place of ids; those that are numbers already stay."""
    kept = {id: int(id) for id in graph.nodes if id.isascii() and id.isdigit() and str(int(id)) == id}
    new = iter(n for n in range(max(kept.values(), default=0) + 1, 1 << 53))
    return {id: kept[id] if id in kept else next(new) for id in graph.nodes}


@dataclass(frozen=True, slots=True)
class _Shape:
    """The sockets of a node."""

    inputs: tuple[Socket, ...]
    outputs: tuple[Socket, ...]


def _shape(graph: Graph, registry: Registry, id: NodeId) -> _Shape:
    """By its type; of an unknown one by what its file tells of its slots, else by its links."""
    node = graph.nodes[id]
    definition = registry.get(node.type)
    if definition is not None:
        return _Shape(definition.inputs, definition.outputs)
    told = node.slots or Slots()
    linked = [name for name, arg in node.inputs.items() if isinstance(arg, Link)]
    inputs = dict(told.inputs) or dict.fromkeys(linked, "*")
    used = (a.output for n in graph.nodes.values() for a in n.inputs.values() if isinstance(a, Link) and a.node == id)
    missing = max((output + 1 for output in used), default=0) - len(told.outputs)
    outputs = (*told.outputs, *[("*", "*")] * missing)
    return _Shape(tuple(_socket(*s) for s in inputs.items()), tuple(_socket(*s) for s in outputs))


def _socket(name: str, wire: str) -> Socket:
    return Socket(name, type("Unknown", (), {"wire_name": wire}))


def _inputs(
    graph: Graph, shapes: Mapping[NodeId, _Shape], id: NodeId, numbers: Mapping[NodeId, int], links: list[list[Any]]
) -> list[dict[str, Any]]:
    """The inputs that can only be connected, and the typed-in ones that are; their links are added to `links`."""
    shown: list[dict[str, Any]] = []
    for socket in shapes[id].inputs:
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
            wire = shapes[arg.node].outputs[arg.output].wire
            links.append([len(links) + 1, numbers[arg.node], arg.output, numbers[id], len(shown), wire])
        shown.append(told)
    return shown


def _widgets_values(shape: _Shape, node: Node) -> list[Any]:
    """Values in the order of ComfyUI's widgets, those that only its editor has among them."""
    values: list[Any] = []
    for socket in (s for s in shape.inputs if s.typed_in):
        arg = node.inputs.get(socket.name)
        default = None if socket.default is MISSING else socket.default
        values += [arg.value if isinstance(arg, Const) else default, *_editor_only(socket)]
    return values


def _kept(looks: Mapping[str, Any], id: NodeId) -> list[Any]:
    """Values by position as the file keeps them of a node whose type it did not know."""
    values = _part(_part(looks, id), "_meta").get("widgets_values")
    return values if isinstance(values, list) else []


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


def _note(raw: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A note as the node that it is in ComfyUI's editors."""
    return {
        "id": number,
        "type": "MarkdownNote" if raw.get("markdown") is True else "Note",
        "pos": raw.get("pos", [0, 0]),
        "size": raw.get("size", [WIDTH, HEAD]),
        "flags": {},
        "order": 0,
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "properties": {},
        "widgets_values": [str(raw.get("text", ""))],
    }


def _group(raw: Mapping[str, Any], number: int) -> dict[str, Any]:
    bounds = [*raw.get("pos", [0, 0]), *raw.get("size", [WIDTH, WIDTH])]
    look = {ours: raw[ours] for ours in ("color", "font_size") if ours in raw}
    return {"id": number, "title": str(raw.get("title", "")), "bounding": bounds, "flags": {}, **look}


def _listed(about: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = about.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = value.get(name)
    return part if isinstance(part, Mapping) else {}


def _ordered(graph: Graph) -> list[NodeId]:
    from engine.graph.questions import order

    return order(graph)
