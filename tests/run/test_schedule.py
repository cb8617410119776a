"""The scheduler: values, hits, order, lists, lazy inputs, failures."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph.graph import Const, Graph, Link, Node
from engine.run.artifact import Artifact
from engine.run.calls import spread
from engine.run.errors import StepError
from engine.run.events import JobFinished, JobStarted, Progress, StepFailed, StepFinished, StepStarted
from engine.run.flights import Flights
from engine.run.store import Memory
from tests.run.kit import SECONDS, Kit, called, chain, gate, graph

NOTHING_KEPT = 0


def test_values_flow_and_events_tell_of_it() -> None:
    ran = Kit().run(graph(v=("Value", {"value": 4}), a=("Add", {"a": "v.0", "b": 3}), s=("Show", {"value": "a.0"})))
    assert ran.made["s"].ui == {"text": [7]}
    assert ran.started == ["v", "a", "s"]
    kinds = [type(e) for e in ran.events]
    assert kinds == [JobStarted, *[StepStarted, StepFinished] * 3, JobFinished]
    assert ran.events[-1] == JobFinished("job1", "success")


def test_several_outputs() -> None:
    ran = Kit().run(graph(d=("Divide", {"a": 17, "b": 5}), a=("Add", {"a": "d.0", "b": "d.1"})), ["a"])
    assert ran.value("a") == 3 + 2


def test_a_chain_of_ten_thousand_is_right_the_first_time_and_from_the_store() -> None:
    kit = Kit()
    first = kit.run(chain(10_000))
    assert first.made["show"].ui == {"text": [9_999]}
    assert first.started == [*map(str, range(10_000)), "show"]
    again = kit.run(chain(10_000))
    assert again.made["show"].ui == {"text": [9_999]}
    assert again.started == []
    assert again.cached == {"show"}


def test_a_hit_hides_all_above_it() -> None:
    kit = Kit()
    kit.run(graph(v=("Value", {"value": 1}), a=("Add", {"a": "v.0"}), b=("Add", {"a": "a.0"})), ["b"])
    ran = kit.run(
        graph(v=("Value", {"value": 1}), a=("Add", {"a": "v.0"}), b=("Add", {"a": "a.0"}), c=("Add", {"a": "b.0"})),
        ["c"],
    )
    assert ran.started == ["c"]
    assert ran.of(JobStarted)[0].cached == ("b",)


def test_ids_do_not_matter_to_hits() -> None:
    kit = Kit()
    kit.run(graph(v=("Value", {"value": 1}), a=("Add", {"a": "v.0"})), ["a"])
    ran = kit.run(graph(x=("Value", {"value": 1}), y=("Add", {"a": "x.0"})), ["y"])
    assert ran.started == []
    assert ran.value("y") == 2


def test_twins_in_one_job_run_once() -> None:
    ran = Kit().run(
        graph(
            v=("Value", {}),
            a=("Add", {"a": "v.0"}),
            b=("Add", {"a": "v.0"}),
            s=("Sum", {"a": "a.0", "b": "b.0", "c": 0}),
        ),
        ["s"],
    )
    assert ran.value("s") == 3
    assert called.count("add 0 1") == 1


def test_values_are_dropped_at_last_use() -> None:
    g = graph(m=("Wrap", {"a": 1}), u=("Unwrap", {"a": "m.0"}), s=("Sleep", {"a": "u.0"}), l=("Alive", {"a": "s.0"}))
    ran = Kit(store=Memory(NOTHING_KEPT)).run(g, ["l", "u"])
    assert (ran.value("l"), ran.value("u")) == (0, 1)
    assert Kit().run(g, ["l"]).value("l") == 1, "the store keeps it"


def test_the_device_lane_is_used_and_coroutines_run_together() -> None:
    nodes = {f"s{i}": ("Gather", {"a": i, "n": 20}) for i in range(20)}
    lane = {"d": ("OnDevice", {"a": 5})}
    ran = Kit().run(graph(**nodes, **lane), [*nodes, "d"])
    assert {ran.value(f"s{i}") for i in range(20)} == set(range(20))
    assert any(name.startswith("device") for name in called)
    order = [
        (type(e).__name__, e.node) for e in ran.events if isinstance(e, StepStarted | StepFinished) and e.node[0] == "s"
    ]
    assert [kind for kind, _ in order[:20]] == ["StepStarted"] * 20, "all wait for each other"


def test_work_of_different_kinds_overlaps() -> None:
    """Three nodes that wait for each other to have begun end only when they run together."""
    kinds = {"c": "MeetCpu", "i": "MeetIo", "d": "MeetDevice"}
    nodes = {id: (kind, {"a": i, "n": 3}) for i, (id, kind) in enumerate(kinds.items())}
    ran = Kit().run(graph(**nodes, s=("Sum", {"a": "c.0", "b": "i.0", "c": "d.0"})), ["s"])
    assert ran.value("s") == 2 * 1 + 3 * 2


def test_quick_steps_behind_a_slow_one_are_not_held_up() -> None:
    """A bundle that stalls gives back the rest: two nodes that wait for each other, among quick ones."""
    nodes = dict(chain(2000).nodes)
    nodes |= {f"m{i}": Node("MeetCpu", {"a": Link(str(1500 + i), 0), "n": Const(2)}) for i in range(2)}
    ran = Kit().run(Graph(nodes), ["m0", "m1", "show"])
    assert (ran.value("m0"), ran.value("m1")) == (1500, 1501)


# --- lists ---------------------------------------------------------------------------------


def test_a_list_maps_the_node_that_takes_one_value() -> None:
    ran = Kit().run(
        graph(c=("Count", {"n": 4}), a=("Add", {"a": "c.0", "b": 10}), t=("Total", {"values": "a.0"})), ["a", "t"]
    )
    assert ran.value("a") == [10, 11, 12, 13]
    assert ran.value("t") == 46
    assert called.count("add 0 10") == 1


def test_shorter_lists_repeat_their_last() -> None:
    ran = Kit().run(graph(c=("Count", {"n": 4}), d=("Count", {"n": 2}), a=("Add", {"a": "c.0", "b": "d.0"})), ["a"])
    assert ran.value("a") == [0, 2, 3, 4]


def test_lists_of_a_mapped_node_are_joined_and_single_values_become_lists() -> None:
    ran = Kit().run(
        graph(
            c=("Count", {"n": 2}), r=("Repeat", {"a": "c.0"}), v=("Value", {"value": 5}), t=("Total", {"values": "v.0"})
        ),
        ["r", "t"],
    )
    assert ran.value("r") == [0, 0, 1, 1]
    assert ran.value("t") == 5


def test_an_empty_list_maps_to_an_empty_list() -> None:
    ran = Kit().run(
        graph(c=("Count", {"n": 0}), d=("Divide", {"a": "c.0", "b": 1}), t=("Total", {"values": "d.1"})), ["d", "t"]
    )
    assert ran.made["d"].outputs == ([], [])
    assert ran.value("t") == 0


def test_progress_counts_the_elements() -> None:
    ran = Kit().run(graph(c=("Count", {"n": 2}), p=("Steps", {"a": "c.0"})), ["p"])
    assert [(e.done, e.total) for e in ran.of(Progress)] == [(1, 4), (2, 4), (1, 2), (3, 4), (4, 4)]


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(), max_size=5), min_size=1))
def test_spread_pairs_the_elements_by_position(lists: dict[str, list[int]]) -> None:
    elements = spread({**lists, "z": "same"}, set(lists))
    n = max(map(len, lists.values())) if all(lists.values()) else 0
    assert [e["z"] for e in elements] == ["same"] * n
    for name, values in lists.items():
        assert [e[name] for e in elements] == (values + values[-1:] * n)[:n]


# --- lazy inputs ----------------------------------------------------------------------------


def branches(condition: Any, no: int = 2) -> Graph:
    return graph(
        n=("Value", {"value": 7}),
        o=("Odd", {"a": "n.0"}),
        yes=("Add", {"a": 0, "b": 1}),
        no=("Add", {"a": 0, "b": no}),
        i=("If", {"condition": condition, "yes": "yes.0", "no": "no.0"}),
        below=("Sum", {"a": "i.0", "b": 0, "c": 0}),
    )


@pytest.mark.parametrize("condition", ["o.0", True])
def test_only_the_wanted_branch_runs(condition: Any) -> None:
    ran = Kit().run(branches(condition), ["i"])
    assert ran.made["i"].outputs == (1, -1)
    assert "no" not in ran.started
    assert ran.of(JobFinished)[0].status == "success"


def test_a_change_of_the_dead_branch_changes_nothing_below_it() -> None:
    kit = Kit()
    kit.run(branches("o.0"), ["below"])
    assert called.count("sum 1 0 0") == 1
    ran = kit.run(branches("o.0", no=3), ["below"])
    assert ran.value("below") == 1
    assert not ran.started
    ran = kit.run(branches("o.0", no=3), ["below"])
    assert ran.cached == {"below"}, "the plain key leads to the refined one"


def test_a_lazy_result_spares_its_branch() -> None:
    """With the demand known, a cached result is found before the wanted branch is made."""
    kit = Kit()
    kit.run(branches("o.0"), ["i"])
    kit.store.put(b"", kit.run(branches("o.0"), ["i"]).made["i"])  # type: ignore[arg-type]
    changed = branches("o.0", no=5)
    ran = kit.run(changed, ["i"])
    assert not ran.started


def test_a_lazy_input_over_a_list_is_made_when_one_element_wants_it() -> None:
    g = graph(
        c=("Count", {"n": 3}),
        o=("Odd", {"a": "c.0"}),
        yes=("Value", {"value": 1}),
        no=("Value", {"value": 2}),
        i=("If", {"condition": "o.0", "yes": "yes.0", "no": "no.0"}),
    )
    ran = Kit().run(g, ["i"])
    assert ran.made["i"].outputs == ([1, 1, 1], [2, 2, 2])


def test_a_demand_may_be_a_single_name() -> None:
    for a in (1, "v.0"):  # known when the graph is checked, and only when it runs
        g = graph(v=("Value", {}), w=("Add", {"a": 4}), s=("Second", {"a": a, "b": "w.0", "c": "w.0"}))
        assert Kit().run(g, ["s"]).value("s") == 5


def test_an_artifact_that_lacks_an_output_fails_the_step_that_reads_it_and_blocks_no_later_job() -> None:
    async def body() -> None:
        kit, flights = Kit(), Flights()
        g = graph(v=("Value", {}), a=("Add", {"a": "v.0"}), s=("Sleep", {"a": "v.0"}))
        damaged = kit.check(g, ["a", "s"])[0].plan.steps["v"].key
        kit.store.put(damaged, Artifact((), 0, 1.0))
        ran = await kit.run_async(g, ["a", "s"], flights=flights)
        assert ran.failed.keys() == {"a", "s"}
        kit.store.put(damaged, Artifact((6,), 0, 1.0))
        assert (await kit.run_async(g, ["a", "s"], flights=flights)).value("a") == 7

    asyncio.run(asyncio.wait_for(body(), SECONDS))


def test_a_demand_for_what_is_not_lazy_is_the_nodes_failure() -> None:
    ran = Kit().run(graph(v=("Value", {}), b=("BadDemand", {"a": "v.0", "b": "v.0"})), ["b"])
    assert "nonsense" in ran.failed["b"]


# --- failures -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "said"),
    [
        ("Fail", "Fail (node x) failed: the value is odd (ValueError)."),
        ("NoMemory", "NoMemory (node x) ran out of memory: use a smaller picture or batch, or close other programs."),
        ("WrongCount", "WrongCount (node x) gave a wrong result: "),
        ("WrongType", "WrongType (node x) returned a str as output 0 (INT), which is declared as INT."),
        ("WrongList", "WrongList (node x) returned a int as output 0 (INT), which is declared as a list of INT."),
    ],
)
def test_a_failure_names_its_node_in_one_sentence(type: str, said: str) -> None:
    ran = Kit().run(graph(v=("Value", {}), x=(type, {"a": "v.0"}), s=("Show", {"value": "x.0"})))
    assert isinstance(ran.error, StepError)
    assert (ran.error.node, ran.error.node_type) == ("x", type)
    (event,) = ran.of(StepFailed)
    assert event.message == str(ran.error)
    assert event.message.startswith(said)
    assert "\n" not in event.message
    assert "Traceback" not in event.message
    assert ran.error.cause.__traceback__ is None, "frames would keep tensors alive"
    assert ran.events[-1] == JobFinished("job1", "error")


def test_other_targets_go_on_and_the_next_job_is_clean() -> None:
    kit = Kit()
    g = graph(v=("Value", {}), bad=("Fail", {"a": "v.0"}), below=("Add", {"a": "bad.0"}), fine=("Add", {"a": "v.0"}))
    ran = kit.run(g, ["below", "fine"])
    assert ran.value("fine") == 1
    assert "below" not in ran.made
    assert list(ran.failed) == ["bad"]
    assert kit.run(graph(v=("Value", {}), fine=("Add", {"a": "v.0"})), ["fine"]).error is None
    assert "fail" in called or kit.run(g, ["below"]).failed, "a failure is not cached"


def test_every_failure_is_told() -> None:
    ran = Kit().run(graph(a=("Fail", {"a": 1}), b=("Fail", {"a": 2, "text": "other"})), ["a", "b"])
    assert set(ran.failed) == {"a", "b"}
    assert isinstance(ran.error, StepError)
    assert len(ran.error.others) == 1


def test_one_element_that_fails_fails_the_step() -> None:
    ran = Kit().run(graph(c=("Count", {"n": 3}), d=("Divide", {"a": 1, "b": "c.0"})), ["d"])
    assert "ZeroDivisionError" in ran.failed["d"]


def test_a_listener_that_fails_harms_nobody() -> None:
    class Angry(list[Any]):
        def append(self, event: Any) -> None:
            super().append(event)
            raise RuntimeError("no")

    heard = Angry()
    ran = Kit().run(graph(v=("Value", {}), a=("Add", {"a": "v.0"})), ["a"], events=heard)
    assert ran.value("a") == 1
    assert isinstance(heard[-1], JobFinished)


# --- volatile --------------------------------------------------------------------------------


def test_a_volatile_step_runs_once_in_every_job() -> None:
    kit = Kit(store=Memory(NOTHING_KEPT))
    g = graph(n=("Now", {}), a=("Add", {"a": "n.0"}), b=("Add", {"a": "n.0", "b": 2}))
    for _ in range(2):
        ran = kit.run(g, ["a", "b"])
        assert called.count("now") == 1
        assert ran.value("b") == ran.value("a") + 1
    kit = Kit()
    assert [len(kit.run(g, ["a"]).started) for _ in range(2)] == [2, 2]


def test_the_id_reaches_the_node_that_asks() -> None:
    ran = Kit().run(graph(w=("Who", {}), x=("Who", {})), ["w", "x"])
    assert (ran.value("w"), ran.value("x")) == ("w", "x")


# --- random graphs -----------------------------------------------------------------------------


@st.composite
def dags(draw: st.DrawFn) -> tuple[Graph, list[str]]:
    n = draw(st.integers(2, 25))
    nodes: dict[str, Node] = {"0": Node("Value", {"value": Const(draw(st.integers(0, 3)))})}
    kinds = st.sampled_from(["Value", "Add", "Sum", "Sleep", "Read", "OnDevice", "Twice", "Add", "Sum"])
    for i in range(1, n):
        kind = draw(kinds)
        names = {"Value": (), "Sum": "abc", "Add": "ab"}.get(kind, "a")
        inputs: dict[str, Any] = {
            name: Link(str(draw(st.integers(0, i - 1))), 0)
            if draw(st.integers(0, 3))
            else Const(draw(st.integers(0, 2)))
            for name in names
        }
        nodes[str(i)] = Node(kind, inputs or {"value": Const(draw(st.integers(0, 3)))})
    targets = draw(st.lists(st.sampled_from(list(nodes)), min_size=1, max_size=3, unique=True))
    return Graph(nodes), targets


RULES: dict[str, Any] = {
    "Value": lambda value: value,
    "Add": lambda a, b=1: a + b,
    "Sum": lambda a, b, c: a + 2 * b + 3 * c,
    "Twice": lambda a: 2 * a,
}


def evaluated(graph: Graph) -> dict[str, int]:
    values: dict[str, int] = {}
    for id, node in graph.nodes.items():
        args = {k: values[v.node] if isinstance(v, Link) else v.value for k, v in node.inputs.items()}
        values[id] = RULES.get(node.type, lambda a: a)(**args)
    return values


@settings(max_examples=100)
@given(st.lists(dags(), min_size=1, max_size=3), st.sampled_from([NOTHING_KEPT, 3000, 1 << 20]))
def test_random_graphs_give_what_a_plain_evaluator_gives(graphs: list[tuple[Graph, list[str]]], budget: int) -> None:
    kit = Kit(store=Memory(budget))
    for g, targets in graphs:
        ran = kit.run(g, targets)
        assert ran.error is None
        expected = evaluated(g)
        assert {t: ran.value(t) for t in targets} == {t: expected[t] for t in targets}


def test_without_a_loop_to_block_nothing_blocks_it() -> None:
    """While a node that takes long runs, the loop goes on."""
    gate.clear()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        for _ in range(50):
            await asyncio.sleep(0.001)
            ticks += 1
        gate.set()

    async def both() -> Any:
        ran, _ = await asyncio.gather(Kit().run_async(graph(d=("Deaf", {"a": 3})), ["d"]), tick())
        return ran

    assert asyncio.run(both()).value("d") == 3
    assert ticks == 50
