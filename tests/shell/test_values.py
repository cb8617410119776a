"""NODE.INPUT=VALUE."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.graph.graph import Const, Graph, Node
from engine.plugins import builtins
from engine.workflow.error import WorkflowError
from engine.workflow.values import find, parse_value, with_values

REGISTRY = builtins()
GRAPH = Graph(
    {
        "1": Node("PrimitiveInt", {"value": Const(1)}, "Seed"),
        "a:1": Node("PrimitiveString", {"value": Const("")}, "A title. With dots"),
        "A title": Node("PrimitiveFloat", {}, "Same"),
        "7": Node("PrimitiveFloat", {}, "Same"),
        "8": Node("EmptyLatentImage"),
    }
)


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("1.value", ("1", "value")),
        ("Seed.value", ("1", "value")),
        ("a:1.value", ("a:1", "value")),
        ("A title. With dots.value", ("a:1", "value")),
        ("A title.value", ("A title", "value")),
        ("EmptyLatentImage.width", ("8", "width")),
    ],
)
def test_a_node_is_named_by_id_title_or_type_the_longest_first(target: str, place: tuple[str, str]) -> None:
    assert find(GRAPH, REGISTRY, target) == place


@pytest.mark.parametrize("target", ["Same.value", "2.value", "1.valve", "1", "", ".", "1.", ".value"])
def test_what_names_nothing_or_two_is_refused(target: str) -> None:
    with pytest.raises(WorkflowError):
        find(GRAPH, REGISTRY, target)


@pytest.mark.parametrize(
    ("target", "text", "value"),
    [
        ("1.value", "18446744073709551615", 2**64 - 1),
        ("1.value", "cat", "cat"),
        ("1.value", "NaN", "NaN"),
        ("a:1.value", "1984", "1984"),
        ("a:1.value", '"1984"', "1984"),
        ("a:1.value", "a, b = c", "a, b = c"),
        ("7.value", "2.5", 2.5),
    ],
)
def test_a_value_is_json_or_else_text_and_text_stays_text(target: str, text: str, value: object) -> None:
    target = "A title.value" if target == "7.value" else target
    parsed = parse_value(GRAPH, REGISTRY, target, text)
    assert (type(parsed), parsed) == (type(value), value)


@given(st.text())
def test_no_target_ends_in_another_error(target: str) -> None:
    try:
        id, name = find(GRAPH, REGISTRY, target)
    except WorkflowError:
        return
    assert REGISTRY[GRAPH.nodes[id].type].input(name) is not None


def test_setting_gives_a_new_graph_and_leaves_the_old_one() -> None:
    changed = with_values(GRAPH, REGISTRY, {"Seed.value": 5})
    assert changed.nodes["1"].inputs["value"] == Const(5)
    assert GRAPH.nodes["1"].inputs["value"] == Const(1)
