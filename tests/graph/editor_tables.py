"""What the editor must decide as the engine does; `python -m tests.graph.editor_tables` writes its table anew.

The editor's tests (web/ui/src/core) read the file: which types flow into which, what passes through a bypassed node,
and what a file flattens to.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nodes
from engine.graph import Const, Link, Node, NodeDef, Registry
from engine.graph.bypass import healed
from engine.graph.described import described
from engine.graph.graph import Graph, Slots
from engine.graph.parse import _chooses
from engine.graph.read import read
from engine.graph.sockets import Socket, accepts
from engine.graph.write import to_api
from engine.service.problems import plain

PATH = Path(__file__).parents[2] / "web" / "ui" / "src" / "core" / "fixtures" / "engine.json"

TYPES = (
    "CheckpointLoaderSimple",
    "CLIPSetLastLayer",
    "CLIPTextEncode",
    "ConditioningAverage",
    "ConditioningCombine",
    "EmptyLatentImage",
    "If",
    "ImageBatch",
    "ImageScale",
    "KSampler",
    "KSamplerSelect",
    "LatentUpscale",
    "ListJoin",
    "LoadImage",
    "MathExpression",
    "PreviewAny",
    "PrimitiveBoolean",
    "PrimitiveFloat",
    "PrimitiveInt",
    "PrimitiveString",
    "SamplerCustom",
    "SaveImage",
    "SplitSigmas",
    "SplitText",
    "VAEDecode",
    "VAEEncode",
)
"""Enough of the built-in types to have every kind of socket, and to build graphs of."""

CASES = 48


def tables() -> str:
    """All tables as text, one case a line."""
    registry = Registry(nodes.registry()[name] for name in TYPES)
    parts = {
        "registry": {name: _terse(plain(described(registry[name]))) for name in registry},
        "accepts": list(_accepts(registry)),
        "passes": list(_passes(registry)),
        "flat": list(_flat(registry)),
    }
    text = {name: ",\n".join(_lines(part)) for name, part in parts.items()}
    ends = {name: "{}" if isinstance(part, dict) else "[]" for name, part in parts.items()}
    return "{\n" + ",\n".join(f'"{n}": {ends[n][0]}\n{text[n]}\n{ends[n][1]}' for n in parts) + "\n}\n"


def _lines(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (f"{json.dumps(key)}: {_line(value)}" for key, value in part.items())
    else:
        yield from map(_line, part)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _terse(told: dict[str, Any]) -> dict[str, Any]:
    """A node type without its help and its lists of options."""
    for socket in (*told["inputs"].values(), *told["outputs"].values()):
        socket["help"] = ""
        if "options" in socket:
            socket["options"] = socket["options"][:2]
    return {**told, "help": ""}


def _accepts(registry: Registry) -> Iterator[list[Any]]:
    """(type of an output, type of an input, kind of file that the input names or null, whether it flows)."""
    outputs = {s.wire: s for d in registry.values() for s in d.outputs}
    inputs = {(s.wire, s.file is not None): s for d in registry.values() for s in d.inputs}
    for source in outputs.values():
        for target in inputs.values():
            fits = accepts(source.type, target.type) or _chooses(source.type, target)
            yield [source.wire, target.wire, target.file.kind if target.file else None, fits]


def _passes(registry: Registry) -> Iterator[dict[str, Any]]:
    """A bypassed node, and the input that each of its outputs passes on."""
    rng = random.Random(4)
    for definition in registry.values():
        for share in (1.0, 0.0, 0.5, 0.7):
            node = Node(definition.name, {s.name: _arg(rng, s, share) for s in definition.inputs}, bypass=True)
            yield _case(node, registry, len(definition.outputs))
    slots = Slots((("a", "IMAGE"), ("b", "MODEL"), ("c", "IMAGE")), (("x", "MODEL"), ("y", "IMAGE"), ("z", "MASK")))
    given: dict[str, Link | Const] = {"a": Link("1", 0), "b": Link("2", 0), "c": Const(3)}
    yield _case(Node("Unknown", given, bypass=True, slots=slots), registry, 3)
    yield _case(Node("Unknown", given, bypass=True), registry, 3)


def _arg(rng: random.Random, socket: Socket, share: float) -> Link | Const:
    """A link to a node of its own name, or a value of its own."""
    linked = rng.random() < share
    return Link(f"from {socket.name}", 0) if linked else Const(f"value of {socket.name}")


def _case(node: Node, registry: Registry, outputs: int) -> dict[str, Any]:
    users = {f"user {n}": Node("User", {"in": Link("off", n)}) for n in range(outputs)}
    found = healed(Graph({"off": node, **users}), registry)
    names = {arg: name for name, arg in node.inputs.items()}
    passed = [names.get(found.nodes[user].inputs.get("in")) for user in users]  # type: ignore[arg-type]
    return {"node": to_api(Graph({"off": node}))["off"], "passes": passed}


def _flat(registry: Registry) -> Iterator[dict[str, Any]]:
    """Files with subgraphs, muted and bypassed nodes, and what they flatten to."""
    for seed in range(CASES):
        file = _file(random.Random(seed), registry)
        yield {"file": file, "flat": to_api(read(file, registry))}


def _file(rng: random.Random, registry: Registry) -> dict[str, Any]:
    """A random file with definitions of which each may hold instances of the one before."""
    definitions: dict[str, Any] = {}
    for n in range(rng.randint(1, 3)):
        definitions[str(n + 1)] = _definition(rng, registry, definitions)
    meta = {"version": 1, "subgraphs": definitions}
    entry = {"class_type": "PrimitiveString", "inputs": {"value": ""}, "_meta": meta}
    return {**_nodes(rng, registry, definitions, rng.randint(3, 7)), "_workflow": entry}


def _nodes(rng: random.Random, registry: Registry, known: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Nodes that take from those before them, whether the types fit or not."""
    made: dict[str, Any] = {}
    for n in range(count):
        kind, names = _kind(rng, registry, known)
        inputs: dict[str, Any] = {}
        for name in names:
            drawn = rng.random()
            if drawn < 0.6 and n:
                inputs[name] = [str(rng.randint(1, n)), rng.randint(0, 2)]
            elif drawn < 0.8:
                inputs[name] = f"value {n} {name}"
        mode = rng.choice((None, None, None, "mute", "bypass"))
        made[str(n + 1)] = {"class_type": kind, "inputs": inputs} | ({"_meta": {"mode": mode}} if mode else {})
    return made


