"""Check: every problem at once, each with its mend, and a plan for what is sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest

from engine.files import Library
from engine.graph import Checked, Choice, Const, Graph, Link, Node, Problem, Registry, check, node, sentence
from engine.graph.questions import cycles

from .kit import REGISTRY, api, chain, graph


@pytest.fixture
def library(tmp_path: Path) -> Library:
    folder = tmp_path / "models" / "checkpoints"
    (folder / "sdxl").mkdir(parents=True)
    (folder / "mini-v1.safetensors").write_bytes(b"1")
    (folder / "sdxl" / "base.safetensors").write_bytes(b"2")
    return Library.standard(tmp_path)


def one(checked: Checked) -> Problem:
    (problem,) = checked.problems
    return problem


def mended(g: Graph, problem: Problem) -> Graph:
    """The graph with a problem's mend applied, as an editor would."""
    assert problem.mend is not None
    assert problem.node is not None
    node = g.nodes[problem.node]
    inputs = dict(node.inputs)
    name = problem.input or ""
    match problem.mend.kind, problem.mend.args:
        case "set", {"value": value}:
            inputs[name] = Const(value)
        case "choose", {"options": [first, *_]}:
            inputs[name] = Const(first)
        case "connect", {"sources": [[source, slot], *_]}:
            inputs[name] = Link(source, slot)
        case (("remove" | "disconnect"), _):
            del inputs[name]
        case "rename", {"to": new}:
            inputs[new] = inputs.pop(name)
        case "retype", {"options": [first, *_]}:
            node = replace(node, type=first)
        case other:
            raise AssertionError(other)
    return Graph({**g.nodes, problem.node: replace(node, inputs=inputs)})


def show(**nodes: Any) -> dict[str, Any]:
    return {"n": ("Number", {}), "s": ("Show", {"x": ["a", 0]})} | nodes


MENDABLE: dict[str, tuple[str, dict[str, Any]]] = {
    "below": ("value_smaller_than_min", show(a=("Paint", {"steps": 0}))),
    "above": ("value_bigger_than_max", show(a=("Paint", {"steps": 101}))),
    "choice": ("value_not_in_list", show(a=("Paint", {"mode": "fats"}))),
    "strange choice": ("value_not_in_list", show(a=("Paint", {"mode": "zzz"}))),
    "number as text": ("invalid_input_type", show(a=("Add", {"a": "1.5"}))),
    "fraction": ("invalid_input_type", show(a=("Split", {"x": 1.5}))),
    "null": ("invalid_input_type", show(a=("Paint", {"steps": None}))),
    "boolean": ("invalid_input_type", show(a=("Either", {"on": "true", "yes": 1, "no": 2}))),
    "text": ("invalid_input_type", show(a=("Text", {"value": 3}))),
    "missing": ("required_input_missing", show(a=("Add", {}))),
    "constant picture": ("invalid_input_type", show(
        a=("Blend", {"first": "x", "second": ["p", 0]}), p=("Paint", {}))),
    "no such node": ("bad_linked_input", show(a=("Add", {"a": ["gone", 0]}))),
    "no such output": ("bad_linked_input", show(a=("Add", {"a": ["n", 1]}))),
    "negative output": ("bad_linked_input", show(a=("Add", {"a": ["n", -1]}))),
    "wrong type": ("return_type_mismatch", show(a=("Add", {"a": ["p", 0]}), p=("Paint", {}))),
    "wrong type, default": ("return_type_mismatch", show(a=("Add", {"a": 1, "b": ["p", 0]}), p=("Paint", {}))),
    "near type": ("missing_node_type", show(a=("Pain", {}))),
    "unknown input": ("unknown_input", show(a=("Paint", {"control_after_generate": "fixed"}))),
    "near input": ("unknown_input", show(a=("Paint", {"step": 3}))),
    "cycle": ("dependency_cycle", show(a=("Add", {"b": ["b", 0], "a": 1}), b=("Add", {"a": ["a", 0]}))),
}  # fmt: skip


