"""Nodes that exist in editors only, ComfyUI's own and those of widely used packs, as a table.

A row says how links go on behind the node, whether it is a note, or why it can be left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from engine.compat.ui_read import MUTED, UiNode
from engine.compat.ui_wires import Lost, Onward, Out, Through, Value, Wires

Kind = Literal["link", "note", "switch", "mark", "broadcast"]


@dataclass(frozen=True, slots=True)
class Virtual:
    """One row.

    Args:
        kind: "link": links go through it; "note": its text is kept; "switch", "mark": without meaning in a file;
            "broadcast": feeds inputs that are not connected.
        through: what stands behind its outputs. own: whether it is ComfyUI's own, which no pack can replace.
    """

    kind: Kind
    through: Through | None = None
    own: bool = False


def first(wires: Wires, node: UiNode, output: int) -> Onward | Value:
    """What enters at its first input."""
    return Onward(wires.link_at(node, 0))


def held(wires: Wires, node: UiNode, output: int) -> Onward | Value:
    """The value typed into it."""
    value = _first_value(node)
    return Onward(None) if value is None else Value(value)


def fetched(wires: Wires, node: UiNode, output: int) -> Onward | Value:
    """What enters the SetNode of the same name."""
    if "setters" not in wires.memory:
        found = (n for n in wires.graph.nodes.values() if n.type == "SetNode")
        wires.memory["setters"] = {str(_first_value(n)): n for n in reversed(list(found))}
    setter = wires.memory["setters"].get(str(_first_value(node)))
    return Onward(wires.link_at(setter, 0) if setter is not None else None)


def any_of(wires: Wires, node: UiNode, output: int) -> Onward | Value:
    """What enters at the first input that is fed."""
    links = (wires.link_at(node, n) for n in range(len(node.inputs)))
    return Onward(next((link for link in links if link is not None and _fed(wires, link)), None))


def context(wires: Wires, node: UiNode, output: int) -> Onward | Value:
    """A field of a context: its own, else that of the contexts it is made of, by the rule of its type."""
    name = _field(node.outputs[output].name) if output < len(node.outputs) else ""
    todo, seen = [node], set()
    while todo:
        here = todo.pop()
        if here.id in seen or here.mode == MUTED:
            continue
        seen.add(here.id)
        own = next((n for n, s in enumerate(here.inputs) if _field(s.name) == name), None)
        link = None if own is None else wires.link_at(here, own)
        if link is not None and _fed(wires, link):
            return Onward(link)
        todo += list(_bases(wires, here))[::-1]
    return Onward(None)


def _bases(wires: Wires, node: UiNode) -> Iterator[UiNode]:
    """The contexts that a context is made of, the first to be asked first."""
    links = [wires.link_at(node, n) for n, s in enumerate(node.inputs) if s.name == "base_ctx" or s.name[:4] == "ctx_"]
    sources = (wires.follow(link, _is_context)[0] for link in links if link is not None)
    found = [wires.graph.nodes[s.node] for s in sources if isinstance(s, Out)]
    found = [n for n in found if _is_context(n) and n.mode != MUTED]
    if "Merge" in node.type:
        found.reverse()
    yield from found[:1] if "Switch" in node.type else found


def _is_context(node: UiNode) -> bool:
    return node.type in CONTEXTS


def _field(name: str) -> str:
    lowered = name.lower()
    return "images" if lowered == "image" else lowered


def _fed(wires: Wires, link: str) -> bool:
    """Whether anything comes by a link: it begins somewhere, and not at a muted node."""
    source, _ = wires.follow(link, lambda n: n.type not in PLAIN_PASSES)
    if isinstance(source, Out):
        return wires.graph.nodes[source.node].mode != MUTED
    return not isinstance(source, Lost)


def _first_value(node: UiNode) -> object:
    values = node.values
    if isinstance(values, list):
        return values[0] if values else next(iter(node.named.values()), None)
    return next(iter(values.values()), None)


PLAIN_PASSES = ("Reroute", "Reroute (rgthree)", "GetNode", "SetNode")
CONTEXTS = tuple(f"Context{kind}{size} (rgthree)" for kind in ("", " Switch", " Merge") for size in ("", " Big"))

_NOTE, _SWITCH, _MARK = Virtual("note"), Virtual("switch"), Virtual("mark")

VIRTUAL: Mapping[str, Virtual] = {
    "Reroute": Virtual("link", first, own=True),
    "PrimitiveNode": Virtual("link", held, own=True),
    "Note": Virtual("note", own=True),
    "MarkdownNote": Virtual("note", own=True),
    "SetNode": Virtual("link", first),
    "GetNode": Virtual("link", fetched),
    "Reroute (rgthree)": Virtual("link", first),
    "Any Switch (rgthree)": Virtual("link", any_of),
    **dict.fromkeys(CONTEXTS, Virtual("link", context)),
    "Label (rgthree)": _NOTE,
    "Bookmark (rgthree)": _MARK,
    "Fast Muter (rgthree)": _SWITCH,
    "Fast Bypasser (rgthree)": _SWITCH,
    "Fast Groups Muter (rgthree)": _SWITCH,
    "Fast Groups Bypasser (rgthree)": _SWITCH,
    "Fast Actions Button (rgthree)": _SWITCH,
    "Mute / Bypass Relay (rgthree)": _SWITCH,
    "Mute / Bypass Repeater (rgthree)": _SWITCH,
    "Random Unmuter (rgthree)": _SWITCH,
    "Node Collector (rgthree)": _SWITCH,
    "Anything Everywhere": Virtual("broadcast"),
    "Anything Everywhere3": Virtual("broadcast"),
    "Anything Everywhere?": Virtual("broadcast"),
    "Prompts Everywhere": Virtual("broadcast"),
}
"""What each does, by type. Where an installed pack brings a node of the name, that is meant, but for ComfyUI's own."""

THROUGH: Mapping[str, Callable[[Wires, UiNode, int], Onward | Value]] = {
    name: row.through for name, row in VIRTUAL.items() if row.through is not None
}
ALWAYS = frozenset(name for name, row in VIRTUAL.items() if row.own)
