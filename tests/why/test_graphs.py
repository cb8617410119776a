"""Two graphs side by side."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.graph.graph import Graph
from engine.why import changes
from engine.why.graphs import Parameter, Place


def entry(type: str, title: str = "", /, **inputs: Any) -> dict[str, Any]:
    return {"class_type": type, "inputs": inputs, "_meta": {"title": title}}


BEFORE = {
    "1": entry("Load", "Model", name="a"),
    "2": entry("Sample", "Sampler", model=["1", 0], seed=7, cfg=4.0),
    "3": entry("Save", "Picture", images=["2", 0]),
}


def graph(value: dict[str, Any]) -> Graph:
    return Graph.from_api(value)


def changed(**edits: dict[str, Any]) -> dict[str, Any]:
    return {id: {**node, "inputs": {**node["inputs"], **edits.get(f"n{id}", {})}} for id, node in BEFORE.items()}


def test_a_changed_number_is_told_by_the_names_of_node_and_input() -> None:
    found = changes(graph(BEFORE), graph(changed(n2={"seed": 8})))
    assert found.parameters == (Parameter("2", "Sampler", "seed", 7, 8),)
    assert (found.added, found.removed, found.same) == ((), (), False)


def test_a_number_is_the_same_with_and_without_a_point_but_no_truth_value() -> None:
    assert changes(graph(BEFORE), graph(changed(n2={"cfg": 4}))).same
    assert changes(graph(changed(n2={"cfg": 1})), graph(changed(n2={"cfg": True}))).parameters[0].input == "cfg"


def test_a_link_is_told_by_the_title_of_where_it_leads() -> None:
    other = {**changed(n3={"images": ["4", 1]}), "4": entry("Sharpen", "Sharper", images=["2", 0])}
    found = changes(graph(BEFORE), graph(other))
    assert found.parameters == (Parameter("3", "Picture", "images", "Sampler.0", "Sharper.1"),)
    assert found.added == (Place("4", "Sharper", "Sharpen"),)


def test_what_one_of_them_lacks_is_none() -> None:
    other = {**BEFORE, "2": entry("Sample", "Sampler", model=["1", 0], seed=7)}
    assert changes(graph(BEFORE), graph(other)).parameters == (Parameter("2", "Sampler", "cfg", 4.0, None),)


def test_nodes_with_other_ids_are_found_by_type_and_title() -> None:
    other = {
        "10": entry("Load", "Model", name="a"),
        "20": entry("Sample", "Sampler", model=["10", 0], seed=7, cfg=4.0),
        "30": entry("Save", "Picture", images=["20", 0]),
    }
    found = changes(graph(BEFORE), graph(other))
    assert found.same
    assert found.pairs == {"1": "10", "2": "20", "3": "30"}


def test_a_node_of_another_type_under_the_same_id_is_another_node() -> None:
    other = {**BEFORE, "2": entry("Other", "Sampler", model=["1", 0])}
    found = changes(graph(BEFORE), graph(other))
    assert found.removed == (Place("2", "Sampler", "Sample"),)
    assert found.added == (Place("2", "Sampler", "Other"),)


VALUES = st.one_of(st.integers(-5, 5), st.booleans(), st.text("ab", max_size=2), st.none())
GRAPHS = st.dictionaries(
    st.sampled_from("123456"),
    st.tuples(st.sampled_from(("A", "B")), st.dictionaries(st.sampled_from(("p", "q")), VALUES)),
    max_size=6,
).map(lambda nodes: graph({id: entry(type, "", **inputs) for id, (type, inputs) in nodes.items()}))


@given(GRAPHS, GRAPHS)
def test_every_node_is_the_same_or_added_or_removed_and_the_way_back_mirrors_it(a: Graph, b: Graph) -> None:
    there, back = changes(a, b), changes(b, a)
    assert {*there.pairs, *(p.node for p in there.removed)} == {*a.nodes}
    assert {*there.pairs.values(), *(p.node for p in there.added)} == {*b.nodes}
    assert len(there.added) == len(back.removed)
    assert len(there.parameters) == len(back.parameters)
    assert changes(a, a).same
