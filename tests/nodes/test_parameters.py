"""A1111's text form of a picture's recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.graph.graph import Graph
from nodes.parameters import parameters

WORKFLOWS = Path(__file__).parents[2] / "workflows"


def workflow(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((WORKFLOWS / f"{name}.json").read_text(encoding="utf-8"))
    return read


def told(graph: dict[str, Any], sink: str) -> str | None:
    return parameters(Graph.from_api(graph), sink).get("parameters")


def test_all_that_the_form_can_say() -> None:
    graph = workflow("text_to_image")
    graph["3"]["inputs"]["text"] = "ugly"
    graph["5"]["inputs"] |= {"sampler_name": "dpmpp_2m", "scheduler": "karras", "denoise": 0.5}
    graph["8"] = {"class_type": "CLIPSetLastLayer", "inputs": {"clip": ["1", 1], "stop_at_clip_layer": -2}}
    graph["2"]["inputs"]["clip"] = ["8", 0]
    assert told(graph, "7") == (
        "flat emoji of a fox on a yellow background\nNegative prompt: ugly\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 4.0, Seed: 7, Size: 128x128, "
        "Denoising strength: 0.5, Model: mini-v1, Clip skip: 2, Version: Inkwater"
    )


def test_constants_in_primitive_nodes_are_read() -> None:
    graph = workflow("text_to_image")
    graph["8"] = {"class_type": "PrimitiveInt", "inputs": {"value": 99}}
    graph["5"]["inputs"]["seed"] = ["8", 0]
    assert "Seed: 99," in str(told(graph, "7"))


def test_image_to_image_has_no_size_but_a_strength() -> None:
    text = str(told(workflow("image_to_image"), "8"))
    assert "Denoising strength: 0.7" in text
    assert "Size" not in text


def test_a_sampler_that_keeps_its_steps_is_told_of_too() -> None:
    graph = workflow("text_to_image")
    plain = told(graph, "7")
    graph["5"]["class_type"] = "SamplerTrace"
    assert told(graph, "7") == plain
    graph["5"]["inputs"]["sigmas"] = ["8", 0]
    assert told(graph, "7") is None


@pytest.mark.parametrize("name", ["latent_upscale", "custom_sampling", "tiled_vae", "for_each", "text_stages"])
def test_what_the_form_cannot_say_is_left_out(name: str) -> None:
    graph = workflow(name)
    sink = next(id for id, entry in graph.items() if entry["class_type"] == "SaveImage")
    assert told(graph, sink) is None


def test_a_graph_with_holes_gives_nothing() -> None:
    whole = workflow("text_to_image")
    for id, entry in whole.items():
        for name in entry["inputs"]:
            inputs = {k: v for k, v in entry["inputs"].items() if k != name}
            told({**whole, id: {**entry, "inputs": inputs}}, "7")
    assert told({"7": {"class_type": "SaveImage", "inputs": {}}}, "7") is None
