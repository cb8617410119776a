"""Control flow: a choice of which only the wanted side is made, and one run of a part of the graph for each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.expand import Expand
from engine.graph.facts import NOTHING, Facts, Known
from engine.graph.sockets import Lazy, Recipe
from nodes.facts import agreed, passed
from nodes.unroll import unroll

Items = list[Any]


@dataclass(frozen=True, slots=True)
class Loop:
    """The items of a loop, from its ForEachOpen to its ForEachClose."""

    items: tuple[Any, ...]


class Each(NamedTuple):
    """Every item with its number, and the loop they belong to."""

    item: Items
    index: list[int]  # type: ignore[assignment]  # the name hides tuple.index, which nobody calls here
    loop: Loop


class Collected(NamedTuple):
    """What a loop made, in the order of its items."""

    list: Items


def wanted(condition: bool) -> tuple[str, ...]:
    """The one lazy input that If takes."""
    return ("if_true",) if condition else ("if_false",)


def _chosen(known: Known) -> Sequence[Facts]:
    """What is known of the value that is passed on; of both alike where it is not known which."""
    condition = known.facts("condition").get("value", known.get("condition"))
    return agreed(*(wanted(condition) if isinstance(condition, bool) else ("if_true", "if_false")))(known)


@node("If", category="logic", label="If", demand=wanted, facts=_chosen)
def if_(*, condition: bool = True, if_true: Lazy[Any] = None, if_false: Lazy[Any] = None) -> Any:
    """Pass on one of two values; what only the other one needs is not run.

    Args:
        condition: Which one.
        if_true: Passed on when the condition holds.
        if_false: Passed on when it does not.
    """
    return if_true if condition else if_false


def _of_each(known: Known) -> Sequence[Facts]:
    """An item is like the list that it is of; nothing is told of its number and of the loop."""
    return known.facts("items"), NOTHING, NOTHING


@node("ForEachOpen", category="logic", label="For Each (Open)", facts=_of_each)
def for_each_open(*, items: Items) -> Each:
    """Begin a loop: what lies between here and For Each (Close) runs once for each item.

    Nodes after this one that do not lead to the close node get the items as a list.

    Args:
        items: What to go through: a list, or a single value.

    Returns:
        item: The item of this round.
        index: The number of this round, from 0.
        loop: Connect it to For Each (Close).
    """
    return Each(items, [*range(len(items))], Loop(tuple(items)))


@node("ForEachClose", category="logic", label="For Each (Close)", facts=passed("value"))
def for_each_close(*, loop: Loop, value: Recipe[Any], context: Context) -> Collected | Expand:
    """End a loop and collect what each round made; rounds whose item and nodes are unchanged are not run again.

    Args:
        loop: From For Each (Open).
        value: What a round makes; the nodes between the open node and this input are the body of the loop.

    Returns:
        list: The value of each round; a round that gives a list adds all of it.
    """
    if not loop.items:
        return Collected([])
    return unroll(context.graph, context.node, loop.items)


@node("ListJoin", category="logic", label="Join Lists", facts=agreed("first", "second"))
def list_join(*, first: Items, second: Items | None = None) -> Items:
    """Put one list behind another; a single value counts as a list of one.

    Args:
        first: Comes first.
        second: Comes behind, if connected.
    """
    return [*first, *(second or ())]
