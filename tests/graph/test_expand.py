"""What a node expands to is planned like a graph, with ids and keys of its own."""

from __future__ import annotations

from engine.graph import Checked, Const, Expand, Graph, Link, Node, check, digest, expanded, inside

from .kit import REGISTRY, Picture, graph

OUTER = check(graph(n=("Number", {}), m=("Many", {}), p=("Paint", {}), s=("Show", {"x": ["n", 0]}),
                    t=("Show", {"x": ["m", 0]}), u=("Show", {"x": ["p", 0]})), REGISTRY).plan  # fmt: skip
PARENT = OUTER.steps["s"]


def plan(expand: Expand) -> Checked:
    return expanded(expand, PARENT, OUTER, REGISTRY)


def test_children_are_named_and_linked_inside_and_outside() -> None:
    nodes = {
        "1": Node("Add", {"a": Link("n", 0), "b": Const(2)}),
        "2": Node("Add", {"a": Link("1", 0)}),
        "3": Node("Show", {"x": Link("1", 0)}),
        "4": Node("Number", {}),
    }
    expand = Expand(Graph(nodes), (Link("2", 0), Link("n", 0), 7))
    checked = plan(expand)
    assert not checked.problems
    assert checked.plan.targets == ("s.2", "s.3")
    assert set(checked.plan.steps) == {"s.1", "s.2", "s.3"}
    assert checked.plan.steps["s.2"].args["a"] == Link("s.1", 0)
    assert [inside(o, expand, "s") for o in expand.outputs] == [Link("s.2", 0), Link("n", 0), 7]


def test_a_child_has_the_key_of_the_same_node_anywhere() -> None:
    child = plan(Expand(Graph({"1": Node("Add", {"a": Link("n", 0), "b": Const(2)})}), (Link("1", 0),))).plan.steps[
        "s.1"
    ]
    same = check(graph(n=("Number", {}), a=("Add", {"a": ["n", 0], "b": 2}), s=("Show", {"x": ["a", 0]})), REGISTRY)
    assert child.key == same.plan.steps["a"].key


def test_values_without_a_canonical_form_are_keyed_by_their_place() -> None:
    def child(name: str, value: object, input: str = "first") -> bytes:
        other = "second" if input == "first" else "first"
        nodes = {name: Node("Blend", {input: Const(value), other: Link("p", 0)})}
        checked = plan(Expand(Graph(nodes), (Link(name, 0),)))
        assert not checked.problems
        return checked.plan.steps[f"s.{name}"].key

    assert child("1", Picture()) == child("1", Picture())
    assert len({child("1", Picture()), child("2", Picture()), child("1", Picture(), "second")}) == 3


def test_a_value_cannot_be_mistaken_for_a_place() -> None:
    place = Expand(Graph({"1": Node("Show", {"x": Const(object())})}), ())
    forged = digest(PARENT.key, "1", "x")
    value = Expand(Graph({"1": Node("Show", {"x": Const(forged)})}), ())
    assert plan(place).plan.steps["s.1"].key != plan(value).plan.steps["s.1"].key


def test_lists_from_outside_are_mapped_over() -> None:
    checked = plan(Expand(Graph({"1": Node("Add", {"a": Link("m", 0)})}), (Link("1", 0),)))
    assert checked.plan.steps["s.1"].maps == {"a"}


def test_problems_inside_are_told() -> None:
    nodes = {"1": Node("Add", {"a": Link("gone", 0)}), "2": Node("Nothing", {}), "3": Node("Add", {"a": Link("3", 0)})}
    checked = plan(Expand(Graph(nodes), (Link("1", 0), Link("2", 0), Link("3", 0))))
    assert [(p.code, p.node) for p in checked.errors] == [
        ("bad_linked_input", "s.1"),
        ("missing_node_type", "s.2"),
        ("dependency_cycle", "s.3"),
    ]
