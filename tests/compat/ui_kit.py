"""Small workflows in ComfyUI's UI format: `drawn` makes the links' numbers, so that tests only say what leads where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nodes
from engine.compat.workflow import Translated, translate
from engine.graph.graph import Graph, Node
from engine.graph.problems import Problem

REGISTRY = nodes.registry()

Wire = tuple[int, int, int, int]
"""A link: from node, output, to node, input; -10 and -20 are a definition's own ends."""


def node(
    id: int,
    type: str,
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    values: Any = (),
    **more: Any,
) -> dict[str, Any]:
    """A node; slots are written "name:TYPE", inputs that replace a widget "name:TYPE:widget"."""
    told = {
        "id": id,
        "type": type,
        "pos": [id * 10, 0],
        "size": [200, 100],
        "flags": {},
        "order": id,
        "mode": 0,
        "inputs": [_slot(s) | {"link": None} for s in inputs],
        "outputs": [_slot(s) | {"links": []} for s in outputs],
        "properties": {"Node name for S&R": type},
        "widgets_values": list(values) if isinstance(values, tuple) else values,
    }
    return told | more


def _slot(text: str) -> dict[str, Any]:
    name, type, *widget = text.split(":")
    return {"name": name, "type": type} | ({"widget": {"name": name}} if widget else {})


def drawn(*parts: dict[str, Any], wires: tuple[Wire, ...] = (), **more: Any) -> dict[str, Any]:
    """A workflow of format 0.4."""
    links = [[n, *wire, "*"] for n, wire in enumerate(wires, 1)]
    _connect(parts, wires)
    return {
        "last_node_id": 99,
        "last_link_id": 99,
        "nodes": [*parts],
        "links": links,
        "groups": [],
        "version": 0.4,
    } | more


def definition(
    id: str,
    *parts: dict[str, Any],
    wires: tuple[Wire, ...] = (),
    inputs: tuple[str, ...] = (),
    outputs: tuple[str, ...] = (),
    **more: Any,
) -> dict[str, Any]:
    """A subgraph's definition, of format 1."""
    names = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
    links = [dict(zip(names, (n, *w), strict=True)) | {"type": "*"} for n, w in enumerate(wires, 1)]
    _connect(parts, wires)
    ports = [[_slot(p) | {"id": p, "linkIds": []} for p in side] for side in (inputs, outputs)]
    told = {"id": id, "name": f"Part {id}", "version": 1, "nodes": [*parts], "links": links}
    return told | {"inputs": ports[0], "outputs": ports[1], "inputNode": {"id": -10}, "outputNode": {"id": -20}} | more


def _connect(parts: tuple[dict[str, Any], ...], wires: tuple[Wire, ...]) -> None:
    by_id = {part["id"]: part for part in parts}
    for n, (source, output, target, input) in enumerate(wires, 1):
        if target in by_id:
            by_id[target]["inputs"][input]["link"] = n
        if source in by_id and output < len(by_id[source]["outputs"]):
            by_id[source]["outputs"][output]["links"].append(n)


def translated(ui: Mapping[str, Any]) -> Translated:
    """In our words."""
    return translate(ui, REGISTRY)


def file(ui: Mapping[str, Any]) -> dict[str, Any]:
    """In our words, without anything to tell."""
    found = translated(ui)
    assert found.problems == ()
    return found.workflow


def told(ui: Mapping[str, Any]) -> list[Problem]:
    """What a reader is told of the translation; all of it warns."""
    problems = list(translated(ui).problems)
    assert all(p.severity == "warning" for p in problems)
    return problems


def flat(ui: Mapping[str, Any]) -> Mapping[str, Node]:
    """The nodes that would run."""
    return Graph.from_file(translated(ui).workflow, REGISTRY).nodes


SAMPLING = (5, "randomize", 20, 7.5, "euler", "karras", 1.0)


def sampler(id: int = 3, values: Any = SAMPLING, **more: Any) -> dict[str, Any]:
    """A KSampler."""
    inputs = ("model:MODEL", "positive:CONDITIONING", "negative:CONDITIONING", "latent_image:LATENT")
    return node(id, "KSampler", inputs, ("LATENT:LATENT",), values, **more)


def loader(id: int = 4, **more: Any) -> dict[str, Any]:
    """A CheckpointLoaderSimple."""
    outputs = ("MODEL:MODEL", "CLIP:CLIP", "VAE:VAE")
    return node(id, "CheckpointLoaderSimple", (), outputs, ("a.safetensors",), **more)


def words(id: int, text: str = "", **more: Any) -> dict[str, Any]:
    """A CLIPTextEncode."""
    return node(id, "CLIPTextEncode", ("clip:CLIP",), ("CONDITIONING:CONDITIONING",), (text,), **more)
