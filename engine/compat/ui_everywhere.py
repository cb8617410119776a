"""cg-use-everywhere: what is broadcast, and which inputs take it that are not connected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from engine.compat.ui_read import BYPASSED, MUTED, UiGraph, UiNode, UiSlot, entries, key, mapping, pair, text
from engine.compat.ui_virtual import VIRTUAL
from engine.compat.ui_wires import middle
from engine.graph.problems import Problem

POSITIVE, NEGATIVE = r"(_|\b)pos(itive|_|\b)|^prompt", r"(_|\b)neg(ative|_|\b)"
"""Names of inputs that Prompts Everywhere feeds from its first and its second input."""

LONGEST_PATTERN, LONGEST_SUBJECT, MOST_STARS, MOST_MARKS = 200, 80, 3, 8
MOST_BROADCASTS, MOST_GROUPS = 128, 500

CONVERTED_BEFORE = (1, 16)
"""Front ends before this list only those widgets among the inputs that were converted, which broadcasts reach."""

Tested = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A link whose source is fed to inputs: of this type, and of these nodes if it is not None."""

    controller: UiNode
    link: str
    source: str
    type: str
    priority: float
    title: Tested | None = None
    input: Tested | None = None
    nodes: frozenset[str] | None = None

    def reaches(self, node: UiNode, slot: UiSlot) -> bool:
        """Whether it feeds this input."""
        if slot.type != self.type or node.id == self.source or (self.nodes is not None and node.id not in self.nodes):
            return False
        if self.title is not None and not self.title(node.title or node.type):
            return False
        return self.input is None or self.input(slot.label or slot.name)


def reached(graph: UiGraph) -> tuple[dict[tuple[str, int], str], list[Problem]]:
    """The links that a graph's broadcasts add, by (node, input), and what could not be told."""
    controllers = [n for n in graph.nodes.values() if _is_controller(n) and n.mode not in (MUTED, BYPASSED)]
    if not controllers:
        return {}, []
    added = _recorded(graph)
    if added:
        return added, []
    problems: list[Problem] = []
    sent = list(islice((b for node in controllers for b in _broadcasts(graph, node, problems)), MOST_BROADCASTS))
    for node, index in _open_inputs(graph):
        slot = node.inputs[index]
        fitting = sorted((b for b in sent if b.reaches(node, slot)), key=lambda b: -b.priority)
        if len(fitting) > 1 and fitting[0].priority == fitting[1].priority:
            names = tuple(dict.fromkeys(b.controller.title or b.controller.type for b in fitting))
            problems.append(
                Problem(
                    "ambiguous_broadcast", {"sources": names, "type": node.type}, node.id, slot.name, None, "warning"
                )
            )
        elif fitting:
            added[node.id, index] = fitting[0].link
    return added, problems


def _is_controller(node: UiNode) -> bool:
    row = VIRTUAL.get(node.type)
    return row is not None and row.kind == "broadcast"


def _recorded(graph: UiGraph) -> dict[tuple[str, int], str]:
    """The links that the pack itself wrote into the file when it last looked at it."""
    found: dict[tuple[str, int], str] = {}
    by_end = {(link.source, link.output): id for id, link in graph.links.items()}
    for entry in entries(graph.extra.get("ue_links")):
        down, up = key(entry.get("downstream")), key(entry.get("upstream"))
        slot, output = entry.get("downstream_slot"), entry.get("upstream_slot")
        if down not in graph.nodes or up is None or type(slot) is not int or type(output) is not int:
            continue
        link = by_end.get((up, output))
        if link is not None:
            found[str(down), slot] = link
    return found


def _broadcasts(graph: UiGraph, node: UiNode, problems: list[Problem]) -> Iterator[Broadcast]:
    told = mapping(node.properties.get("ue_properties")) or node.properties
    patterns = _patterns(node, told)
    nodes = _restricted(graph, node, told, patterns.get("group"))
    for n, slot in enumerate(node.inputs):
        link = graph.links.get(slot.link or "")
        source = None if link is None else graph.nodes.get(link.source)
        if link is None or source is None or slot.link is None or source.mode == MUTED:
            continue
        given = source.outputs[link.output].type if 0 <= link.output < len(source.outputs) else slot.type
        kind = slot.type if given == "*" else given
        asked = dict(patterns)
        if node.type == "Prompts Everywhere" and n < 2:
            asked = {"input": (POSITIVE, NEGATIVE)[n]}
        tests = {name: _tested(pattern) for name, pattern in asked.items() if name != "group"}
        if None in tests.values():
            bad = next(asked[name] for name, test in tests.items() if test is None)
            problems.append(Problem("bad_pattern", {"pattern": bad, "type": node.type}, node.id, None, None, "warning"))
            continue
        yield Broadcast(
            node,
            slot.link,
            source.id,
            kind,
            _priority(node, told, asked),
            tests.get("title"),
            tests.get("input"),
            nodes,
        )


