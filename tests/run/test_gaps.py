"""Gaps: an expansion whose parts may fail is made of the others, told so, and kept for nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.graph import Expand, Graph, Link, Node, Registry, node
from engine.graph.graph import Const
from engine.graph.told import Telling
from engine.run.errors import StepError
from engine.run.events import JobFinished, StepFailed, Warned
from engine.run.flights import Flights
from engine.run.growth import Rules
from engine.run.store import Memory
from tests.run.kit import SECONDS, Kit, Ran, called, graph, registry

bad: set[int] = set()
"""What Risky fails at, and Cell where it has it."""
stubborn: set[str] = set()
"""The cells that fail even as gaps."""


@node()
async def Risky(a: int) -> int:
    called.append(f"risky {a}")
    await asyncio.sleep(0)
    if a in bad:
        raise ValueError(f"{a} is bad")
    return a


@node(kind="sink")
def Cell(value: int = 0, name: str = "", reason: Telling | None = None) -> int:
    if name in stubborn:
        raise ValueError("stubborn")
    if value in bad:
        raise ValueError(f"{value} is bad")
    return value if reason is None else -1


@node()
def Cells(items: list[int], unknown: int = -1) -> list[int] | Expand:
    """Of each item 10 × itself + 1 × itself, by two nodes that may fail; the item `unknown` has a node of no type."""
    inside: dict[str, Node] = {}
    for i, item in enumerate(items):
        inside[f"one{i}"] = Node("Risky", {"a": Const(item)})
        inside[f"ten{i}"] = Node("Nonsense" if item == unknown else "Risky", {"a": Const(10 * item)})
        inside[f"sum{i}"] = Node("Add", {"a": Link(f"one{i}", 0), "b": Link(f"ten{i}", 0)})
        inside[f"cell{i}"] = Node("Cell", {"value": Link(f"sum{i}", 0), "name": Const(f"cell {i}")})
        before = {"first": Link(f"join{i - 1}", 0)} if i else {}
        inside[f"join{i}"] = Node("Join", {"last": Link(f"cell{i}", 0), **before})
    names = {f"cell{i}": f"item {item}" for i, item in enumerate(items)}
    return Expand(Graph(inside), (Link(f"join{len(items) - 1}", 0),), spared=names)


@node()
def Nested(items: list[int]) -> list[int] | Expand:
    """A cell with the total of Cells, and one with the total of the first item alone."""
    inside = {
        "in": Node("Cells", {"items": Const(items)}),
        "all": Node("Total", {"values": Link("in", 0)}),
        "some": Node("Cells", {"items": Const(items[:1])}),
        "first": Node("Total", {"values": Link("some", 0)}),
        "a": Node("Cell", {"value": Link("all", 0), "name": Const("a")}),
        "b": Node("Cell", {"value": Link("first", 0), "name": Const("b")}),
        "join0": Node("Join", {"last": Link("a", 0)}),
        "join1": Node("Join", {"first": Link("join0", 0), "last": Link("b", 0)}),
    }
    return Expand(Graph(inside), (Link("join1", 0),), spared={"a": "all", "b": "first"})


def kit() -> Kit:
    module = ModuleType("gaps")
    module.__dict__.update({n.__name__: n for n in (Risky, Cell, Cells, Nested)})
    return Kit(rules=Rules(registry() | Registry.of(module)), store=Memory(1 << 24))


@pytest.fixture(autouse=True)
def _nothing_bad() -> Iterator[None]:
    yield
    bad.clear()
    stubborn.clear()


def total(items: list[int], **more: int) -> Graph:
    return graph(c=("Cells", {"items": items, **more}), t=("Total", {"values": "c.0"}))


def risky() -> list[int]:
    return sorted(int(each.removeprefix("risky ")) for each in called if each.startswith("risky "))


def warned(ran: Ran) -> list[str]:
    return [event.message for event in ran.of(Warned)]


@settings(max_examples=30, deadline=None)
@given(
    items=st.lists(st.integers(1, 9), min_size=1, max_size=6, unique=True),
    fail=st.sets(st.builds(int.__mul__, st.integers(1, 9), st.sampled_from([1, 10, 11]))),
)
def test_what_is_made_of_it_whatever_fails(items: list[int], fail: set[int]) -> None:
    mine = kit()
    gaps = [n for n in items if {n, 10 * n, 11 * n} & fail]
    bad.clear()
    bad.update(fail)
    ran = mine.run(total(items), ["t"])
    if len(gaps) == len(items):
        assert "t" not in ran.made
        assert len({e.node[-1] for e in ran.of(StepFailed) if not e.spared}) == len(items), "one of each, at least"
        assert not warned(ran)
    else:
        assert ran.error is None
        assert ran.value("t") == sum(-1 if n in gaps else 11 * n for n in items)
        assert all(e.spared for e in ran.of(StepFailed))
        assert len(warned(ran)) == bool(gaps)
        assert all(f"item {n}: " in warned(ran)[0] for n in gaps[:5])
    bad.clear()
    again = mine.run(total(items), ["t"])
    assert again.value("t") == sum(11 * n for n in items)
    failed = {n for n in gaps for n in (n, 10 * n) if n in fail}
    assert risky() == sorted(failed), "what failed, and nothing else, is called again"
    assert not warned(again)
    assert not mine.run(total(items), ["t"]).started


def test_a_warning_names_some_and_counts_the_rest() -> None:
    bad.update(range(1, 9))
    (told,) = warned(kit().run(total(list(range(1, 10))), ["c"]))
    assert told.startswith("Cells (node c) is made with gaps: 8 of its 9 parts failed, and are tried again at the")
    assert told.count("item ") == 5
    assert told.endswith("And 3 more.")


def test_a_part_that_is_refused_is_a_gap_from_the_start() -> None:
    mine = kit()
    ran = mine.run(total([1, 2, 3], unknown=2), ["t"])
    assert ran.error is None
    assert ran.value("t") == 11 - 1 + 33
    assert "item 2: Nonsense failed: " in warned(ran)[0]
    assert risky() == [1, 3, 10, 30], "nothing runs for it alone"
    again = mine.run(total([1, 2, 3], unknown=2), ["t"])
    assert (again.value("t"), len(warned(again)), risky()) == (43, 1, [])


def test_where_every_part_is_refused_the_whole_is() -> None:
    ran = kit().run(total([2], unknown=2), ["t"])
    assert list(ran.failed) == ["c"]
    assert "Nonsense" in ran.failed["c"]


def test_refused_and_failed_parts_together_leave_nothing() -> None:
    bad.add(1)
    ran = kit().run(total([1, 2], unknown=2), ["t"])
    assert "t" not in ran.made
    assert ran.events[-1] == JobFinished("job1", "error")
    assert {e.node for e in ran.of(StepFailed) if not e.spared} == {"c.one0"}


def test_a_part_that_fails_as_a_gap_too_fails_the_whole() -> None:
    bad.add(1)
    stubborn.add("cell 0")
    ran = kit().run(total([1, 2]), ["t"])
    assert "t" not in ran.made
    assert isinstance(ran.error, StepError)
    assert "1 is bad" in str(ran.error)
    assert "stubborn" in str(ran.error.others)


def test_gaps_within_gaps() -> None:
    bad.add(2)
    nested = kit().run(graph(n=("Nested", {"items": [2, 1]})), ["n"])
    assert nested.value("n") == [11 - 1, -1], "a grid with a gap inside, and one of which nothing is left"
    assert len(warned(nested)) == 2


def test_jobs_at_one_time_do_not_take_over_what_has_gaps() -> None:
    mine, flights = kit(), Flights()
    bad.add(1)

    async def both() -> list[Ran]:
        return await asyncio.gather(*(mine.run_async(total([1, 2]), ["t"], flights=flights) for _ in range(2)))

    called.clear()
    for ran in asyncio.run(asyncio.wait_for(both(), SECONDS)):
        assert ran.value("t") == -1 + 22
        assert len(warned(ran)) == 1, "each knows of the gap in what it gives"
    assert not mine.run(graph(r=("Risky", {"a": 20})), ["r"]).started, "what has no gap is shared and kept"


def test_a_target_that_needs_what_failed_is_an_error() -> None:
    bad.add(5)
    g = graph(
        far=("Risky", {"a": 5}),
        c=("Cells", {"items": [5, 6]}),
        t=("Total", {"values": "c.0"}),
        a=("Add", {"a": "far.0"}),
    )
    ran = kit().run(g, ["t", "a"])
    assert ran.value("t") == -1 + 66
    assert "a" not in ran.made
    assert {e.node for e in ran.of(StepFailed) if not e.spared} == {"far"}
    assert {e.node for e in ran.of(StepFailed) if e.spared} == {"c.one0"}
