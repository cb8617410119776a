"""ComfyUI's UI format (0.4 and 1.0) as values: nodes, links, groups and definitions, whatever the file holds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

INPUT, OUTPUT = "-10", "-20"
"""The ids by which links inside a definition name its own inputs and outputs."""

MUTED, BYPASSED = 2, 4


@dataclass(frozen=True, slots=True)
class UiSlot:
    """An input or output of a node: `link` is the id of an input's link, `widget` the name of what it replaces."""

    name: str
    type: str = "*"
    link: str | None = None
    widget: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class UiNode:
    """A node as the file has it; `values` are its widgets' by position or by name, `named` always by name."""

    id: str
    type: str
    mode: int = 0
    inputs: tuple[UiSlot, ...] = ()
    outputs: tuple[UiSlot, ...] = ()
    values: list[Any] | Mapping[str, Any] = field(default_factory=list)
    named: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The title that a person gave it, or nothing."""
        return text(self.raw.get("title"))


@dataclass(frozen=True, slots=True)
class UiLink:
    """A link from output to input, slots by index; `reroute` is the dot on it that is nearest to its end."""

    source: str
    output: int
    target: str
    input: int
    reroute: str | None = None


@dataclass(frozen=True, slots=True)
class UiPort:
    """An input or output of a definition, and the ids of its links inside."""

    name: str
    type: str = "*"
    label: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UiGraph:
    """One graph of a file: the outer one, or that of a definition, which has ports."""

    nodes: Mapping[str, UiNode]
    links: Mapping[str, UiLink] = field(default_factory=dict)
    inputs: tuple[UiPort, ...] = ()
    outputs: tuple[UiPort, ...] = ()
    dots: Mapping[str, tuple[list[float], str | None]] = field(default_factory=dict)
    groups: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    doubled: tuple[str, ...] = ()


def read_graph(value: Mapping[str, Any]) -> UiGraph:
    """The graph in a file or in a definition; what is no node or no link is left out."""
    extra = mapping(value.get("extra"))
    nodes = [n for entry in entries(value.get("nodes")) if (n := read_node(entry)) is not None]
    by_id: dict[str, UiNode] = {}
    for node in nodes:
        by_id.setdefault(node.id, node)
    doubled = tuple(node.id for node in nodes if by_id[node.id] is not node)
    parents = {key(e.get("id")): key(e.get("parentId")) for e in entries(extra.get("linkExtensions"))}
    return UiGraph(
        by_id,
        dict(_links(value.get("links"), parents)),
        tuple(_ports(value.get("inputs"))),
        tuple(_ports(value.get("outputs"))),
        dict(_dots([*entries(value.get("reroutes")), *entries(extra.get("reroutes"))])),
        tuple(entries(value.get("groups"))),
        extra,
        text(value.get("name")),
        doubled,
    )


def read_node(entry: Mapping[str, Any]) -> UiNode | None:
    """A node; None for an entry without id or type."""
    id, kind = key(entry.get("id")), entry.get("type")
    if id is None or not isinstance(kind, str):
        return None
    values, mode = entry.get("widgets_values"), entry.get("mode")
    return UiNode(
        id,
        kind,
        mode if type(mode) is int else 0,
        tuple(_slots(entry.get("inputs"))),
        tuple(_slots(entry.get("outputs"))),
        values if isinstance(values, list | dict) else [],
        mapping(entry.get("widgets_values_named")),
        mapping(entry.get("properties")),
        entry,
    )


def _slots(value: Any) -> Iterator[UiSlot]:
    for entry in value if isinstance(value, list) else ():
        slot = mapping(entry)
        widget = mapping(slot.get("widget")).get("name")
        named = widget if isinstance(widget, str) else None
        yield UiSlot(
            text(slot.get("name")), wire(slot.get("type")), key(slot.get("link")), named, text(slot.get("label"))
        )


def _links(value: Any, parents: Mapping[str | None, str | None]) -> Iterator[tuple[str, UiLink]]:
    """Links by id: lists in 0.4, objects in 1.0 and in definitions."""
    for entry in value if isinstance(value, list) else ():
        match entry:
            case [id, source, output, target, input, *_]:
                parts = (id, source, output, target, input, parents.get(key(id)))
            case {"id": id, "origin_id": source, "origin_slot": output, "target_id": target, "target_slot": input}:
                parts = (id, source, output, target, input, key(entry.get("parentId")))
            case _:
                continue
        name, start, end = key(parts[0]), key(parts[1]), key(parts[3])
        if name is None or start is None or end is None or type(parts[2]) is not int or type(parts[4]) is not int:
            continue
        yield name, UiLink(start, parts[2], end, parts[4], parts[5])


def _ports(value: Any) -> Iterator[UiPort]:
    for entry in entries(value):
        ids = entry.get("linkIds")
        links = tuple(id for raw in (ids if isinstance(ids, list) else ()) if (id := key(raw)) is not None)
        yield UiPort(text(entry.get("name")), wire(entry.get("type")), text(entry.get("label")), links)


def _dots(dots: list[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[list[float], str | None]]]:
    for entry in dots:
        id, place = key(entry.get("id")), pair(entry.get("pos"))
        if id is not None and place is not None:
            yield id, (place, key(entry.get("parentId")))


def entries(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    return [e for e in value if isinstance(e, dict)] if isinstance(value, list) else []


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """A text, or an empty one."""
    return value if isinstance(value, str) else ""


def key(value: Any) -> str | None:
    """An id: whole numbers and texts are alike."""
    if isinstance(value, str):
        return value or None
    return str(value) if type(value) is int else None


def wire(value: Any) -> str:
    """The name of a type; a list of options is a COMBO, 0 and -1 are anything."""
    return value if isinstance(value, str) and value else "COMBO" if isinstance(value, list) else "*"


def pair(value: Any) -> list[float] | None:
    """Two finite numbers, from a list or from an object with the keys "0" and "1"."""
    if isinstance(value, dict):
        value = [value.get("0"), value.get("1")]
    if not isinstance(value, list) or len(value) < 2:
        return None
    first, second = value[0], value[1]
    if not all(type(v) in (int, float) and math.isfinite(v) and abs(v) < 1e9 for v in (first, second)):
        return None
    return [first, second]
