"""Expansion: nodes that return graphs."""

from __future__ import annotations

import pytest

from engine.graph.graph import Const, Graph, Node
from engine.run.events import Expanded, JobFinished
from engine.run.store import Memory
from tests.run.kit import Kit, called, graph, wrapped


def test_an_expansion_gives_the_value_and_its_children_are_named() -> None:
    kit = Kit()
    ran = kit.run(graph(v=("Value", {"value": 4}), t=("Twice", {"a": "v.0"}), a=("Add", {"a": "t.0"})), ["a"])
    assert ran.value("a") == 9
    assert ran.of(Expanded)[0].nodes == ("t.v", "t.s")
    assert {"t.v", "t.s"} <= set(ran.started) | ran.cached
    again = kit.run(graph(v=("Value", {"value": 4}), t=("Twice", {"a": "v.0"})), ["t"])
    assert again.value("t") == 8
    assert not again.started, "the result lies under the key of the node that expanded"


def test_tail_recursion_has_no_limit_of_depth() -> None:
    ran = Kit().run(graph(l=("Loop", {"a": 0, "times": 1100})), ["l"])
    assert ran.value("l") == 1100
    assert called.count("add 7 1") == 1


def test_loops_nest() -> None:
    ran = Kit().run(
        graph(a=("Loop", {"a": 0, "times": 3}), b=("Loop", {"a": "a.0", "times": "a.0"}), c=("Twice", {"a": "b.0"})),
        ["c"],
    )
    assert ran.value("c") == 12


def test_an_expansion_is_mapped_over_a_list() -> None:
    ran = Kit().run(
        graph(c=("Count", {"n": 3}), l=("Loop", {"a": 10, "times": "c.0"}), t=("Total", {"values": "l.0"})), ["l", "t"]
    )
    assert ran.value("l") == [10, 11, 12]
    assert ran.value("t") == 33


def test_each_item_is_a_step_with_a_key_of_its_own() -> None:
    kit = Kit()

    def loop(items: list[int]) -> Graph:
        return Graph(
            {
                "f": Node("ForEach", {"items": Const(items)}),
                "t": Node("Total", {"values": graph(x=("Add", {"a": "f.0"})).nodes["x"].inputs["a"]}),
            }
        )

    assert kit.run(loop([1, 2, 3]), ["t"]).value("t") == 36
    assert [c for c in called if c.startswith("add")] == ["add 1 10", "add 2 10", "add 3 10"]
    assert kit.run(loop([1, 5, 3]), ["t"]).value("t") == 39
    assert [c for c in called if c.startswith("add")] == ["add 5 10"], "only the item that changed runs"


def test_opaque_values_inside_are_keyed_by_where_they_were_made() -> None:
    kit = Kit()
    g = graph(w=("Wrap", {"a": 1}), i=("Inside", {"a": "w.0"}))
    assert kit.run(g, ["i"]).value("i") == 1 + 100
    assert sorted(c for c in called if c.startswith("unwrap")) == ["unwrap 1 0", "unwrap 100 0"]
    assert kit.run(graph(w=("Wrap", {"a": 2}), i=("Inside", {"a": "w.0"})), ["i"]).value("i") == 2 + 100


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("self", "needs this node's own result: a cycle"),
        ("below", "needs this node's own result: a cycle"),
        ("inner", "returned a graph that cannot run: "),
        ("unknown", "Nonsense"),
        ("socket", "returned a graph that cannot run: "),
    ],
)
def test_a_graph_that_cannot_run_fails_the_node_that_returned_it(kind: str, said: str) -> None:
    kit = Kit()
    g = graph(
        a=("Value", {}), c=("Cycle", {"a": "a.0", "kind": kind}), d=("Add", {"a": "c.0"}), fine=("Add", {"a": "a.0"})
    )
    ran = kit.run(g, ["d", "fine"])
    assert list(ran.failed) == ["c"]
    assert said in ran.failed["c"]
    assert ran.value("fine") == 1
    assert ran.events[-1] == JobFinished("job1", "error")


def test_a_node_that_expands_to_itself_fails() -> None:
    assert "expansion" in Kit().run(graph(s=("Same", {"a": 1})), ["s"]).failed["s.x"]


def test_a_failing_child_is_named_and_ends_the_node() -> None:
    ran = Kit().run(graph(s=("SaveEach", {"n": 2}), a=("Add", {"a": "s.0"})), ["a"])
    assert set(ran.failed) == {"s.0", "s.1"}
    assert "no output folder" in ran.failed["s.0"]
    assert "a" not in ran.made


@pytest.mark.parametrize("needed", [True, False])
def test_links_may_lead_to_the_graph_around(needed: bool) -> None:
    """To a step that runs anyway, and to a node that no target needed."""
    g = graph(far=("Value", {"value": 30}), v=("Value", {"value": 1}), o=("Outside", {"a": "v.0"}))
    ran = Kit(store=Memory(0)).run(g, ["o", *(["far"] if needed else [])])
    assert ran.value("o") == 31


def test_values_of_children_are_dropped() -> None:
    g = graph(w=("Wrap", {"a": 1}), i=("Inside", {"a": "w.0"}), s=("Sleep", {"a": "i.0"}), l=("Alive", {"a": "s.0"}))
    ran = Kit(store=Memory(0)).run(g, ["l"])
    assert ran.value("l") in (0, 1), "the plan itself may hold the constant of the expansion, nothing else does"
    assert len(wrapped) == 1
