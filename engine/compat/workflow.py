"""ComfyUI's UI format, 0.4 and 1.0, as our file: values by name, links through the editor's own nodes, subgraphs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.compat.ui_clean import cleaned
from engine.compat.ui_everywhere import reached
from engine.compat.ui_groups import group_graph, group_name
from engine.compat.ui_look import group, look, note, origin
from engine.compat.ui_read import OUTPUT, UiGraph, UiNode, entries, key, mapping, read_graph, text
from engine.compat.ui_subgraphs import Definition, Names, instance_values, promotions
from engine.compat.ui_virtual import ALWAYS, THROUGH, VIRTUAL, Virtual
from engine.compat.ui_widgets import Values, values_of
from engine.compat.ui_wires import Budget, Lost, Out, Port, Value, Wires
from engine.graph.problems import GraphError, Problem
from engine.graph.read import WORKFLOW
from engine.graph.registry import Registry
from engine.graph.subgraphs import MOST_NODES, SUBGRAPH


@dataclass(frozen=True, slots=True)
class Translated:
    """A file of ours as a JSON object, and what a reader should know of how it came about (warnings)."""

    workflow: dict[str, Any]
    problems: tuple[Problem, ...] = ()


def is_ui(value: Any) -> bool:
    """Whether parsed JSON is a workflow in ComfyUI's UI format."""
    return isinstance(value, Mapping) and isinstance(value.get("nodes"), list) and "class_type" not in value


def translate(value: Mapping[str, Any], registry: Registry) -> Translated:
    """Our file for a workflow in ComfyUI's UI format; raises GraphError for one that cannot be read."""
    clean, problems = cleaned(value)
    translator = _Translator(registry, mapping(mapping(clean.get("extra")).get("groupNodes")), problems)
    return Translated(translator.file(clean), tuple(problems))


@dataclass(slots=True)
class _Written:
    """One graph in our words; `ends` are the inputs that each port of its definition feeds."""

    wires: Wires
    nodes: dict[str, Any] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)
    ends: dict[int, list[list[str]]] = field(default_factory=dict)


