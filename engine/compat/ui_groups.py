"""ComfyUI's old group nodes ("workflow/NAME") as definitions of subgraphs, one for each set of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.compat.ui_read import INPUT, OUTPUT, UiGraph, UiLink, UiNode, UiPort, entries, key, mapping, read_node, text
from engine.compat.ui_widgets import defined_widgets, laid_out
from engine.graph.registry import Registry

PREFIXES = ("workflow/", "workflow>")


def group_name(type: str) -> str | None:
    """The name of the group that a node type is an instance of."""
    return next((type.removeprefix(p) for p in PREFIXES if type.startswith(p)), None)


def group_graph(data: Mapping[str, Any], values: Any, registry: Registry) -> tuple[UiGraph, bool]:
    """The inside of a group node with an instance's values laid over, and whether these fitted.

    Its ports stand in the order of the instance's slots: what is not connected inside, converted widgets last.
    """
    raws = entries(data.get("nodes"))
    links = list(_inner_links(data.get("links")))
    targets = {(link.target, link.input): f"l{n}" for n, link in enumerate(links)}
    nodes = [n for index, raw in enumerate(raws) if (n := _inner(raw, index, targets)) is not None]
    given = values if isinstance(values, list) else []
    laid = _laid_over(nodes, given, mapping(data.get("config")), registry)
    table = {f"l{n}": link for n, link in enumerate(links)}
    kept = laid if laid is not None else nodes
    inputs = list(_open(kept, data, table))
    outputs = list(_given(kept, data, links))
    table |= {f"i{n}": UiLink(INPUT, n, node, slot) for n, (node, slot, _) in enumerate(inputs)}
    table |= {f"o{n}": UiLink(node, slot, OUTPUT, n) for n, (node, slot, _) in enumerate(outputs)}
    ends = {(node, slot): f"i{n}" for n, (node, slot, _) in enumerate(inputs)}
    closed = {n.id: _inner({**n.raw, "widgets_values": n.values}, int(n.id), targets | ends) for n in kept}
    return (
        UiGraph(
            {id: node for id, node in closed.items() if node is not None},
            table,
            tuple(port for *_, port in inputs),
            tuple(port for *_, port in outputs),
            extra=mapping(data.get("extra")),
        ),
        laid is not None,
    )


def _inner_links(value: Any) -> Iterator[UiLink]:
    """Links of a group: lists of the indices of nodes and slots."""
    for entry in value if isinstance(value, list) else ():
        match entry:
            case [int(source), int(output), int(target), int(input), *_]:
                yield UiLink(str(source), output, str(target), input)


def _inner(raw: Mapping[str, Any], index: int, targets: Mapping[tuple[str, int], str]) -> UiNode | None:
    """A node of a group under its index, linked anew."""
    slots = raw.get("inputs")
    inputs = [
        {**mapping(slot), "link": targets.get((str(index), n))}
        for n, slot in enumerate(slots if isinstance(slots, list) else ())
    ]
    return read_node({**raw, "id": index, "inputs": inputs})


def _laid_over(
    nodes: Sequence[UiNode], values: Sequence[Any], config: Mapping[str, Any], registry: Registry
) -> list[UiNode] | None:
    """The nodes with an instance's values in the place of their own; None where their counts differ."""
    places = [_shown(node, mapping(mapping(config.get(node.id)).get("input")), registry) for node in nodes]
    if not values:
        return list(nodes)
    if sum(map(len, places)) != len(values):
        return None
    rest = iter(values)
    laid = []
    for node, shown in zip(nodes, places, strict=True):
        own = list(node.values)
        for place in shown:
            own[place] = next(rest)
        laid.append(_with_values(node, own))
    return laid


def _with_values(node: UiNode, values: list[Any]) -> UiNode:
    return UiNode(node.id, node.type, node.mode, node.inputs, node.outputs, values, {}, node.properties, node.raw)


def _shown(node: UiNode, config: Mapping[str, Any], registry: Registry) -> list[int]:
    """The places of a node's values that the group shows: those of widgets neither converted nor hidden."""
    if not isinstance(node.values, list):
        return []
    hidden = {slot.widget for slot in node.inputs if slot.widget is not None}
    hidden |= {name for name, told in config.items() if mapping(told).get("visible") is False}
    definition = registry.get(node.type)
    layout = None if definition is None else laid_out(defined_widgets(definition), node.values)
    if layout is None:
        return [*range(len(node.values))]
    return [n for n, (name, _) in enumerate(layout) if name not in hidden]


def _open(
    nodes: Sequence[UiNode], data: Mapping[str, Any], table: Mapping[str, UiLink]
) -> Iterator[tuple[str, int, UiPort]]:
    """The inputs that the group shows: (node, slot, port)."""
    config = mapping(data.get("config"))
    for converted in (False, True):
        for node in nodes:
            told = mapping(mapping(config.get(node.id)).get("input"))
            for n, slot in enumerate(node.inputs):
                own = mapping(told.get(slot.name))
                if slot.link in table or own.get("visible") is False:
                    continue
                if (slot.widget is not None) is converted:
                    yield node.id, n, UiPort(text(own.get("name")) or slot.label or slot.name, slot.type)


def _given(
    nodes: Sequence[UiNode], data: Mapping[str, Any], links: Sequence[UiLink]
) -> Iterator[tuple[str, int, UiPort]]:
    """The outputs that the group shows: those not used inside, and those said to be used outside too."""
    used = {(link.source, link.output) for link in links}
    outside = data.get("external")
    listed = [e for e in (outside if isinstance(outside, list) else ()) if isinstance(e, list) and len(e) > 1]
    outer = {(key(e[0]), e[1]) for e in listed if type(e[1]) is int}
    config = mapping(data.get("config"))
    for node in nodes:
        told = mapping(mapping(config.get(node.id)).get("output"))
        for n, slot in enumerate(node.outputs):
            own = mapping(told.get(str(n)))
            if own.get("visible") is not False and ((node.id, n) not in used or (node.id, n) in outer):
                yield node.id, n, UiPort(text(own.get("name")) or slot.name, slot.type)
