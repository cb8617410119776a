"""Values by position get the names that are meant, or it is said that they do not."""

from __future__ import annotations

from typing import Any

import pytest

from engine.graph.graph import Const
from engine.graph.sentences import sentence
from tests.compat.ui_kit import drawn, file, flat, node, sampler, told, translated

KSAMPLER = {"seed": 5, "steps": 20, "cfg": 7.5, "sampler_name": "euler", "scheduler": "karras", "denoise": 1.0}


@pytest.mark.parametrize(
    ("values", "control"),
    [
        ([5, "randomize", 20, 7.5, "euler", "karras", 1.0], {"seed": "randomize"}),
        ([5, "fixed", 20, 7.5, "euler", "karras", 1.0], None),
        ([5, True, 20, 7.5, "euler", "karras", 1.0], {"seed": "randomize"}),
        ([5, False, 20, 7.5, "euler", "karras", 1.0], None),
        ([5, 20, 7.5, "euler", "karras", 1.0], None),
    ],
)
def test_a_seed_is_followed_by_what_becomes_of_it_or_not(values: list[Any], control: Any) -> None:
    entry = file(drawn(sampler(values=values)))["3"]
    assert entry["inputs"] == KSAMPLER
    assert entry["_meta"].get("control") == control


def test_upload_buttons_are_no_values() -> None:
    button = {"name": "upload", "type": "button", "y": 70}
    for values in (["a.png", "image"], ["a.png"], ["a.png", button]):
        assert file(drawn(node(1, "LoadImage", values=values)))["1"]["inputs"] == {"image": "a.png"}


def test_values_by_name_are_taken_by_name() -> None:
    by_name = {"steps": 20, "cfg": 7.5, "seed": 5, "control_after_generate": "increment", "videopreview": {"a": 1}}
    entry = file(drawn(sampler(values=by_name)))["3"]
    assert entry["inputs"] == {"steps": 20, "cfg": 7.5, "seed": 5}


def test_where_a_file_has_names_and_a_list_the_list_counts_by_these_names() -> None:
    names = {"steps": 1, "seed": 2, "control_after_generate": "fixed"}
    entry = file(drawn(sampler(values=[30, 8, "increment"], widgets_values_named=names)))["3"]
    assert entry["inputs"] == {"steps": 30, "seed": 8}
    assert entry["_meta"]["control"] == {"seed": "increment"}


def test_a_control_under_its_own_value_for_a_name_is_no_input() -> None:
    named = {"value": 4, "fixed": "randomize"}
    entry = file(drawn(node(1, "PrimitiveInt", values=[4, "randomize"], widgets_values_named=named)))["1"]
    assert entry["inputs"] == {"value": 4}
    assert entry["_meta"]["control"] == {"value": "randomize"}


def test_a_converted_widget_keeps_its_place_among_the_values() -> None:
    size = node(1, "EmptyLatentImage", ("height:INT:widget",), ("LATENT:LATENT",), (64, 32, 2))
    number = node(2, "PrimitiveInt", (), ("INT:INT",), (96, "fixed"))
    inputs = file(drawn(size, number, wires=((2, 0, 1, 0),)))["1"]["inputs"]
    assert inputs == {"height": ["2", 0], "width": 64, "batch_size": 2}


def test_the_files_own_order_of_inputs_counts_before_that_of_the_type() -> None:
    """Files of some years list every widget among the inputs: so a type may have changed since."""
    slots = ("batch_size:INT:widget", "width:INT:widget", "height:INT:widget")
    assert file(drawn(node(1, "EmptyLatentImage", slots, values=(2, 64, 32))))["1"]["inputs"] == {
        "batch_size": 2,
        "width": 64,
        "height": 32,
    }


def test_values_that_are_null_are_left_to_the_default() -> None:
    inputs = file(drawn(node(1, "EmptyLatentImage", values=(64, None, 2))))["1"]["inputs"]
    assert inputs == {"width": 64, "batch_size": 2}


def test_a_list_stays_a_value() -> None:
    entry = file(drawn(node(1, "PrimitiveString", values=([["2", 0]],))))["1"]
    assert entry["inputs"] == {"value": {"__value__": [["2", 0]]}}
    assert flat(drawn(node(1, "PrimitiveString", values=(["2", 0],))))["1"].inputs["value"] == Const(["2", 0])


def test_too_few_values_are_told_and_the_rest_has_defaults() -> None:
    ui = drawn(sampler(values=[5, "fixed", 20, 7.5]))
    assert translated(ui).workflow["3"]["inputs"] == {"seed": 5, "steps": 20, "cfg": 7.5}
    (problem,) = told(ui)
    assert sentence(problem) == (
        "Node 3 (KSampler): the file gives no value for sampler_name, scheduler, denoise; the defaults are used."
    )


def test_what_is_linked_is_not_missing() -> None:
    size = node(1, "EmptyLatentImage", ("batch_size:INT:widget",), (), (64, 32))
    number = node(2, "PrimitiveInt", (), ("INT:INT",), (4,))
    assert told(drawn(size, number, wires=((2, 0, 1, 0),))) == []


def test_too_many_values_are_told_and_kept_aside() -> None:
    ui = drawn(node(1, "EmptyLatentImage", values=(64, 32, 2, "more", "still")))
    entry = translated(ui).workflow["1"]
    assert entry["inputs"] == {"width": 64, "height": 32, "batch_size": 2}
    assert entry["_meta"]["widgets_values"] == [64, 32, 2, "more", "still"]
    (problem,) = told(ui)
    assert (problem.code, problem.args["left"]) == ("widgets_left", 2)
    assert told(drawn(node(1, "EmptyLatentImage", values=(64, 32, 2, "", None)))) == []


def test_values_of_other_types_are_not_shifted_in() -> None:
    ui = drawn(sampler(values=["euler", "karras", 20, 7.5]))
    entry = translated(ui).workflow["3"]
    assert entry["inputs"] == {}
    assert entry["_meta"]["widgets_values"] == ["euler", "karras", 20, 7.5]
    (problem,) = told(ui)
    assert problem.code == "widgets_misfit"
    assert "none was used" in sentence(problem)


def test_of_an_unknown_type_the_list_is_kept_and_named_where_the_file_can() -> None:
    named = node(1, "Unknown", ("seed:INT:widget", "name:STRING:widget"), values=(7, "fixed", "x"))
    listed = node(2, "Unknown", ("model:MODEL",), values=(7, {"deep": [1, 2]}))
    ours = file(drawn(named, listed))
    assert ours["1"]["inputs"] == {"seed": 7, "name": "x"}
    assert "widgets_values" not in ours["1"]["_meta"]
    assert ours["2"]["inputs"] == {}
    assert ours["2"]["_meta"]["widgets_values"] == [7, {"deep": [1, 2]}]


def test_what_a_node_without_inputs_to_type_in_shows_is_no_surplus() -> None:
    assert told(drawn(node(1, "PreviewAny", ("source:*",), (), ("shown text",)))) == []
