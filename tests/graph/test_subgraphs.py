"""Muted, bypassed and nested nodes: what a file means after flattening."""

from __future__ import annotations

from typing import Any

import pytest

from engine.graph import Const, Graph, GraphError, Link, check
from engine.graph.sentences import sentence

from .kit import REGISTRY, api

MUTE = {"mode": "mute"}
BYPASS = {"mode": "bypass"}


def with_subgraphs(subgraphs: dict[str, Any], **nodes: tuple[Any, ...]) -> dict[str, Any]:
    return api(**nodes, _workflow=("PrimitiveString", {"value": ""}, {"version": 1, "subgraphs": subgraphs}))


def codes(file: dict[str, Any]) -> list[str]:
    with pytest.raises(GraphError) as error:
        Graph.from_file(file)
    return [p.code for p in error.value.problems]


TWICE = {
    "title": "Twice",
    "nodes": api(a=("Add", {"a": 0, "b": 5}), b=("Add", {"a": ["a", 0], "b": ["a", 0]})),
    "inputs": [{"name": "x", "type": "FLOAT", "to": [["a", "a"]]}],
    "widgets": [{"name": "more", "type": "FLOAT", "to": [["a", "b"]]}],
    "outputs": [{"name": "y", "type": "FLOAT", "from": ["b", 0]}, {"name": "first", "type": "FLOAT", "from": ["a", 0]}],
}


def test_a_muted_node_is_gone_and_so_are_links_from_it() -> None:
    g = Graph.from_api(api(n=("Number", {}, MUTE), a=("Add", {"a": ["n", 0], "b": 2}), s=("Show", {"x": ["a", 0]})))
    assert list(g.nodes) == ["a", "s"]
    assert g.nodes["a"].inputs == {"b": Const(2)}


def test_a_bypassed_node_passes_the_same_slot_if_its_type_fits() -> None:
    file = api(
        p=("Paint", {}),
        q=("Paint", {}),
        b=("Blend", {"first": ["p", 0], "second": ["q", 0]}, BYPASS),
        s=("Save", {"pictures": ["b", 0]}),
    )
    g = Graph.from_file(file, REGISTRY)
    assert list(g.nodes) == ["p", "q", "s"]
    assert g.nodes["s"].inputs["pictures"] == Link("p", 0)


def test_else_the_first_of_exactly_the_type() -> None:
    only_second = api(p=("Paint", {}), b=("Blend", {"second": ["p", 0]}, BYPASS), s=("Save", {"pictures": ["b", 0]}))
    assert Graph.from_file(only_second, REGISTRY).nodes["s"].inputs["pictures"] == Link("p", 0)
    split = api(n=("Number", {}), d=("Split", {"x": ["n", 0]}, BYPASS), s=("Add", {"a": ["d", 0], "b": ["d", 1]}))
    assert Graph.from_file(split, REGISTRY).nodes["s"].inputs == {"a": Link("n", 0)}


def test_nothing_passes_where_no_type_fits() -> None:
    g = Graph.from_file(api(l=("Paint", {}, BYPASS), s=("Save", {"pictures": ["l", 0], "prefix": "a"})), REGISTRY)
    assert g.nodes["s"].inputs == {"prefix": Const("a")}


def test_a_row_of_bypassed_nodes_is_followed_to_its_end_and_a_ring_passes_nothing() -> None:
    row = {f"n{i}": ("Add", {"a": [f"n{i - 1}", 0]}, BYPASS) for i in range(1, 5000)}
    g = Graph.from_file(api(n0=("Number", {}), **row, s=("Show", {"x": ["n4999", 0]})), REGISTRY)
    assert g.nodes["s"].inputs == {"x": Link("n0", 0)}
    ring = api(a=("Add", {"a": ["b", 0]}, BYPASS), b=("Add", {"a": ["a", 0]}, BYPASS), s=("Show", {"x": ["a", 0]}))
    assert Graph.from_file(ring, REGISTRY).nodes["s"].inputs == {}


def test_check_heals_what_was_read_without_types() -> None:
    file = api(n=("Number", {}), a=("Add", {"a": ["n", 0]}, BYPASS), s=("Show", {"x": ["a", 0]}))
    raw = Graph.from_file(file)
    assert raw.nodes["a"].bypass
    assert Graph.from_file(raw.to_api()) == raw
    plan = check(raw, REGISTRY).plan
    assert list(plan.steps) == ["n", "s"]
    assert plan.graph == Graph.from_file(file, REGISTRY)