@pytest.mark.parametrize("name", MENDABLE)
def test_a_mend_mends(name: str) -> None:
    code, nodes = MENDABLE[name]
    g = graph(**nodes)
    problem = one(check(g, REGISTRY))
    assert problem.code == code
    after = check(mended(g, problem), REGISTRY)
    assert not after.problems
    assert after.plan.targets == ("s",)


def test_sentences_stay_as_they_are(library: Library, golden: Any, tmp_path: Path) -> None:
    files = {
        "missing file": show(a=("Load", {"name": "mini-v2.safetensors"})),
        "file in a folder": show(a=("Load", {"name": "base.safetensors"})),
        "file leads out": show(a=("Load", {"name": "../../secret.safetensors"})),
        "no file given": show(a=("Load", {})),
        "file is a number": show(a=("Load", {"name": 7})),
        "no outputs": {"n": ("Number", {})},
        "text of a stranger": show(**{"a\x1b[31m": ("<script>" * 20, {}), "a": ("Add", {"a": ["a\x1b[31m", 0]})}),
    }
    told = {}
    for name, nodes in {**{k: v[1] for k, v in MENDABLE.items()}, **files}.items():
        problems = check(graph(**nodes), REGISTRY, library=library).problems
        told[name] = [sentence(_without_place(p, tmp_path)) for p in problems]
    assert all(text.isprintable() for texts in told.values() for text in texts)
    golden("graph_sentences.json", told)


def _without_place(problem: Problem, place: Path) -> Problem:
    """The problem as it is in a folder called DATA: how long the real path is decides where it is cut."""
    folders = problem.args.get("folders", ())
    short = {"folders": tuple(f.replace(str(place), "DATA") for f in folders)} if folders else {}
    return replace(problem, args={**problem.args, **short})


def test_all_problems_are_told_at_once() -> None:
    g = graph(
        a=("Paint", {"steps": 0, "mode": "no"}),
        b=("Blend", {"first": ["a", 0], "amount": 2}),
        c=("Nothing", {}),
        s=("Show", {"x": ["b", 0]}),
        t=("Show", {"x": ["c", 0]}),
    )
    found = [(p.node, p.input, p.code) for p in check(g, REGISTRY).problems]
    assert found == [
        ("a", "steps", "value_smaller_than_min"),
        ("a", "mode", "value_not_in_list"),
        ("b", "second", "required_input_missing"),
        ("b", "amount", "value_bigger_than_max"),
        ("c", None, "missing_node_type"),
    ]


def test_sound_targets_are_planned_beside_bad_ones() -> None:
    g = graph(
        n=("Number", {}),
        a=("Add", {"a": ["n", 0]}),
        bad=("Add", {"a": ["n", 0], "b": "x"}),
        below=("Add", {"a": ["bad", 0]}),
        s=("Show", {"x": ["a", 0]}),
        t=("Show", {"x": ["below", 0]}),
    )
    checked = check(g, REGISTRY)
    assert [p.node for p in checked.errors] == ["bad"]
    assert checked.plan.targets == ("s",)
    assert list(checked.plan.steps) == ["n", "a", "s"]


def test_only_what_targets_need_is_planned_and_other_problems_are_warnings() -> None:
    g = graph(n=("Number", {}), m=("Number", {"value": -1}), u=("Unknown", {}), s=("Show", {"x": ["n", 0]}))
    checked = check(g, REGISTRY)
    assert list(checked.plan.steps) == ["n", "s"]
    assert [(p.node, p.severity) for p in checked.problems] == [("m", "warning"), ("u", "warning")]
    assert not checked.errors


def test_what_a_bad_node_would_need_counts_as_needed() -> None:
    g = graph(
        m=("Number", {"value": -1}),
        k=("Number", {"value": -1}),
        u=("Unknown", {"x": ["m", 0]}),
        a=("Add", {"a": ["u", 0], "b": ["k", 3]}),
        s=("Show", {"x": ["a", 0]}),
    )
    assert {p.node: p.severity for p in check(g, REGISTRY).problems} == dict.fromkeys("mkua", "error")