@dataclass(slots=True)
class _Translator:
    """The work on one file."""

    registry: Registry
    groups: Mapping[str, Any]
    problems: list[Problem]
    definitions: dict[str, Definition] = field(default_factory=dict)
    grouped: dict[str, Definition] = field(default_factory=dict)
    members: dict[int, Definition] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    count: int = 0
    budget: Budget = field(default_factory=Budget)

    def file(self, value: Mapping[str, Any]) -> dict[str, Any]:
        top = read_graph(value)
        for entry in entries(mapping(value.get("definitions")).get("subgraphs")):
            if (id := key(entry.get("id"))) is not None:
                graph = read_graph(entry)
                self.definitions.setdefault(id, Definition(self.names.new(id), graph, graph.title))
        for graph in (top, *(d.graph for d in self.definitions.values())):
            self._promote(graph)
        written = self._graph(top, "")
        meta: dict[str, Any] = {"version": 1}
        meta |= {"groups": [group(g) for g in top.groups]} if top.groups else {}
        meta |= {"notes": written.notes} if written.notes else {}
        subgraphs = self._subgraphs()
        meta |= {"subgraphs": subgraphs} if subgraphs else {}
        if len(meta) == 1:
            return written.nodes
        return {**written.nodes, WORKFLOW: {"class_type": "PrimitiveString", "inputs": {"value": ""}, "_meta": meta}}

    def _promote(self, graph: UiGraph) -> None:
        for node in graph.nodes.values():
            if (found := self.definitions.get(node.type)) is not None:
                for inner, name in promotions(node):
                    found.promote(inner, name)

    def _subgraphs(self) -> dict[str, Any]:
        """All definitions; those of group nodes are found on the way."""
        written: dict[str, Any] = {}
        todo = [*self.definitions.values(), *self.grouped.values()]
        while todo:
            for found in todo:
                written[found.id] = self._definition(found)
            todo = [d for d in self.grouped.values() if d.id not in written]
        return written

    def _definition(self, found: Definition) -> dict[str, Any]:
        graph = found.graph
        written = self._graph(graph, f"{found.title or found.id}:")
        inputs = [
            {"name": name, "type": port.type, "to": written.ends.get(n, [])}
            | ({"label": port.label} if port.label and port.label != name else {})
            for n, (name, port) in enumerate(zip(found.ports, graph.inputs, strict=True))
        ]
        shown = [
            {"name": name, "type": self._widget_type(graph.nodes[node], widget), "to": [[node, widget]]}
            for (node, widget), name in found.shown.items()
            if node in written.nodes
        ]
        told: dict[str, Any] = {"title": found.title, "nodes": written.nodes, "inputs": inputs}
        told |= {"widgets": shown} if shown else {}
        told["outputs"] = self._outputs(found, written.wires)
        told |= {"groups": [group(g) for g in graph.groups]} if graph.groups else {}
        return told | ({"notes": written.notes} if written.notes else {})

    def _widget_type(self, node: UiNode, widget: str) -> str:
        definition = self.registry.get(node.type)
        socket = definition.input(widget) if definition is not None else None
        return socket.wire if socket is not None else "*"

    def _outputs(self, found: Definition, wires: Wires) -> list[dict[str, Any]]:
        graph = found.graph
        into = {link.input: id for id, link in graph.links.items() if link.target == OUTPUT}
        told = []
        for n, port in enumerate(graph.outputs):
            source, _ = wires.follow(into.get(n))
            begin: Any = None
            if isinstance(source, Out):
                begin = self._link(graph, source)
            elif isinstance(source, Port) and source.index < len(found.ports):
                begin = found.ports[source.index]
            label = {"label": port.label} if port.label and port.label != port.name else {}
            told.append({"name": port.name, "type": port.type, "from": begin, **label})
        return told

    def _wires(self, graph: UiGraph) -> Wires:
        added, problems = reached(graph)
        self.problems += problems
        return Wires(graph, self.registry, THROUGH, ALWAYS, added, self.budget)

    def _graph(self, graph: UiGraph, where: str) -> _Written:
        self.count += len(graph.nodes)
        if self.count > MOST_NODES:
            raise GraphError([Problem("too_many_nodes", {"limit": MOST_NODES})])
        if graph.doubled:
            raise GraphError([Problem("duplicate_id", {"id": where + id}, where + id) for id in graph.doubled])
        for node in graph.nodes.values():
            self._group_node(node, where)
        written = _Written(self._wires(graph))
        for node in graph.nodes.values():
            row = self._row(node)
            if row is not None:
                self._virtual(row, node, where, written)
            else:
                written.nodes[node.id] = self._node(node, where, written)
        return written

    def _row(self, node: UiNode) -> Virtual | None:
        """What the table says of a node that only exists in an editor."""
        row = VIRTUAL.get(node.type)
        return row if row is not None and (row.own or node.type not in self.registry) else None

    def _virtual(self, row: Virtual, node: UiNode, where: str, written: _Written) -> None:
        if row.kind == "note":
            written.notes.append(note(node))
        elif row.kind in ("switch", "mark"):
            self._warn("left_out", {"reason": row.kind}, where, node)

    def _warn(self, code: str, args: Mapping[str, Any], where: str, node: UiNode, input: str | None = None) -> None:
        args = {**args, "type": node.type}
        self.problems.append(Problem(code, args, where + node.id, input, severity="warning"))

    def _node(self, node: UiNode, where: str, written: _Written) -> dict[str, Any]:
        found = self._instance_of(node)
        inputs, dots = self._linked(node, found, where, written)
        values = self._values(node, found, where, inputs)
        for name, value in values.named.items():
            inputs.setdefault(name, constant(value))
        meta = look(node)
        meta |= {"reroutes": dots} if dots else {}
        control = {name: what for name, what in values.control.items() if what != "fixed"}
        meta |= {"control": control} if control else {}
        meta |= origin(node) if found is None and node.type not in self.registry else {}
        meta |= {"widgets_values": values.aside} if values.aside is not None else {}
        kind = node.type if found is None else SUBGRAPH + found.id
        return {"class_type": kind, "inputs": inputs} | ({"_meta": meta} if meta else {})

    def _values(self, node: UiNode, found: Definition | None, where: str, linked: Mapping[str, Any]) -> Values:
        if found is not None:
            values = instance_values(node, found) if id(node) not in self.members else Values()
        else:
            values = values_of(node, self.registry.get(node.type))
        if values.problem is not None:
            code, args = values.problem
            missing = tuple(name for name in args.get("names", ()) if name not in linked)
            blank = code == "widgets_left" and not any(v not in (None, "") for v in values.aside[-args["left"] :])
            if not blank and (code != "widgets_missing" or missing):
                self._warn(code, {**args, "names": missing} if missing else args, where, node)
        return values

    def _linked(
        self, node: UiNode, found: Definition | None, where: str, written: _Written
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The inputs that are fed by links, and the dots on these; what ports feed goes to `written`."""
        inputs: dict[str, Any] = {}
        dots: dict[str, Any] = {}
        for n, slot in enumerate(node.inputs):
            link = written.wires.link_at(node, n)
            if link is None:
                continue
            name = found.port(node, n) if found is not None else slot.widget or slot.name
            source, points = written.wires.follow(link)
            match source:
                case Out():
                    begin = self._link(written.wires.graph, source)
                    inputs |= {name: begin} if begin is not None else {}
                    dots |= {name: points} if points else {}
                case Value():
                    inputs[name] = constant(source.value)
                case Port():
                    written.ends.setdefault(source.index, []).append([node.id, name])
                case Lost():
                    self._lost(source, where, node, name)
        return inputs, dots

    def _lost(self, source: Lost, where: str, node: UiNode, name: str) -> None:
        through = source.node
        args = {"through": through.type if through else "a node that is not there"}
        called = text(next(iter(through.values), None)) if through and isinstance(through.values, list) else ""
        self._warn("lost_link", args | {"name": called}, where, node, name)

    def _link(self, graph: UiGraph, source: Out) -> list[Any] | None:
        """A link as our file has it, slots by the definition's order; None from a node that is left out."""
        node = graph.nodes[source.node]
        if self._row(node) is not None:
            return None
        found = self._instance_of(node)
        return [node.id, source.slot if found is None else found.outlet(node, source.slot)]

    def _instance_of(self, node: UiNode) -> Definition | None:
        """The definition that a node is an instance of."""
        return self.definitions.get(node.type) or self.members.get(id(node))

    def _group_node(self, node: UiNode, where: str) -> None:
        """Make the definition of a group node, unless there is one with the same values."""
        name = group_name(node.type)
        if name is None or node.type in self.definitions or not isinstance(data := self.groups.get(name), dict):
            return
        known = f"{name}\0{json.dumps(node.values)}"
        if known not in self.grouped:
            graph, fits = group_graph(data, node.values, self.registry)
            made = Definition(self.names.new(name), graph, name)
            self.grouped[known] = made
            if not fits:
                expected = sum(len(n.values) for n in graph.nodes.values())
                self._warn("widgets_misfit", {"found": len(node.values), "expected": expected}, where, node)
        self.members[id(node)] = self.grouped[known]


def constant(value: Any) -> Any:
    """A constant as our file has it: lists are wrapped, so that nobody takes them for links."""
    wrap = isinstance(value, list) or (isinstance(value, dict) and "__value__" in value)
    return {"__value__": value} if wrap else value