def _kind(rng: random.Random, registry: Registry, known: Mapping[str, Any]) -> tuple[str, list[str]]:
    if known and rng.random() < 0.4:
        id = rng.choice([*known])
        ports = [*known[id]["inputs"], *known[id]["widgets"]]
        return f"subgraph:{id}", [port["name"] for port in ports]
    definition: NodeDef = registry[rng.choice(TYPES)]
    return definition.name, [s.name for s in definition.inputs][:4]


def _definition(rng: random.Random, registry: Registry, known: Mapping[str, Any]) -> dict[str, Any]:
    made = _nodes(rng, registry, known, rng.randint(2, 4))
    ends = [(id, name) for id, node in made.items() for name in _inputs(registry, known, node["class_type"])]
    rng.shuffle(ends)
    ports = [
        {"name": f"p{n}", "type": rng.choice(("IMAGE", "MODEL", "*")), "to": [list(end) for end in ends[n::4]]}
        for n in range(min(4, len(ends)))
    ]
    froms: list[Any] = [[id, rng.randint(0, 1)] for id in made] + [p["name"] for p in ports] + [None]
    outputs = [
        {"name": f"o{n}", "type": rng.choice(("IMAGE", "MODEL", "*")), "from": rng.choice(froms)}
        for n in range(rng.randint(1, 3))
    ]
    return {"title": "", "nodes": made, "inputs": ports[:3], "widgets": ports[3:], "outputs": outputs}


def _inputs(registry: Registry, known: Mapping[str, Any], kind: str) -> list[str]:
    if kind in registry:
        return [s.name for s in registry[kind].inputs][:4]
    found = known[kind.removeprefix("subgraph:")]
    return [port["name"] for port in [*found["inputs"], *found["widgets"]]]


if __name__ == "__main__":
    PATH.write_text(tables(), encoding="utf-8")
