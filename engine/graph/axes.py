"""Axes of a grid: a constant of a graph, and the values that it takes one after the other, as a person writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from engine.files import FileProblem, FileRef, Library
from engine.graph.define import NodeDef
from engine.graph.graph import Graph, Link, NodeId
from engine.graph.problems import Problem
from engine.graph.sentences import plain, show
from engine.graph.sockets import MISSING, Choice, Socket, parse_constant
from engine.graph.told import Telling, Told, any_of, telling
from engine.near import nearest

MOST_CELLS = 400
"""Cells that one grid may have."""
LONGEST_LABEL = 80

Definitions = Callable[[NodeId], NodeDef | None]


class AxisError(Told):
    """An axis that cannot be; `part` is the half of it to mend, and the sentence says what is wrong and what to do."""

    def __init__(self, sentence: str, part: Literal["input", "values"], /, **values: Any) -> None:
        super().__init__(sentence, **values)
        self.part = part


@dataclass(frozen=True, slots=True)
class Axis:
    """An input of a node, and the constants that it takes; `labels` name them."""

    node: NodeId
    input: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]


def axis(
    graph: Graph,
    definitions: Definitions,
    above: Collection[NodeId],
    target: str,
    text: str,
    library: Library | None = None,
) -> Axis | None:
    """The axis that `target` ("Title.input" or "id.input") and `text` (its values) name; None where both say nothing.

    Args:
        above: the nodes that may be named. library: where file names are looked up, if they are.

    Raises AxisError.
    """
    if not (target := target.strip()):
        if text.strip():
            raise AxisError("it has values and no input; choose the input that takes them, or clear them.", "input")
        return None
    node, socket = place(graph, definitions, above, target)
    if not text.strip():
        return None
    values = tuple(_checked(value, socket, target, library) for value in read_values(text, socket, target))
    return Axis(node, socket.name, values, tuple(_label(socket, value) for value in values))


def place(graph: Graph, definitions: Definitions, above: Collection[NodeId], target: str) -> tuple[NodeId, Socket]:
    """The node and the input that "NODE.INPUT" names among the nodes `above`; raises AxisError."""
    at = target.rfind(".")
    if at <= 0:
        raise AxisError(
            "{name} names no input; write Title.input, for example KSampler.steps.", "input", name=show(target)
        )
    while at > 0:
        name, input = target[:at], target[at + 1 :]
        if ids := _called(graph, above, name):
            return _one(ids, name, input), _socket(definitions(_one(ids, name, input)), name, input)
        at = target.rfind(".", 0, at)
    name = target.rpartition(".")[0]
    if elsewhere := _called(graph, [id for id in graph.nodes if id not in above], name):
        raise AxisError(
            "{name} (node {node}) does not lead to the picture of this grid; choose a node that does.",
            "input",
            name=plain(name),
            node=plain(elsewhere[0]),
        )
    names = [*dict.fromkeys(_title(graph, id) for id in above), *above]
    raise AxisError("there is no node {name} above this grid{near}", "input", name=show(name), near=_near(name, names))


def _called(graph: Graph, among: Collection[NodeId], name: str) -> list[NodeId]:
    """The node with this id (in an expansion: its own part of the id), else those with this title."""
    if name in among:
        return [name]
    inner = [id for id in among if id.rpartition(".")[2] == name]
    return inner or [id for id in among if _title(graph, id) == name or _title(graph, id).startswith(f"{name} [")]


def _title(graph: Graph, id: NodeId) -> str:
    """What a node is called; a copy in a cell has the values of the cell behind it, in brackets."""
    return graph.nodes[id].title or graph.nodes[id].type


def _one(ids: list[NodeId], name: str, input: str) -> NodeId:
    if len(ids) > 1:
        raise AxisError(
            "{count} nodes are called {name} ({ids}); name one by its id, for example {example}.",
            "input",
            count=len(ids),
            name=show(name),
            ids=[plain(id) for id in ids[:8]],
            example=f"{ids[0]}.{input}",
        )
    return ids[0]


def _socket(definition: NodeDef | None, name: str, input: str) -> Socket:
    if definition is None:
        raise AxisError("the type of node {name} is unknown here; choose another node.", "input", name=plain(name))
    typed = [s.name for s in definition.inputs if s.typed_in and not s.is_list]
    socket = definition.input(input)
    if socket is None:
        raise AxisError(
            "{name} has no input {input}{near}",
            "input",
            name=plain(name),
            input=show(input),
            near=_near(input, typed),
        )
    if input not in typed:
        raise AxisError(
            "{target} takes {type}, which comes by a link and not as a value{near}",
            "input",
            target=f"{plain(name)}.{plain(input)}",
            type=socket.wire,
            near=_near(input, typed),
        )
    return socket


def _near(name: str, options: list[str]) -> Telling | str:
    """The end of a sentence: what else there is."""
    if close := nearest(name, options):
        return _meant(close)
    return telling("; there are {names}.", names=[plain(option) for option in options[:12]]) if options else "."


def _meant(names: Sequence[str]) -> Telling:
    return telling("; did you mean {names}?", names=any_of([plain(name) for name in names]))


def read_values(text: str, socket: Socket, target: str) -> list[Any]:
    """The values, each of the socket's type: one a line or between commas, numbers also as ranges; raises AxisError."""
    textual = socket.type in (str, FileRef)
    found: list[Any] = []
    for piece, quoted in _pieces(text, by_line=textual):
        numbers = None if quoted or textual else _range(piece, target, whole=socket.type is int)
        found += [piece] if numbers is None else numbers
        if len(found) > MOST_CELLS:
            raise _too_many(target)
    return found if textual else [_typed(value, socket, target) for value in found]


