"""Why each step runs."""

from __future__ import annotations

from typing import Any

from engine.graph import Plan, check

from .kit import REGISTRY, graph

BASE: dict[str, Any] = {
    "n": ("Number", {"value": 1}),
    "m": ("Number", {"value": 1}),
    "a": ("Add", {"a": ["n", 0], "b": 2}),
    "b": ("Add", {"a": ["a", 0], "b": ["m", 0]}),
    "s": ("Show", {"x": ["b", 0]}),
}


def plan(salt: str = "", **changes: Any) -> Plan:
    checked = check(graph(**(BASE | changes)), REGISTRY, salt=salt)
    assert not checked.errors
    return checked.plan


def told(new: Plan, old: Plan | None = None, kept: Plan | None = None) -> dict[str, str]:
    store = {step.key: object() for step in (kept or Plan()).steps.values()}
    return {id: str(why) for id, why in new.explain(store, old).items()}


def test_everything_kept_is_a_hit() -> None:
    assert set(told(plan(), plan(), plan()).values()) == {"hit"}


def test_nothing_kept_and_no_plan_before() -> None:
    assert set(told(plan()).values()) == {"runs: no result is kept"}
    assert set(told(plan(), plan()).values()) == {"runs: no result is kept"}


def test_the_input_that_changed_is_named_and_what_is_below_it_follows() -> None:
    new, old = plan(n=("Number", {"value": 2})), plan()
    assert told(new, old, old) == {
        "n": "runs: value changed",
        "a": "runs: what it gets from n changed",
        "m": "hit",
        "b": "runs: what it gets from a changed",
        "s": "runs: what it gets from b changed",
    }


def test_a_constant_of_another_type_is_a_change() -> None:
    new, old = plan(s=("Show", {"x": 1.0})), plan(s=("Show", {"x": 1}))
    assert told(new, old, old)["s"] == "runs: x changed"


def test_links_types_nodes_and_salts() -> None:
    old = plan()
    assert told(plan(b=("Add", {"a": ["n", 0], "b": ["m", 0]})), old, old)["b"] == "runs: a changed"
    assert told(plan(a=("Split", {"x": ["n", 0]})), old, old)["a"] == "runs: it was a Add before"
    assert told(plan(z=("Show", {"x": 5})), old, old)["z"] == "runs: it was not in the graph before"
    assert set(told(plan(salt="v2"), old, old).values()) == {
        "runs: code or settings changed",
        "runs: what it gets from n changed",
        "runs: what it gets from a and m changed",
        "runs: what it gets from b changed",
    }


def test_a_volatile_node_says_so() -> None:
    assert told(plan(s=("Show", {"x": ["c", 0]}), c=("Clock", {})))["c"] == "runs: it may give another result each time"
