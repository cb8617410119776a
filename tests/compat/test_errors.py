"""Problems in the words of ComfyUI's `POST /prompt`."""

from __future__ import annotations

from typing import Any

import pytest

import nodes
from engine.compat.errors import node_errors, refusal, sinks
from engine.graph.check import check
from engine.graph.graph import Graph
from engine.graph.problems import GraphError, Problem

REGISTRY = nodes.registry()
TYPES = {
    "required_input_missing", "bad_linked_input", "return_type_mismatch", "invalid_input_type",
    "value_smaller_than_min", "value_bigger_than_max", "value_not_in_list", "custom_validation_failed",
    "exception_during_validation", "dependency_cycle", "missing_node_type",
}  # fmt: skip


def picture(**latent: Any) -> dict[str, Any]:
    """An empty latent, decoded without a VAE that is there."""
    return {
        "0": {"class_type": "PrimitiveString", "inputs": {"value": "x"}},
        "1": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, **latent}},
        "2": {"class_type": "LatentUpscale", "inputs": {"samples": ["1", 0]}},
        "3": {"class_type": "SaveLatent", "inputs": {"samples": ["2", 0]}},
        "4": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
    }


def problems(prompt: dict[str, Any]) -> tuple[Problem, ...]:
    try:
        return check(Graph.from_api(prompt), REGISTRY).problems
    except GraphError as error:
        return error.problems


def refused(prompt: dict[str, Any]) -> dict[str, Any]:
    return refusal(problems(prompt), prompt, REGISTRY)


@pytest.mark.parametrize(
    ("latent", "type", "message"),
    [
        ({"width": 1}, "value_smaller_than_min", "Value 1 smaller than min of 16"),
        ({"width": 10**6}, "value_bigger_than_max", "Value 1000000 bigger than max of 16384"),
        ({"width": "x"}, "invalid_input_type", "Failed to convert an input value to a INT value"),
        (
            {"width": ["9", 0]},
            "bad_linked_input",
            "Bad linked input, must be a length-2 list of [node_id, slot_index]",
        ),
        ({"width": ["0", 0]}, "return_type_mismatch", "Return type mismatch between linked nodes"),
    ],
)
def test_errors_of_an_input(latent: dict[str, Any], type: str, message: str) -> None:
    answer = refused(picture(**latent))
    assert answer["error"]["type"] == "prompt_outputs_failed_validation"
    assert answer["error"]["message"] == "Prompt outputs failed validation"
    assert answer["error"]["details"]
    found = answer["node_errors"]["1"]
    assert found["class_type"] == "EmptyLatentImage"
    assert found["dependent_outputs"] == ["3", "4"]
    (error,) = found["errors"]
    assert (error["type"], error["message"]) == (type, message)
    assert error["extra_info"]["input_name"] == "width"
    assert error["extra_info"]["input_config"][0] == "INT"


def test_a_missing_input_and_a_value_that_is_not_in_its_list() -> None:
    prompt = picture()
    prompt["2"]["inputs"] = {"upscale_method": "by magic"}
    errors = {e["type"]: e for e in refused(prompt)["node_errors"]["2"]["errors"]}
    assert errors["required_input_missing"]["message"] == "Required input is missing"
    assert errors["required_input_missing"]["details"] == "samples"
    wrong = errors["value_not_in_list"]
    assert wrong["message"] == "Value not in list"
    assert wrong["details"].startswith("upscale_method: 'by magic' not in ['nearest-exact', ")
    assert wrong["extra_info"]["received_value"] == "by magic"


def test_a_long_list_is_only_counted() -> None:
    options = tuple(map(str, range(30)))
    problem = Problem("value_not_in_list", {"value": "x", "options": options}, "2", "upscale_method")
    (error,) = node_errors([problem], picture(), REGISTRY)["2"]["errors"]
    assert error["details"] == "upscale_method: 'x' not in (list of length 30)"


def test_a_missing_file_names_no_folder_of_the_server() -> None:
    args = {"value": "x.ckpt", "kind": "checkpoints", "near": ("y.ckpt",), "folders": ("/home/me/models",)}
    prompt = {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "x.ckpt"}}}
    answer = node_errors([Problem("value_not_in_list", args, "1", "ckpt_name")], prompt, REGISTRY)
    (error,) = answer["1"]["errors"]
    assert error["details"] == "ckpt_name: 'x.ckpt' not in the files of checkpoints; near: \"y.ckpt\""
    assert "/home" not in str(answer)


def test_problems_that_only_we_know_are_told_as_failed_validation() -> None:
    args = {"found": "SDXL", "first": "the checkpoint", "expected": "SD 1.5"}
    (error,) = node_errors([Problem("wrong_family", args, "1", "width")], picture(), REGISTRY)["1"]["errors"]
    assert error["type"] == "custom_validation_failed"
    assert error["details"].startswith("width - ")
    assert "SDXL" in error["details"]


@pytest.mark.parametrize(
    ("prompt", "type", "message"),
    [
        ({}, "prompt_no_outputs", "Prompt has no outputs"),
        ({"1": picture()["1"]}, "prompt_no_outputs", "Prompt has no outputs"),
        (
            {"1": {"inputs": {}}},
            "invalid_prompt",
            "Cannot execute because a node is missing the class_type property.",
        ),
        ({"1": "text"}, "invalid_prompt", "Cannot execute because a node is missing the class_type property."),
    ],
)
def test_errors_of_the_whole_prompt(prompt: dict[str, Any], type: str, message: str) -> None:
    error = refused(prompt)["error"]
    assert (error["type"], error["message"]) == (type, message)
    assert error.keys() == {"type", "message", "details", "extra_info"}


def test_an_unknown_type() -> None:
    prompt = {**picture(), "3": {"class_type": "SaveAll", "inputs": {}}}
    del prompt["4"]
    answer = refusal([Problem("missing_node_type", {"type": "SaveAll", "near": ()}, "3")], prompt, REGISTRY)
    assert answer["error"]["message"] == "Cannot execute because node SaveAll does not exist."
    assert answer["error"]["details"] == "Node ID '#3'"
    assert answer["node_errors"]["3"]["class_type"] == "SaveAll"


def test_a_cycle_is_refused() -> None:
    prompt = picture()
    prompt["2"]["inputs"]["samples"] = ["5", 0]
    prompt["5"] = {"class_type": "LatentUpscale", "inputs": {"samples": ["2", 0]}}
    types = {e["type"] for n in refused(prompt)["node_errors"].values() for e in n["errors"]}
    assert types == {"dependency_cycle"}


def test_warnings_are_no_errors() -> None:
    prompt = picture(colour="red")
    found = problems(prompt)
    assert [p.code for p in found] == ["unknown_input"]
    assert node_errors(found, prompt, REGISTRY) == {}


def test_only_outputs_that_were_asked_for_depend() -> None:
    prompt = picture(width=1)
    answer = node_errors(problems(prompt), prompt, REGISTRY, ["4"])
    assert answer["1"]["dependent_outputs"] == ["4"]


def test_outputs_of_a_prompt() -> None:
    assert sinks({**picture(), "x": 3, "y": {"class_type": 4}}, REGISTRY) == ["3", "4"]


def test_every_error_has_a_type_that_clients_know() -> None:
    prompts = [picture(width=w) for w in (0, 10**9, "x", None, [], ["2", 0], ["9", 0], {"a": 1}, True, 1.5)]
    found = [e for p in prompts for n in refused(p)["node_errors"].values() for e in n["errors"]]
    assert found
    assert {e["type"] for e in found} <= TYPES