def test_targets_can_be_named() -> None:
    g = graph(n=("Number", {}), a=("Add", {"a": ["n", 0]}), s=("Show", {"x": ["a", 0]}))
    assert check(g, REGISTRY, ["a"]).plan.targets == ("a",)
    assert list(check(g, REGISTRY, ["a", "a", "n"]).plan.steps) == ["n", "a"]
    unknown = check(g, REGISTRY, ["a", "ss"])
    assert unknown.plan.targets == ("a",)
    assert (one(unknown).code, one(unknown).args["near"]) == ("unknown_target", ("s",))
    assert one(check(g, REGISTRY, [])).code == "prompt_no_outputs"
    assert one(check(Graph(), REGISTRY)).code == "prompt_no_outputs"


def test_a_cycle_is_named_with_every_node_in_order() -> None:
    g = graph(
        s=("Show", {"x": ["c", 0]}),
        a=("Add", {"a": ["c", 0]}),
        b=("Add", {"a": ["a", 0]}),
        c=("Add", {"a": ["b", 0], "b": ["s0", 0]}),
        s0=("Add", {"a": ["s0", 0]}),
    )
    problems = check(g, REGISTRY).problems
    assert [(p.args["nodes"], p.node, p.input) for p in problems] == [
        (("a", "b", "c"), "a", "a"),
        (("s0",), "s0", "a"),
    ]
    assert check(g, REGISTRY).plan.targets == ()


def test_a_cycle_that_no_target_needs_stops_nothing() -> None:
    g = graph(n=("Number", {}), a=("Add", {"a": ["b", 0]}), b=("Add", {"a": ["a", 0]}), s=("Show", {"x": ["n", 0]}))
    checked = check(g, REGISTRY)
    assert one(checked).severity == "warning"
    assert checked.plan.targets == ("s",)


def test_a_cycle_of_many_nodes_is_found_without_recursion() -> None:
    parents = {str(i): [str((i - 1) % 5_000)] for i in range(5_000)}
    assert cycles(parents) == [[str(i) for i in range(5_000)]]


def test_a_long_chain_is_planned_in_order() -> None:
    checked = check(Graph.from_api(chain(10_000)), REGISTRY)
    assert not checked.problems
    assert list(checked.plan.steps) == [*(f"n{i}" for i in range(9_999)), "end"]
    assert [s.rank for s in checked.plan.steps.values()] == list(range(10_000))


def test_a_branch_is_finished_before_the_next_begins() -> None:
    g = graph(
        a1=("Number", {}), b1=("Number", {}), a2=("Add", {"a": ["a1", 0]}), b2=("Add", {"a": ["b1", 0]}),
        j=("Add", {"a": ["a2", 0], "b": ["b2", 0]}), s=("Show", {"x": ["j", 0]}),
    )  # fmt: skip
    assert list(check(g, REGISTRY).plan.steps) == ["a1", "a2", "b1", "b2", "j", "s"]


def test_a_choice_by_a_constant_needs_one_side_only() -> None:
    g = graph(
        n=("Number", {}),
        bad=("Number", {"value": -1}),
        e=("Either", {"on": True, "yes": ["n", 0], "no": ["bad", 0]}),
        s=("Show", {"x": ["e", 0]}),
    )
    checked = check(g, REGISTRY)
    assert list(checked.plan.steps) == ["n", "e", "s"]
    assert checked.plan.steps["e"].demanded == frozenset({"yes"})
    assert not checked.errors


def test_lists_are_mapped_over_where_one_value_is_taken() -> None:
    g = graph(
        m=("Many", {}),
        a=("Add", {"a": ["m", 0], "b": 1}),
        b=("Add", {"a": 1, "b": ["a", 0]}),
        t=("Sum", {"values": ["b", 0]}),
        s=("Show", {"x": ["t", 0]}),
        u=("Show", {"x": ["m", 0]}),
    )
    checked = check(g, REGISTRY)
    assert not checked.problems
    found = {id: step.maps for id, step in checked.plan.steps.items()}
    assert found == {"m": set(), "a": {"a"}, "b": {"b"}, "t": set(), "s": set(), "u": {"x"}}