def test_a_type_that_is_not_known_passes_its_links_in_order() -> None:
    file = api(n=("Number", {}), a=("Strange", {"v": 1, "w": ["n", 0]}, BYPASS), s=("Show", {"x": ["a", 0]}))
    assert Graph.from_file(file, REGISTRY).nodes["s"].inputs == {"x": Link("n", 0)}


def test_a_subgraph_becomes_plain_nodes() -> None:
    file = with_subgraphs(
        {"t": TWICE},
        n=("Number", {}),
        i=("subgraph:t", {"x": ["n", 0], "more": 7}),
        j=("subgraph:t", {"x": ["i", 1]}),
        s=("Add", {"a": ["j", 0], "b": ["i", 0]}),
    )
    g = Graph.from_file(file)
    assert {id: dict(node.inputs) for id, node in g.nodes.items()} == {
        "n": {},
        "s": {"a": Link("j:b", 0), "b": Link("i:b", 0)},
        "i:a": {"a": Link("n", 0), "b": Const(7)},
        "i:b": {"a": Link("i:a", 0), "b": Link("i:a", 0)},
        "j:a": {"a": Link("i:a", 0), "b": Const(5)},
        "j:b": {"a": Link("j:a", 0), "b": Link("j:a", 0)},
    }
    assert Graph.from_file(g.to_api()) == g


def test_subgraphs_nest_and_share_definitions() -> None:
    outer = {
        "nodes": api(p=("subgraph:t", {}), q=("subgraph:t", {"x": ["p", 0]})),
        "inputs": [{"name": "in", "type": "FLOAT", "to": [["p", "x"]]}],
        "outputs": [{"name": "out", "type": "FLOAT", "from": ["q", 0]}],
    }
    file = with_subgraphs({"t": TWICE, "o": outer}, i=("subgraph:o", {"in": 3}), s=("Show", {"x": ["i", 0]}))
    g = Graph.from_file(file)
    assert set(g.nodes) == {"s", "i:p:a", "i:p:b", "i:q:a", "i:q:b"}
    assert g.nodes["i:p:a"].inputs["a"] == Const(3)
    assert g.nodes["i:q:a"].inputs["a"] == Link("i:p:b", 0)
    assert g.nodes["s"].inputs["x"] == Link("i:q:b", 0)
    assert not check(g, REGISTRY).problems


def test_an_instance_can_be_muted_and_bypassed() -> None:
    nodes: dict[str, Any] = {"n": ("Number", {}), "s": ("Show", {"x": ["i", 0]})}
    muted = Graph.from_file(with_subgraphs({"t": TWICE}, **nodes, i=("subgraph:t", {"x": ["n", 0]}, MUTE)))
    assert {id: dict(node.inputs) for id, node in muted.nodes.items()} == {"n": {}, "s": {}}
    bypassed = Graph.from_file(with_subgraphs({"t": TWICE}, **nodes, i=("subgraph:t", {"x": ["n", 0]}, BYPASS)))
    assert {id: dict(node.inputs) for id, node in bypassed.nodes.items()} == {"n": {}, "s": {"x": Link("n", 0)}}


def test_muted_and_bypassed_nodes_inside_a_subgraph() -> None:
    inner = {
        "nodes": api(a=("Add", {"a": 1}, BYPASS), m=("Number", {}, MUTE), b=("Add", {"a": ["a", 0], "b": ["m", 0]})),
        "inputs": [{"name": "x", "type": "FLOAT", "to": [["a", "a"]]}],
        "outputs": [{"name": "y", "type": "FLOAT", "from": ["b", 0]}],
    }
    file = with_subgraphs(
        {"t": inner}, n=("Number", {}), i=("subgraph:t", {"x": ["n", 0]}), s=("Show", {"x": ["i", 0]})
    )
    g = Graph.from_file(file, REGISTRY)
    assert g.nodes["i:b"].inputs == {"a": Link("n", 0)}


def test_a_subgraph_in_itself_is_a_problem() -> None:
    def inside(kind: str) -> dict[str, Any]:
        return {"nodes": api(a=(kind, {})), "outputs": []}

    assert codes(with_subgraphs({"t": inside("subgraph:t")}, i=("subgraph:t", {}))) == ["subgraph_recursion"]
    ring = {"t": inside("subgraph:u"), "u": inside("subgraph:t")}
    assert codes(with_subgraphs(ring, i=("subgraph:t", {}))) == ["subgraph_recursion"]


def test_a_bomb_of_subgraphs_is_refused() -> None:
    bomb: dict[str, Any] = {"0": {"nodes": api(a=("Number", {}))}}
    for level in range(1, 20):
        bomb[str(level)] = {"nodes": {str(i): {"class_type": f"subgraph:{level - 1}"} for i in range(10)}}
    assert codes(with_subgraphs(bomb, i=("subgraph:19", {}))) == ["too_many_nodes"]


