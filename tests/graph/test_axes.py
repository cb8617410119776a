"""Axes of a grid: values as people write them, and where they lead."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

import pytest

from engine.files import FileRef
from engine.graph import Graph, Link, Node, Registry, node
from engine.graph.axes import MOST_CELLS, Axis, AxisError, axis, read_values
from engine.graph.cells import Axes, cells
from engine.graph.graph import Const
from engine.graph.sockets import Choice, File, Range, Socket

INT, FLOAT, TEXT, TRUTH = (Socket("n", kind) for kind in (int, float, str, bool))


@pytest.mark.parametrize(
    ("socket", "text", "values"),
    [
        (INT, "1, 2,5", [1, 2, 5]),
        (INT, "1\n2\n5", [1, 2, 5]),
        (INT, "1..5", [1, 2, 3, 4, 5]),
        (INT, "5..1 step -2", [5, 3, 1]),
        (INT, "3..1", [3, 2, 1]),
        (INT, "1..10 step 4, 20", [1, 5, 9, 20]),
        (INT, "-2..1", [-2, -1, 0, 1]),
        (INT, "1-5", [1, 2, 3, 4, 5]),
        (INT, "1-5 (+2), 9", [1, 3, 5, 9]),
        (INT, "10 - 5 (-3)", [10, 7]),
        (INT, "-3--1", [-3, -2, -1]),
        (INT, "-3", [-3]),
        (INT, "1-10 [5]", [1, 3, 5, 7, 10]),
        (INT, "7-9 [1]", [7]),
        (FLOAT, "0-1 (+0.5)", [0.0, 0.5, 1.0]),
        (FLOAT, "0.0-1.0 [4]", [0.0, 0.333333, 0.666667, 1.0]),
        (FLOAT, "2..1 [3]", [2.0, 1.5, 1.0]),
        (INT, "18446744073709551615", [2**64 - 1]),
        (INT, "7.0", [7]),
        (FLOAT, "0..1 step .25", [0.0, 0.25, 0.5, 0.75, 1.0]),
        (FLOAT, "0..1 step 0.1", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (FLOAT, "0.5..2", [0.5, 1.5]),
        (FLOAT, "1, 2.5, 1e-3", [1.0, 2.5, 0.001]),
        (TRUTH, "true, off, Yes", [True, False, True]),
        (TEXT, "euler, heun,", ["euler", "heun"]),
        (TEXT, '"a fox, red", a cat', ["a fox, red", "a cat"]),
        (TEXT, "a fox, red\na cat, blue", ["a fox, red", "a cat, blue"]),
        (TEXT, '"a fox, red"\n""', ["a fox, red", ""]),
        (TEXT, 'a "red" fox', ['a "red" fox']),
        (TEXT, '"he said ""no"""', ['he said "no"']),
        (TEXT, "1..5", ["1..5"]),
        (TEXT, "  mèo đen  ", ["mèo đen"]),
    ],
)
def test_values_are_read_as_they_are_written(socket: Socket, text: str, values: list[Any]) -> None:
    found = read_values(text, socket, "A.n")
    assert found == values
    assert [*map(type, found)] == [*map(type, values)]


@pytest.mark.parametrize(
    ("socket", "text", "said"),
    [
        (INT, "2.5", 'A.n takes whole numbers (1, 2, 3 or 1..3), and "2.5" is none.'),
        (INT, "0..1 step .5", 'and "0.5" is none.'),
        (INT, "two", '"two" is none.'),
        (FLOAT, "nan", '"nan" is none.'),
        (FLOAT, "1e999", '"1e999" is none.'),
        (FLOAT, "9" * 3000, "is none."),
        (TRUTH, "maybe", 'takes true and false, and "maybe" is none.'),
        (INT, "1..5 step 0", "never reaches its end"),
        (INT, "1-5 (-1)", "never reaches its end"),
        (INT, "1-5 [0]", "A.n: [0] is no number of values; write one or more."),
        (INT, "1-5 [1000]", f"more than {MOST_CELLS} values"),
        (INT, "1-5 (2) [3]", '"1-5 (2) [3]" is none'),
        (INT, "1..5 step -1", "never reaches its end"),
        (INT, "1..10000", f"more than {MOST_CELLS} values"),
        (INT, f"1..{10**29}", f"more than {MOST_CELLS} values"),
        (FLOAT, f"0..1 step .{'0' * 28}1", f"more than {MOST_CELLS} values"),
        (TEXT, ",".join("a" * 500), f"more than {MOST_CELLS} values"),
    ],
)
def test_what_is_no_value_is_told_in_one_sentence(socket: Socket, text: str, said: str) -> None:
    with pytest.raises(AxisError) as told:
        read_values(text, socket, "A.n")
    assert said in str(told.value)
    assert len(str(told.value)) < 300