def test_constants_of_lists_are_checked_one_by_one() -> None:
    assert not check(
        graph(t=("Sum", {"values": {"__value__": [1, 2.5]}}), s=("Show", {"x": ["t", 0]})), REGISTRY
    ).problems
    bad = check(graph(t=("Sum", {"values": {"__value__": [1, "a"]}}), s=("Show", {"x": ["t", 0]})), REGISTRY)
    assert one(bad).code == "invalid_input_type"


def test_files_become_references(library: Library) -> None:
    g = graph(a=("Load", {"name": "sdxl\\base.safetensors"}), s=("Show", {"x": ["a", 0]}))
    arg = check(g, REGISTRY, library=library).plan.steps["a"].args["name"]
    assert isinstance(arg, Const)
    assert (arg.value.kind, arg.value.name) == ("checkpoints", "sdxl/base.safetensors")
    assert arg.value.digest.startswith("sha256:")


def test_a_missing_file_is_told_with_near_names(library: Library) -> None:
    g = graph(**show(a=("Load", {"name": "SDXL/Base.ckpt"})))
    problem = one(check(g, REGISTRY, library=library))
    assert (problem.code, problem.args["near"]) == ("value_not_in_list", ("sdxl/base.safetensors",))
    assert not check(mended(g, problem), REGISTRY, library=library).problems


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "C:\\x", "a/../../x", "x\0", "nul", ""])
def test_no_name_leads_out(library: Library, name: str) -> None:
    problem = one(check(graph(**show(a=("Load", {"name": name}))), REGISTRY, library=library))
    assert problem.code == "bad_file_name"


def test_text_links_into_a_choice_but_not_into_a_file_name(library: Library) -> None:
    text = ("Text", {"value": "fast"})
    assert not check(graph(**show(t=text, a=("Paint", {"mode": ["t", 0]}))), REGISTRY).problems
    wrong = check(graph(**show(t=text, a=("Load", {"name": ["t", 0]}))), REGISTRY, library=library)
    assert one(wrong).code == "return_type_mismatch"


def test_a_hostile_file_is_answered_with_bounded_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.graph.hints.BUDGET", 1000)
    paint_modes = ("fast", "exact")
    nodes = {f"p{i}": Node("Paint", {"mode": Const(f"fast{i}"), "stepz": Const(1)}) for i in range(5_000)}
    nodes |= {f"n{i}": Node(f"Paint{i}", {"a": Const("x")}) for i in range(5_000)}
    problems = check(Graph(nodes), REGISTRY).problems
    assert len(problems) == 1 + 10_000 + 5_000
    helped = sum(1 for p in problems if p.code == "value_not_in_list" and p.args["near"])
    assert 0 < helped <= 1000 / len(paint_modes)


def test_values_that_no_key_can_hold_are_a_problem() -> None:
    problem = one(check(Graph({"s": Node("Show", {"x": Const(object())})}), REGISTRY))
    assert (problem.code, problem.node) == ("not_digestible", "s")


def fails() -> list[str]:
    raise OSError("no such\nfolder")


def pick(name: Annotated[str, Choice(fails)], other: Annotated[str, Choice(fails)] = "a") -> None:
    """Picks."""


def test_options_that_cannot_be_listed_are_a_problem_of_their_input() -> None:
    registry = Registry([node("Pick", kind="sink")(pick).__node__])  # type: ignore[attr-defined]
    problems = check(graph(n=("Pick", {"name": "a"}), m=("Pick", {})), registry).problems
    assert [(p.code, p.input) for p in problems] == [("exception_during_validation", "name")] * 2
    assert sentence(problems[0]) == "Node n (Pick), input name: it could not be checked (OSError: no such folder)."


def test_the_plan_holds_the_graph_it_came_from() -> None:
    g = Graph.from_api(api(n=("Number", {}), s=("Show", {"x": ["n", 0]})))
    assert check(g, REGISTRY).plan.graph == g
