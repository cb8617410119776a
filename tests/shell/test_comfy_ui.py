"""The format that ComfyUI's editor opens: links by number, values by position."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.graph.graph import Graph
from engine.plugins import builtins
from engine.workflow.comfy_ui import to_comfy_ui
from tests.shell.conftest import ROOT

REGISTRY = builtins()
SHIPPED = sorted((ROOT / "workflows").glob("*.json"))


def exported(path: Path) -> tuple[Graph, dict[str, Any]]:
    looks = json.loads(path.read_text(encoding="utf-8"))
    graph = Graph.from_file(path, REGISTRY)
    return graph, to_comfy_ui(graph, REGISTRY, looks)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_both_ends_of_every_link_agree(path: Path) -> None:
    graph, ui = exported(path)
    nodes = {n["id"]: n for n in ui["nodes"]}
    assert sum(n["type"] not in ("Note", "MarkdownNote") for n in nodes.values()) == len(graph.nodes)
    for number, source, output, target, input, wire in ui["links"]:
        assert number in nodes[source]["outputs"][output]["links"]
        assert nodes[target]["inputs"][input]["link"] == number
        assert nodes[source]["outputs"][output]["type"] == wire
    linked = [i["link"] for n in ui["nodes"] for i in n["inputs"] if i["link"] is not None]
    assert sorted(linked) == [number for number, *_ in ui["links"]]


def test_values_stand_in_the_order_of_the_editors_widgets() -> None:
    _, ui = exported(ROOT / "workflows" / "text_to_image.json")
    sampler = next(n for n in ui["nodes"] if n["type"] == "KSampler")
    seed, after, steps, cfg, name, scheduler, denoise = sampler["widgets_values"]
    assert (after, denoise) == ("fixed", 1.0)
    assert all(isinstance(v, int) for v in (seed, steps))
    assert isinstance(cfg, float)
    assert isinstance(name, str)
    assert isinstance(scheduler, str)
    assert [i["name"] for i in sampler["inputs"]] == ["model", "positive", "negative", "latent_image"]


def test_a_typed_in_input_that_is_linked_keeps_its_place_among_the_values() -> None:
    graph = Graph.from_file(
        {
            "a": {"class_type": "PrimitiveInt", "inputs": {"value": 64}},
            "b": {"class_type": "EmptyLatentImage", "inputs": {"height": ["a", 0], "batch_size": 3}},
        }
    )
    _, empty = to_comfy_ui(graph, REGISTRY)["nodes"]
    assert empty["widgets_values"] == [512, 512, 3]
    assert empty["inputs"] == [{"name": "height", "type": "INT", "link": 1, "widget": {"name": "height"}}]


def test_ids_become_numbers_and_titles_and_places_stay() -> None:
    looks = {"x": {"class_type": "PrimitiveInt", "_meta": {"title": "Count", "pos": [5, 6]}}}
    node = {"class_type": "PrimitiveInt", "inputs": {}}
    graph = Graph.from_file({**looks, "12": node, "outer:1": node})
    one, two, three = to_comfy_ui(graph, REGISTRY, looks)["nodes"]
    assert (one["id"], two["id"], three["id"]) == (13, 12, 14)
    assert (one["title"], one["pos"]) == ("Count", [5, 6])