def test_nesting_has_a_limit() -> None:
    deep: dict[str, Any] = {"0": {"nodes": api(a=("Number", {}))}}
    for level in range(1, 100):
        deep[str(level)] = {"nodes": api(a=(f"subgraph:{level - 1}", {}))}
    assert codes(with_subgraphs(deep, i=("subgraph:99", {}))) == ["too_deep"]


@pytest.mark.parametrize(
    "broken",
    [
        3,
        {},
        {"nodes": []},
        {"nodes": {}, "inputs": 3},
        {"nodes": {}, "inputs": [{"name": 1}]},
        {"nodes": {}, "inputs": [{"name": "x"}]},
        {"nodes": {}, "inputs": [{"name": "x", "to": [["gone", "a"]]}]},
        {"nodes": {}, "inputs": [{"name": "x", "to": [[["a"], "a"]]}]},
        {"nodes": {}, "widgets": {}},
        {"nodes": {}, "outputs": [{"name": "y"}]},
        {"nodes": {}, "outputs": [{"name": "y", "from": ["gone", 0]}]},
        {"nodes": api(a=("A", {})), "outputs": [{"name": "y", "from": ["a", "0"]}]},
    ],
)
def test_a_broken_definition_is_told(broken: Any) -> None:
    assert codes(with_subgraphs({"t": broken}, i=("subgraph:t", {}))) == ["invalid_subgraph"]


def test_a_definition_that_is_not_there_is_told() -> None:
    assert codes(with_subgraphs({}, i=("subgraph:t", {}))) == ["missing_subgraph"]
    assert codes(api(i=("subgraph:t", {}))) == ["missing_subgraph"]
    assert codes({**api(i=("subgraph:t", {})), "_workflow": 3}) == ["missing_subgraph"]


def test_an_id_that_meets_a_flattened_one_is_a_problem() -> None:
    file = with_subgraphs({"t": TWICE}, i=("subgraph:t", {})) | {"i:a": {"class_type": "Number"}}
    assert codes(file) == ["duplicate_id"]


def test_places_and_reroutes_are_ignored() -> None:
    look = {"pos": [1, 2], "size": [3, 4], "collapsed": True, "color": "#fff", "reroutes": {"a": [[1, 2]]}, "mode": "x"}
    a = Graph.from_api(api(n=("Number", {}, look), s=("Show", {"x": ["n", 0]})))
    assert a == Graph.from_api(api(n=("Number", {}), s=("Show", {"x": ["n", 0]})))


def test_an_output_may_come_straight_from_an_input_or_from_nothing() -> None:
    through = {
        "nodes": {},
        "inputs": [{"name": "x", "type": "INT", "to": []}],
        "outputs": [{"name": "same", "type": "INT", "from": "x"}, {"name": "none", "type": "INT", "from": None}],
    }
    file = with_subgraphs(
        {"t": through},
        a=("A", {}),
        i=("subgraph:t", {"x": ["a", 1]}),
        b=("B", {"x": ["i", 0], "y": ["i", 1]}),
    )
    assert Graph.from_file(file).nodes["b"].inputs == {"x": Link("a", 1)}


def test_a_bypassed_node_of_an_unknown_type_passes_what_its_own_slots_say() -> None:
    slots = {"inputs": [["model", "MODEL"], ["image", "FLOAT"]], "outputs": [["image", "FLOAT"]]}
    unknown = ("FromAPack", {"model": ["n", 0], "image": ["m", 0]}, {"mode": "bypass", "slots": slots, "pack": "p"})
    file = api(n=("Number", {}), m=("Number", {}), u=unknown, s=("Add", {"a": ["u", 0]}))
    assert Graph.from_file(file, REGISTRY).nodes["s"].inputs["a"] == Link("m", 0)
    read = Graph.from_file(file)
    assert Graph.from_file(read.to_api()) == read


def test_an_unknown_type_is_told_with_the_pack_it_came_from() -> None:
    file = api(u=("FromAPack", {}, {"pack": "nice-pack"}), c=("Comfys", {}, {"pack": "comfy-core"}))
    problems = {p.node: p for p in check(Graph.from_file(file), REGISTRY, ["u", "c"]).problems}
    assert sentence(problems["u"]).startswith(
        "Node u (FromAPack): there is no such node type here; it comes from the pack nice-pack"
    )
    assert "one of ComfyUI's own" in sentence(problems["c"])
