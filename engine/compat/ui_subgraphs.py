"""Definitions of subgraphs in ComfyUI's UI format: their ports by unique names, promoted widgets, instances' values."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from engine.compat.ui_read import INPUT, UiGraph, UiNode
from engine.compat.ui_widgets import EDITOR_ONLY, Values, named_values, values_of

OWN = "-1"
"""What stands for the subgraph itself where promoted widgets are listed."""

MOST_PROMOTED = 1000


class Names:
    """Gives names out once: one that is taken gets a number behind it."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def new(self, name: str) -> str:
        """The name, or with a number behind it."""
        found = name
        while found in self._taken:
            self._taken[name] += 1
            found = f"{name}_{self._taken[name]}"
        self._taken[found] = 0
        return found


class Definition:
    """A definition: its inside, its inputs' names, and the widgets inside that instances show, by (node, widget)."""

    def __init__(self, id: str, graph: UiGraph, title: str) -> None:
        self.id, self.graph, self.title = id, graph, title
        self._names = Names()
        self.ports = tuple(self._names.new(port.name or port.type.lower()) for port in graph.inputs)
        self.shown: dict[tuple[str, str], str] = {}
        self._places = {name: n for n, name in reversed(list(enumerate(self.ports)))}
        self._outlets = {port.name: n for n, port in reversed(list(enumerate(graph.outputs)))}
        self._feed()

    def _feed(self) -> None:
        """Find what the ports feed, and which of them stand for widgets."""
        fed: set[tuple[str, str]] = set()
        typed: set[int] = set()
        for link in self.graph.links.values():
            node = self.graph.nodes.get(link.target)
            if link.source == INPUT and node is not None and 0 <= link.input < len(node.inputs):
                slot = node.inputs[link.input]
                fed.add((node.id, slot.widget or slot.name))
                typed |= {link.output} if slot.widget is not None else set()
        self._fed = fed
        self.typed_in = tuple(name for n, name in enumerate(self.ports) if n in typed)

    def promote(self, node: str, widget: str) -> None:
        """Show a widget of a node inside, unless it is one of the ports already or only an editor's."""
        place = (node, widget)
        if node not in self.graph.nodes or widget in EDITOR_ONLY or widget.startswith("$$"):
            return
        if place not in self.shown and place not in self._fed and len(self.shown) < MOST_PROMOTED:
            self.shown[place] = self._names.new(widget)

    @cached_property
    def known(self) -> frozenset[str]:
        """The names that instances may give values to; asked for after all promotions."""
        return frozenset((*self.ports, *self.shown.values()))

    def port(self, node: UiNode, index: int) -> str:
        """The input that a slot of an instance stands for: by name, else by place."""
        name = node.inputs[index].name
        return name if name in self._places or index >= len(self.ports) else self.ports[index]

    def outlet(self, node: UiNode, index: int) -> int:
        """The output that a slot of an instance stands for: by place, or by name where their counts differ."""
        if len(node.outputs) == len(self.graph.outputs) or not 0 <= index < len(node.outputs):
            return index
        return self._outlets.get(node.outputs[index].name, index)


def promotions(node: UiNode) -> Iterator[tuple[str, str]]:
    """The widgets that an instance shows, as (node inside or "-1", name)."""
    listed = node.properties.get("proxyWidgets")
    for entry in listed if isinstance(listed, list) else ():
        match entry:
            case [str() | int() as inner, str(name), *_]:
                yield str(inner), name


def instance_values(node: UiNode, found: Definition) -> Values:
    """What an instance gives to its definition's ports and promoted widgets, by their names."""
    if named_values(node) is not None:
        told = values_of(node, None)
        return Values({k: v for k, v in told.named.items() if k in found.known}, told.control)
    values = list(node.values)
    promoted = [name if inner == OWN else found.shown.get((inner, name)) for inner, name in promotions(node)]
    names = _names(node, found, len(values), promoted)
    if names is None:
        expected = len(promoted) or len(found.typed_in)
        return Values(aside=values, problem=("widgets_misfit", {"found": len(values), "expected": expected}))
    pairs = zip(names, values, strict=False)
    return Values({name: v for name, v in pairs if name is not None and name in found.known and v is not None})


def _names(node: UiNode, found: Definition, count: int, promoted: list[str | None]) -> list[str | None] | None:
    """What the values of an instance stand for; None where their count fits nothing."""
    if count == 0 or (promoted and count <= len(promoted)):
        return promoted
    own = [s.name for s in node.inputs if s.widget is not None]
    return next(([*names] for names in (found.typed_in, own) if len(names) == count), None)
