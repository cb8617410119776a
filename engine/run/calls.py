"""One call of a node: its arguments, a call per element of a mapped list, and the check of what it returned."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.graph.define import NodeDef
from engine.graph.expand import Expand
from engine.graph.plan import Step
from engine.graph.sockets import MISSING, Socket, type_name
from engine.graph.told import telling
from engine.run.arguments import fitting
from engine.run.context import NodeContext
from engine.run.errors import BadReturn
from engine.run.readers import Reader, called, unsound, value_reader


@dataclass(frozen=True, slots=True)
class Made:
    """What one call gave: outputs and ui."""

    outputs: tuple[Any, ...]
    ui: Mapping[str, Any]


def is_async(definition: NodeDef) -> bool:
    return inspect.iscoroutinefunction(definition.fn)


def spread(args: Mapping[str, Any], maps: Collection[str]) -> list[Mapping[str, Any]]:
    """The arguments of each element: as many as the longest list has; shorter ones repeat their last."""
    if not maps:
        return [args]
    lists = {name: args[name] for name in maps}
    n = max(map(len, lists.values())) if all(lists.values()) else 0
    return [{**args, **{name: v[min(i, len(v) - 1)] for name, v in lists.items()}} for i in range(n)]


def _calls(
    step: Step, args: Mapping[str, Any], maps: Collection[str], context: NodeContext
) -> Iterator[Mapping[str, Any]]:
    d = step.definition
    extra = {p: v for p, v in ((d.context, context), (d.unique_id, step.id)) if p is not None}
    elements = spread(args, maps)
    context.elements = len(elements)
    for i, element in enumerate(elements):
        context.element = i
        if i:
            context.progress(0, 1)
        yield {**fitting(step, element), **extra}


def call(step: Step, args: Mapping[str, Any], maps: Collection[str], context: NodeContext) -> list[Made | Expand]:
    """Call a plain function, once per element."""
    d = step.definition
    return [_one(d, d.fn(**a)) for a in _calls(step, args, maps, context)]


async def call_async(
    step: Step, args: Mapping[str, Any], maps: Collection[str], context: NodeContext
) -> list[Made | Expand]:
    """Call a coroutine function, once per element, one after the other."""
    d = step.definition
    return [_one(d, await d.fn(**a)) for a in _calls(step, args, maps, context)]


def _one(d: NodeDef, result: Any) -> Made | Expand:
    if isinstance(result, Expand):
        if len(result.outputs) != len(d.outputs):
            raise BadReturn(
                "returned a graph with {found} outputs, and declares {declared}.",
                found=len(result.outputs),
                declared=len(d.outputs),
            )
        return result
    try:
        outputs, ui = d.split(result)
    except TypeError as e:
        raise BadReturn("gave a wrong result: {reason}.", reason=str(e).rstrip(".")) from None
    return Made(checked(d, outputs), ui)


def checked(d: NodeDef, outputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The outputs, each of its declared type; numbers of other libraries become Python's."""
    return tuple([v if read is None else read(v) for v, read in zip(outputs, _readers(d), strict=True)])


def gathered(d: NodeDef, rows: Sequence[tuple[Any, ...]], mapped: bool) -> tuple[Any, ...]:
    """The outputs of the step: those of its one element, or lists of all elements' (lists are joined)."""
    if not mapped:
        return rows[0]
    joined: list[Any] = []
    for i, socket in enumerate(d.outputs):
        column = [row[i] for row in rows]
        joined.append([x for part in column for x in part] if socket.is_list else column)
    return tuple(joined)


def merged(uis: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What several elements or steps show, as one: lists under one name are joined, else the last one holds."""
    all_: dict[str, Any] = {}
    for ui in uis:
        for name, value in ui.items():
            old = all_.get(name)
            all_[name] = [*old, *value] if isinstance(old, list | tuple) and isinstance(value, list | tuple) else value
    return all_


@lru_cache(maxsize=4096)
def _readers(d: NodeDef) -> tuple[Reader | None, ...]:
    return tuple(_reader(i, s) for i, s in enumerate(d.outputs))


def _reader(i: int, socket: Socket) -> Reader | None:
    """What checks one output, or None where anything goes."""
    one = value_reader(socket.type)

    def wrong(value: Any) -> BadReturn:
        return BadReturn(
            "returned {found} as output {index} ({output}), which is declared as {declared}.",
            found=called(value),
            index=i,
            output=socket.name,
            declared=telling("a list of {type}", type=type_name(socket.type))
            if socket.is_list
            else type_name(socket.type),
        )

    def read(value: Any) -> Any:
        found = one(value) if one is not None else value
        if found is MISSING:
            raise wrong(value)
        if (reason := unsound(socket.type, found)) is not None:
            raise BadReturn(
                "returned as output {index} ({output}) {reason}.", index=i, output=socket.name, reason=reason
            )
        return found

    def read_list(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise wrong(value)
        return [read(v) for v in value]

    return read_list if socket.is_list else read if one is not None else None