@node()
def Make(
    size: Annotated[int, Range(1, 9)] = 4,
    word: str = "",
    kind: Annotated[str, Choice(("soft", "hard"))] = "soft",
    file: Annotated[FileRef | None, File("loras")] = None,
) -> int:
    return size


@node()
def Twice(a: int, by: int = 2) -> int:
    return a * by


REGISTRY = Registry([Make.__node__, Twice.__node__])  # type: ignore[attr-defined]


def graph() -> Graph:
    return Graph(
        {
            "1": Node("Make", {"size": Const(3)}, title="First"),
            "2": Node("Twice", {"a": Link("1", 0)}, title="Same"),
            "3": Node("Twice", {"a": Link("2", 0)}, title="Same"),
            "4": Node("Twice", {"a": Link("3", 0), "by": Const(1)}),
            "9": Node("Make", {}, title="Elsewhere"),
        }
    )


def read(target: str, text: str, above: Collection[str] = ("1", "2", "3", "4")) -> Axis | None:
    return axis(graph(), lambda id: REGISTRY.get(graph().nodes[id].type), above, target, text)


def test_an_axis_is_named_by_title_type_or_id() -> None:
    assert read("First.size", "1..3") == Axis("1", "size", (1, 2, 3), ("size 1", "size 2", "size 3"))
    assert read("Twice.by", "5") == Axis("4", "by", (5,), ("by 5",))
    assert read("2.by", "5") == Axis("2", "by", (5,), ("by 5",))
    assert read("First.word", "a fox\n\n a  cat ") == Axis("1", "word", ("a fox", "a  cat"), ("a fox", "a cat"))
    assert read("", "") is None
    assert read("First.size", "") is None, "one column, of the present value"


@pytest.mark.parametrize(
    ("target", "text", "part", "said"),
    [
        ("", "1", "input", "it has values and no input"),
        ("steps", "1", "input", '"steps" names no input; write Title.input'),
        ("Frist.size", "1", "input", 'there is no node "Frist" above this grid; did you mean First?'),
        ("Elsewhere.size", "1", "input", "Elsewhere (node 9) does not lead to the picture of this grid"),
        ("Same.by", "1", "input", '2 nodes are called "Same" (2, 3); name one by its id, for example 2.by.'),
        ("First.sise", "1", "input", 'First has no input "sise"; did you mean size?'),
        ("Twice.a", "x", "values", "takes whole numbers"),
        ("First.size", "12", "values", "First.size: 12 is above the maximum 9"),
        ("First.kind", "sofd", "values", 'First.kind: "sofd" is not among its choices; did you mean soft?'),
    ],
)
def test_an_axis_that_cannot_be_says_why(target: str, text: str, part: str, said: str) -> None:
    with pytest.raises(AxisError) as told:
        read(target, text)
    assert said in str(told.value)
    assert told.value.part == part
    assert str(told.value).count(". ") == 0, "one sentence"


def spread(x: Axis | None, y: Axis | None = None, also: Collection[str] = (), own: str = "8") -> Any:
    axes: Axes = (x, y)
    return cells(graph(), Link("4", 0), axes, also, own)


def test_what_hangs_on_one_axis_is_copied_once_for_each_of_its_values() -> None:
    found = spread(read("2.by", "5, 6"), read("Twice.by", "1..3"))
    assert sorted(found.nodes) == sorted(
        ["x0.2", "x1.2", "x0.3", "x1.3", *(f"x{x}y{y}.4" for x in range(2) for y in range(3))]
    )
    assert found.nodes["x1.2"].inputs == {"a": Link("1", 0), "by": Const(6)}, "what hangs on nothing is not copied"
    assert found.nodes["x1y2.4"].inputs == {"a": Link("x1.3", 0), "by": Const(3)}
    assert found.nodes["x1y2.4"].title == "Twice [by 6, by 3]"
    assert found.values[:3] == (Link("x0y0.4", 0), Link("x1y0.4", 0), Link("x0y1.4", 0)), "row by row"


def test_a_constant_may_stand_in_for_a_link() -> None:
    found = spread(read("4.a", "1, 2"))
    assert found.nodes["x1.4"].inputs["a"] == Const(2)
    assert len(found.nodes) == 2


def test_without_axes_nothing_is_copied() -> None:
    assert spread(None) == cells(graph(), Link("4", 0), (None, None), (), "8")
    assert spread(None).values == (Link("4", 0),)
    assert not spread(None).nodes


def test_what_the_cells_use_may_be_copied_too() -> None:
    found = spread(read("4.by", "1, 2"), also=("3", "1"))
    assert set(found.nodes) == {"all.3", "x0.4", "x1.4"}, "once, and only where a cell uses it"
    assert found.nodes["x1.4"].inputs["a"] == Link("all.3", 0)
