"""Reading workflows: our file, which is ComfyUI's API format and a `_workflow` entry, into a flattened graph."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.graph.graph import Arg, Const, Graph, Link, NodeId, Slots
from engine.graph.jsontext import LARGEST, flaw, parse
from engine.graph.problems import GraphError, Problem
from engine.graph.registry import Registry
from engine.graph.subgraphs import SUBGRAPH, Raw, Subgraph, flatten

WORKFLOW = "_workflow"
"""The entry that holds what is about the whole file: title, groups, notes, subgraphs. It is no node."""

LONGEST_ID = 256
FARTHEST = 2**53
"""Above it a float is no count of outputs."""


def read(source: Path | str | bytes | Mapping[str, Any], registry: Registry | None = None) -> Graph:
    """The graph in a file (a path, its bytes, or parsed JSON); raises GraphError with all problems."""
    value, problems = _value(source)
    if problems and value is None:
        raise GraphError(problems)
    reader = _Reader(problems)
    graph = reader.graph(value)
    if reader.problems:
        raise GraphError(reader.problems)
    return graph if registry is None else graph.healed(registry)


def _value(source: Path | str | bytes | Mapping[str, Any]) -> tuple[Any, list[Problem]]:
    if isinstance(source, Mapping):
        return source, []
    if isinstance(source, bytes):
        return parse(source)
    try:
        size = os.stat(source).st_size
        if not os.path.isfile(source):
            return None, [Problem("unreadable_file", {"name": str(source), "reason": "it is not a file"})]
        if size > LARGEST:
            return None, [Problem("file_too_large", {"size": size, "limit": LARGEST})]
        return parse(Path(source).read_bytes())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, [Problem("unreadable_file", {"name": str(source), "reason": reason})]


@dataclass(slots=True)
class _Reader:
    """Reads one file, keeping every problem."""

    problems: list[Problem] = field(default_factory=list)

    def graph(self, value: Any) -> Graph:
        if not isinstance(value, Mapping):
            self._say("invalid_prompt", {"reason": "not_an_object", "found": type(value).__name__})
            return Graph()
        if isinstance(value.get("nodes"), list) and "class_type" not in value:
            self._say("ui_format", {"nodes": len(value["nodes"])})
            return Graph()
        raws = self._nodes({id: entry for id, entry in value.items() if id != WORKFLOW}, 1)
        wanted = {raw.type.removeprefix(SUBGRAPH) for raw in raws.values() if raw.type.startswith(SUBGRAPH)}
        found = self._subgraphs(value.get(WORKFLOW), wanted) if wanted else {}
        nodes, problems = flatten(raws, found)
        self.problems += problems
        return Graph(nodes)

    def _say(self, code: str, args: Mapping[str, Any], node: str | None = None, input: str | None = None) -> None:
        self.problems.append(Problem(code, args, node, input))

    def _nodes(self, entries: Mapping[Any, Any], depth: int) -> dict[NodeId, Raw]:
        read = {id: self._node(id, entry, depth) for id, entry in entries.items()}
        return {id: raw for id, raw in read.items() if raw is not None}

    def _node(self, id: Any, entry: Any, depth: int) -> Raw | None:
        if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID or not (id.isascii() or flaw(id) is None):
            self._say("bad_id", {"id": str(id)[:LONGEST_ID].encode("utf-8", "replace").decode(), "limit": LONGEST_ID})
            return None
        kind = entry.get("class_type") if _is_object(entry) else None
        if not isinstance(kind, str) or flaw(kind) is not None:
            self._say("invalid_prompt", {"reason": "no_class_type"}, id)
            return None
        inputs = entry.get("inputs", {})
        if not _is_object(inputs):
            self._say("invalid_prompt", {"reason": "inputs_not_an_object", "type": kind}, id)
            return None
        meta = entry.get("_meta")
        meta = meta if _is_object(meta) else {}
        args = {n: arg for n, v in inputs.items() if (arg := self._arg(id, n, v, depth)) is not None}
        return Raw(kind, args, _text(meta.get("title")), meta.get("mode"), _text(meta.get("pack")), _slots(meta))

    def _arg(self, id: NodeId, name: Any, value: Any, depth: int) -> Arg | None:
        named = isinstance(name, str) and flaw(name) is None
        found = flaw(value, depth + 2) if named else ("bad_text", {})
        if found is not None:
            self._say(found[0], found[1], id, name if named else None)
            return None
        return arg(value)

    def _subgraphs(self, entry: Any, wanted: set[str]) -> dict[str, Subgraph]:
        """The definitions that the file uses, those inside others too."""
        meta = entry.get("_meta") if isinstance(entry, Mapping) else None
        table = meta.get("subgraphs") if isinstance(meta, Mapping) else None
        table = table if isinstance(table, Mapping) else {}
        found: dict[str, Subgraph] = {}
        todo = sorted(wanted)
        while todo:
            id = todo.pop()
            if id in found or id not in table:
                continue
            read = self._subgraph(id, table[id])
            found[id] = read
            inside = (raw.type for raw in read.nodes.values())
            todo += [t.removeprefix(SUBGRAPH) for t in inside if t.startswith(SUBGRAPH)]
        return found

    def _subgraph(self, id: str, value: Any) -> Subgraph:
        entries = value.get("nodes") if isinstance(value, Mapping) else None
        if not isinstance(entries, Mapping):
            self._say("invalid_subgraph", {"subgraph": id, "reason": "no_nodes"})
            return Subgraph()
        nodes = self._nodes(entries, 5)
        inputs = [*self._ports(id, value, "inputs"), *self._ports(id, value, "widgets")]
        outputs = self._ports(id, value, "outputs")
        ends = {str(p["name"]): self._ends(id, p.get("to"), nodes) for p in inputs}
        return Subgraph(
            nodes,
            ends,
            tuple(self._source(id, p.get("from", ()), nodes, ends) for p in outputs),
            tuple((str(p["name"]), str(p.get("type", "*"))) for p in inputs),
            tuple(str(p.get("type", "*")) for p in outputs),
        )

    def _ports(self, id: str, value: Mapping[str, Any], part: str) -> list[Mapping[str, Any]]:
        ports = value.get(part, [])
        if isinstance(ports, list) and all(isinstance(p, Mapping) and isinstance(p.get("name"), str) for p in ports):
            return ports
        self._say("invalid_subgraph", {"subgraph": id, "reason": part})
        return []

    def _ends(self, id: str, value: Any, nodes: Mapping[NodeId, Raw]) -> tuple[tuple[NodeId, str], ...]:
        """Where an input of a subgraph goes: [[node, input], …]."""
        found: list[tuple[NodeId, str]] = []
        for end in value if isinstance(value, list) else (value,):
            match end:
                case [str(node), str(name)] if node in nodes:
                    found.append((node, name))
                case _:
                    self._say("invalid_subgraph", {"subgraph": id, "reason": "to"})
                    return ()
        return tuple(found)

    def _source(self, id: str, value: Any, nodes: Mapping[NodeId, Raw], inputs: Mapping[str, Any]) -> Link | str | None:
        """Where an output of a subgraph comes from: [node, output], the name of an input, or null for nothing."""
        match value:
            case None:
                return None
            case str() if value in inputs:
                return value
            case [str(node), int(output)] if node in nodes and not isinstance(output, bool):
                return Link(node, output)
        self._say("invalid_subgraph", {"subgraph": id, "reason": "from"})
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) and flaw(value) is None else ""


def _slots(meta: Mapping[str, Any]) -> Slots | None:
    """The slots that a file tells of a node; None where it tells none, or not so that they can be read."""
    match meta.get("slots"):
        case {"inputs": list(inputs), "outputs": list(outputs)}:
            pairs = [[(p[0], p[1]) for p in part if _is_pair(p)] for part in (inputs, outputs)]
            return Slots(tuple(pairs[0]), tuple(pairs[1]))
    return None


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)


def _is_object(value: Any) -> bool:
    return type(value) is dict or isinstance(value, Mapping)


def arg(value: Any) -> Arg:
    """A value of an input: `["4", 0]` is a link, `{"__value__": x}` the constant x, all else a constant."""
    if type(value) is list and len(value) == 2 and type(value[0]) is str:
        slot = value[1]
        if type(slot) is int or (type(slot) is float and slot.is_integer() and abs(slot) <= FARTHEST):
            return Link(value[0], int(slot))
    if type(value) is dict and len(value) == 1 and "__value__" in value:
        return Const(value["__value__"])
    return Const(value)