def _patterns(node: UiNode, told: Mapping[str, Any]) -> dict[str, str]:
    """The patterns of titles, inputs and groups that a node restricts itself to."""
    values = node.values if isinstance(node.values, list) and node.type == "Anything Everywhere?" else []
    old = dict(zip(("title", "input", "group"), values, strict=False))
    found = {name: text(told.get(f"{name}_regex") or old.get(name)) for name in ("title", "input", "group")}
    return {name: pattern for name, pattern in found.items() if pattern not in ("", ".*")}


def _priority(node: UiNode, told: Mapping[str, Any], patterns: Mapping[str, str]) -> float:
    """Which of several wins: what is said, else the more the narrower it is."""
    if (said := _number(told.get("priority"))) is not None:
        return said
    narrow = 20 * (node.type == "Anything Everywhere?" or (bool(patterns) and node.type != "Prompts Everywhere"))
    return (
        10
        + 10 * (node.type == "Prompts Everywhere")
        + narrow
        + 3 * bool(told.get("group_restricted"))
        + 6 * bool(told.get("color_restricted"))
        - (node.type == "Anything Everywhere3")
        + (_number(told.get("priority_boost")) or 0)
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _restricted(graph: UiGraph, node: UiNode, told: Mapping[str, Any], pattern: str | None) -> frozenset[str] | None:
    """The nodes that a broadcast may reach by group and colour; None: all."""
    sets: list[set[str]] = []
    every, groups = set(graph.nodes), graph.groups[:MOST_GROUPS]
    if (rule := told.get("group_restricted")) in (1, 2, True):
        mine = {id for g in groups if node.id in (inside := _inside(graph, g)) for id in inside}
        sets.append(every - mine if rule == 2 else mine)
    if (rule := told.get("color_restricted")) in (1, 2, True):
        mine = {n.id for n in graph.nodes.values() if n.raw.get("bgcolor") == node.raw.get("bgcolor")}
        sets.append(every - mine if rule == 2 else mine)
    if pattern is not None:
        test = _tested(pattern)
        named = [g for g in groups if test is not None and test(text(g.get("title")))]
        sets.append({id for g in named for id in _inside(graph, g)})
    return frozenset(set.intersection(*sets)) if sets else None


def _inside(graph: UiGraph, group: Mapping[str, Any]) -> set[str]:
    """The nodes whose middle lies in a group."""
    bounds = group.get("bounding")
    if not isinstance(bounds, list) or (low := pair(bounds)) is None or (size := pair(bounds[2:])) is None:
        return set()
    places = ((n.id, middle(n)) for n in graph.nodes.values())
    return {id for id, p in places if p and all(low[i] <= p[i] <= low[i] + size[i] for i in (0, 1))}


def _open_inputs(graph: UiGraph) -> Iterator[tuple[UiNode, int]]:
    """The inputs that broadcasts may feed: not connected, not typed in unless the node allows it."""
    converted = _version(graph) < CONVERTED_BEFORE
    for node in graph.nodes.values():
        told = mapping(node.properties.get("ue_properties"))
        if _is_controller(node) or node.mode in (MUTED, BYPASSED) or node.properties.get("rejects_ue_links"):
            continue
        allowed = mapping(told.get("widget_ue_connectable") or node.properties.get("widget_ue_connectable"))
        barred = mapping(told.get("input_ue_unconnectable"))
        for n, slot in enumerate(node.inputs):
            if slot.link in graph.links or barred.get(slot.name):
                continue
            if slot.widget is None or converted or allowed.get(slot.widget):
                yield node, n


def _version(graph: UiGraph) -> tuple[int, ...]:
    parts = text(graph.extra.get("frontendVersion")).split(".")[:2]
    return tuple(int(p) for p in parts if p.isascii() and p.isdigit() and len(p) < 6)


def _tested(pattern: str) -> Tested | None:
    """A test for a pattern of a file; None for one that cannot be used, or could take for ever."""
    risky = re.search(r"\)[*+{]|\\[1-9]|\(\?[^:]", pattern) is not None or len(pattern) > LONGEST_PATTERN
    if risky or len(re.findall(r"[*+{]", pattern)) > MOST_STARS or pattern.count("?") > MOST_MARKS:
        return None
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None
    return lambda subject: compiled.search(subject[:LONGEST_SUBJECT]) is not None
