"""Where two runs part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from engine.graph.graph import Graph
from engine.why import First, Ran, changes, first_difference
from tests.why.test_graphs import BEFORE, changed, graph

SAME = {"1": "m", "2": "s", "3": "p"}


def ran(
    source: Graph, outputs: Mapping[str, str] | None = None, steps: Mapping[str, Sequence[str]] | None = None
) -> Ran:
    return Ran(source, outputs or {}, steps or {})


def found(before: Ran, after: Ran) -> First | None:
    return first_difference(before, after, changes(before.graph, after.graph))


def test_equal_runs_part_nowhere() -> None:
    assert found(ran(graph(BEFORE), SAME), ran(graph(BEFORE), SAME)) is None


def test_the_first_output_that_differs_counts_not_the_first_input() -> None:
    """A model file of another name with the same weights: what differs comes later."""
    after = graph(changed(n1={"name": "b"}, n2={"seed": 8}))
    assert found(ran(graph(BEFORE), SAME), ran(after, {**SAME, "2": "t", "3": "q"})) == First("2", "Sampler", "output")


def test_without_outputs_the_first_changed_input_counts() -> None:
    after = graph(changed(n3={"more": 1}, n2={"seed": 8}))
    assert found(ran(graph(BEFORE)), ran(after)) == First("2", "Sampler", "inputs")


@pytest.mark.parametrize(
    ("before", "after", "step"), [("abc", "abd", 2), ("abc", "xbc", 0), ("abc", "ab", 2), ("ab", "abc", 2)]
)
def test_a_recorded_sampler_is_told_to_its_step(before: str, after: str, step: int) -> None:
    other = graph(changed(n2={"cfg": 5.0}))
    first = found(ran(graph(BEFORE), SAME, {"2": [*before]}), ran(other, {**SAME, "2": "t", "3": "q"}, {"2": [*after]}))
    assert first == First("2", "Sampler", "sampler_step", step)
    assert f"sampler step {step + 1}" in str(first)


def test_an_output_that_differs_though_nothing_was_changed_is_the_machines() -> None:
    first = found(ran(graph(BEFORE), SAME), ran(graph(BEFORE), {**SAME, "2": "t", "3": "q"}))
    assert first == First("2", "Sampler", "environment")
    assert "though it was given the same" in str(first)
