"""A few node types with numbers for values, and short ways to write graphs of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from engine.files import FileRef
from engine.graph import Choice, Context, File, Graph, Lazy, Range, Recipe, Registry, Ui, UniqueId, Widget, node


class Picture:
    """A value that no file can hold."""

    wire_name = "IMAGE"


class Painting(Picture):
    """A kind of picture."""

    wire_name = "PAINTING"


@node("Number")
def number(value: Annotated[int, Range(0, 2**64 - 1), Widget("seed")] = 0) -> int:
    """A whole number.

    Args:
        value: the number
    """
    return value


@node("Text")
def text(value: str = "") -> str:
    """Some text."""
    return value


class Parts(NamedTuple):
    """Two outputs."""

    low: int
    high: float


@node("Split")
def split(x: int) -> Parts:
    """Two numbers of one."""
    return Parts(x // 2, x / 2)


@node("Add")
def add(a: float, b: float = 1.0) -> float:
    """The sum."""
    return a + b


@node("Paint")
def paint(
    steps: Annotated[int, Range(1, 100)] = 20, mode: Annotated[str, Choice(("fast", "exact"))] = "fast"
) -> Picture:
    """A picture."""
    return Picture()


@node("Blend")
def blend(
    first: Picture, second: Picture, amount: Annotated[float, Range(0, 1)] = 0.5, mask: Picture | None = None
) -> Picture:
    """A picture of two."""
    return first


@node("Load")
def load(name: Annotated[FileRef, File("checkpoints")]) -> Picture:
    """A picture from a file."""
    return Picture()


@node("Either", demand=lambda on: ("yes",) if on else ("no",))
def either(yes: Lazy[float], no: Lazy[float], on: bool = True) -> float:
    """One of two, and only that one is made."""
    return yes if on else no


@node("Loop")
def loop(value: Recipe[Any], count: int = 1) -> list[Any]:
    """Runs what is above its value, itself."""
    return []


@node("Many")
def many(count: int = 3) -> list[int]:
    """A list."""
    return list(range(count))


@node("Sum")
def sum_(values: list[float]) -> float:
    """One number of a list."""
    return sum(values)


@node("Clock", kind="volatile")
def clock() -> int:
    """Another number in each job."""
    return 0


@node("Named")
def named(me: UniqueId, x: int = 0) -> int:
    """Knows its node."""
    return x


@node("Show", kind="sink")
def show(x: Any, context: Context) -> Ui:
    """Shows anything."""
    return Ui(text=[str(x)])


@node("Save", kind="sink", aliases=("SaveOld",))
def save(pictures: Picture, prefix: str = "picture") -> None:
    """Keeps a picture."""


REGISTRY = Registry.of(sys.modules[__name__])


def api(**nodes: tuple[Any, ...]) -> dict[str, Any]:
    """API format from `id=("Type", {inputs})` or `id=("Type", {inputs}, {meta})`; ids begin with "n" here."""
    return {
        id: {"class_type": kind, "inputs": inputs} | ({"_meta": meta[0]} if meta else {})
        for id, (kind, inputs, *meta) in nodes.items()
    }


def graph(**nodes: tuple[Any, ...]) -> Graph:
    """A graph from `id=("Type", {inputs})`."""
    return Graph.from_api(api(**nodes))


def chain(length: int) -> Mapping[str, Any]:
    """API format of a number, additions one after another, and a sink."""
    nodes: dict[str, tuple[Any, ...]] = {"n0": ("Number", {"value": 3})}
    nodes |= {f"n{i}": ("Add", {"a": [f"n{i - 1}", 0], "b": i}) for i in range(1, length - 1)}
    return api(**nodes, end=("Show", {"x": [f"n{length - 2}", 0]}))