def _pieces(text: str, *, by_line: bool) -> Iterator[tuple[str, bool]]:
    """The values as they are written, and whether in quotes.  `by_line`: of several lines each is one value."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if by_line and len(lines) > 1:
            whole = _QUOTED.fullmatch(line)
            yield (whole[1].replace('""', '"'), True) if whole else (line, False)
            continue
        for match in _PIECE.finditer(line):
            if match["quoted"] is not None:
                yield match["quoted"].replace('""', '"'), True
            elif piece := match["plain"].strip():
                yield piece, False


_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_PIECE = re.compile(r'\s*"(?P<quoted>(?:[^"]|"")*)"\s*(?:,|$)|(?P<plain>[^,]+)(?:,|$)|,')
_NUMBER = r"[+-]?(?:\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})"
_STEP, _COUNT = rf"step\s*(?P<step>{_NUMBER})|\(\s*(?P<by>{_NUMBER})\s*\)", r"\[\s*(?P<count>\d{1,30})\s*\]"
_RANGE = re.compile(rf"(?P<first>{_NUMBER})\s*(?:\.\.|-)\s*(?P<last>{_NUMBER})\s*(?:{_STEP}|{_COUNT})?")
_DIGITS = 6
"""Behind the point, of numbers that are spread evenly."""


def _range(piece: str, target: str, *, whole: bool) -> list[Decimal] | None:
    """The numbers of "1..5" or "0..1 step .25", both ends among them where the step meets them.

    Also as A1111 has them: "1-9 (+2)" by steps, and "0-1 [5]" as so many from end to end; where numbers are whole,
    without their fractions.
    """
    if (match := _RANGE.fullmatch(piece)) is None:
        return None
    first, last = Decimal(match["first"]), Decimal(match["last"])
    if match["count"]:
        return _spread(first, last, int(match["count"]), target, whole=whole)
    by = match["step"] or match["by"]
    step = Decimal(by) if by else Decimal(1).copy_sign(last - first)
    if step == 0 or (last - first) * step < 0:
        raise AxisError(
            "{target}: the range {range} never reaches its end with that step.",
            "values",
            target=target,
            range=plain(piece),
        )
    if (last - first) / step >= MOST_CELLS:
        raise _too_many(target)
    return [first + step * i for i in range(int((last - first) / step) + 1)]


def _spread(first: Decimal, last: Decimal, count: int, target: str, *, whole: bool) -> list[Decimal]:
    if count == 0:
        raise AxisError("{target}: [0] is no number of values; write one or more.", "values", target=target)
    if count > MOST_CELLS:
        raise _too_many(target)
    numbers = [first + (last - first) * i / max(1, count - 1) for i in range(count)]
    return [number // 1 if whole else round(number, _DIGITS) for number in numbers]


def _too_many(target: str) -> AxisError:
    return AxisError(
        "{target}: that is more than {most} values, the most that a grid has cells.",
        "values",
        target=target,
        most=MOST_CELLS,
    )


def _typed(value: str | Decimal, socket: Socket, target: str) -> Any:
    """A number or a truth value of the socket's type."""
    wanted = _WANTED[socket.type]
    if socket.type is bool:
        parsed = _TRUTHS.get(str(value).lower(), MISSING)
    else:
        try:
            number = Decimal(value) if len(str(value)) <= 64 else Decimal("NaN")
            whole = number.is_finite() and abs(number) < 2**64 and number == number.to_integral_value()
            parsed = parse_constant(int(number) if whole else float(number), socket.type)
        except (ArithmeticError, ValueError):
            parsed = MISSING
    if parsed is MISSING:
        raise AxisError(
            "{target} takes {wanted}, and {value} is none.",
            "values",
            target=target,
            wanted=wanted,
            value=show(str(value)),
        )
    return parsed


_TRUTHS: Mapping[str, bool] = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}
_WANTED: Mapping[Any, Telling] = {
    int: telling("whole numbers (1, 2, 3 or 1..3)"),
    float: telling("numbers (0.5, 1 or 0..1 step 0.25)"),
    bool: telling("true and false"),
}


def _checked(value: Any, socket: Socket, target: str, library: Library | None) -> Any:
    """The value, if it is within the bounds of the socket and among its choices or files."""
    if socket.file is not None and library is not None:
        try:
            library.ref(socket.file.kind, value)
        except FileProblem as problem:
            near = problem.details.get("near", ())
            raise AxisError(
                "{target}: {problem}{near}",
                "values",
                target=target,
                problem=Problem(problem.code, problem.details),
                near=_meant(near) if near else ".",
            ) from None
    for constraint in socket.constraints:
        if isinstance(constraint, Choice):
            if value not in (options := constraint.listed()):
                raise AxisError(
                    "{target}: {value} is not among its choices{near}",
                    "values",
                    target=target,
                    value=show(value),
                    near=_near(value, [*options]),
                )
        elif (complaint := constraint.complaint(value)) is not None and complaint.severity == "error":
            raise AxisError(
                "{target}: {problem}.", "values", target=target, problem=Problem(complaint.code, complaint.args)
            )
    return value


def _label(socket: Socket, value: Any) -> str:
    """What stands beside the cells: text as it is, numbers and truth values with the name of their input."""
    if isinstance(value, str):
        return plain(" ".join(value.split()), LONGEST_LABEL) or '""'
    told = {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value!r}".removesuffix(".0")
    return f"{socket.name} {told}"


def links(graph: Graph, node: NodeId) -> list[Link]:
    """The links into a node from nodes of the graph."""
    return [a for a in graph.nodes[node].inputs.values() if isinstance(a, Link) and a.node in graph.nodes]
