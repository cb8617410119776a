"""Sockets: the typed inputs and outputs of a node, the constraints of their constants, and the names of types."""

from __future__ import annotations

import math
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, Protocol, TypeVar, get_args, get_origin, runtime_checkable

from engine.files import FileRef, Library
from engine.graph.problems import Mend, Severity

T = TypeVar("T")


class _Missing:
    """The type of MISSING."""

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()
"""No value: a socket without a default, a constant that does not parse."""

UniqueId = NewType("UniqueId", str)
"""A parameter of this type receives the id of its node, which then is part of the key."""


class _LazyMark:
    """What `Lazy[T]` leaves in an annotation."""

    def __repr__(self) -> str:
        return "Lazy"


LAZY = _LazyMark()
Lazy = Annotated[T, LAZY]
"""`Lazy[T]`: an input that is made only if `demand` asks for it; else the function gets its default or None."""


class _RecipeMark:
    """What `Recipe[T]` leaves in an annotation."""

    def __repr__(self) -> str:
        return "Recipe"


RECIPE = _RecipeMark()
Recipe = Annotated[T, LAZY, RECIPE]
"""`Recipe[T]`: an input that is never made; the node reads in `context.graph` what would make it, its key too."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a constraint has against a constant: a problem without its place.

    `value` is the nearest good one, where there is one; `options` are the good ones, where they can be listed. `mend`
    is for what neither of the two would mend.
    """

    code: str
    args: Mapping[str, Any]
    value: Any = MISSING
    options: tuple[str, ...] = ()
    severity: Severity = "error"
    mend: Mend | None = None


class Constraint(Protocol):
    """Metadata in `Annotated[...]` that decides whether a constant is acceptable."""

    def complaint(self, value: Any) -> Complaint | None:
        """What is wrong with `value`, or None when it is fine."""


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of a number; `step` and `round` are for the widget only."""

    low: float
    high: float
    step: float | None = None
    round: float | None = None

    def complaint(self, value: Any) -> Complaint | None:
        """Names the bound that `value` crosses."""
        if value < self.low:
            return Complaint("value_smaller_than_min", {"value": value, "min": self.low}, type(value)(self.low))
        if value > self.high:
            return Complaint("value_bigger_than_max", {"value": value, "max": self.high}, type(value)(self.high))
        return None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some strings; a function gives them when they are asked for, so that nothing is listed at import."""

    options: tuple[str, ...] | Callable[[], Sequence[str]]

    def listed(self) -> tuple[str, ...]:
        """The options as they are now."""
        return tuple(self.options()) if callable(self.options) else self.options

    def complaint(self, value: Any) -> Complaint | None:
        """Gives the options when `value` is none of them."""
        options = self.listed()
        return None if value in options else Complaint("value_not_in_list", {"value": value}, options=options)


@dataclass(frozen=True, slots=True)
class File:
    """The name of a file of this kind (a folder name: "checkpoints", "input", …), parsed to a `FileRef`."""

    kind: str

    def complaint(self, value: Any) -> Complaint | None:
        """Nothing: whether the file is there is the library's to say."""
        return None


@runtime_checkable
class Mentions(Constraint, Protocol):
    """A constraint of text that names files: these belong to the step, and their digests to its key."""

    def files(self, text: str | None, library: Library) -> tuple[FileRef, ...]:
        """The files of `library` that a text names; all that any text could name for None."""


@dataclass(frozen=True, slots=True)
class Widget:
    """How to draw an input ("seed", "multiline", …); the engine never reads it."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Socket:
    """An input or output of a node type.

    Args:
        type: what flows; the type of one element where `is_list`.
        default: the value of an input that the graph leaves out; MISSING means it is required.
        optional: annotated `T | None = None`.
        lazy: made only on demand.
        recipe: lazy, never made, but part of the key all the same.
        file, choice, mentions: its constraint of that kind, if it has one.
        is_list: takes (or gives) the whole list; a list that flows into any other socket is mapped over.
    """

    name: str
    type: Any
    default: Any = MISSING
    optional: bool = False
    lazy: bool = False
    is_list: bool = False
    constraints: tuple[Constraint, ...] = ()
    widget: Widget | None = None
    help: str = ""
    recipe: bool = False
    file: File | None = field(init=False, repr=False, compare=False)
    choice: Choice | None = field(init=False, repr=False, compare=False)
    mentions: Mentions | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, kind in (("file", File), ("choice", Choice), ("mentions", Mentions)):
            first = next((c for c in self.constraints if isinstance(c, kind)), None)
            object.__setattr__(self, name, first)

    @property
    def wire(self) -> str:
        """The type's name in files and on the wire; COMBO where one of a list is chosen."""
        return "COMBO" if self.file or self.choice else type_name(self.type)

    @property
    def typed_in(self) -> bool:
        """Whether its value can be typed into the graph (a widget) rather than only be connected."""
        return self.type in PLAIN or self.type is FileRef


PLAIN: Mapping[Any, str] = {int: "INT", float: "FLOAT", str: "STRING", bool: "BOOLEAN"}
"""The types of constants, by their names on the wire."""


def members(t: Any) -> tuple[Any, ...]:
    """The members of a union, or the type alone."""
    return get_args(t) if isinstance(t, UnionType) or get_origin(t) is typing.Union else (t,)


def type_name(t: Any) -> str:
    """The type's name in files and on the wire: INT, LATENT, "*" for Any, "INT,FLOAT" for a union."""
    if t is Any:
        return "*"
    if len(parts := members(t)) > 1:
        return ",".join(type_name(p) for p in parts if p is not NoneType)
    if get_origin(t) is list:
        return type_name(get_args(t)[0])
    return PLAIN.get(t) or str(getattr(t, "wire_name", None) or getattr(t, "__name__", str(t)).upper())


def accepts(source: Any, target: Any) -> bool:
    """Whether a value of type `source` may flow into a socket of type `target`.

    Whole numbers flow into FLOAT, members into unions, subclasses into bases, text into choices, Any both ways.
    Lists are judged by their elements: the engine maps over them, or wraps one value where a list is taken.
    """
    if source is target or source is Any or target is Any:
        return True
    if len(sources := members(_element(source))) > 1:
        return all(accepts(s, target) for s in sources)
    (source,) = sources
    return any(_fits(source, t) for t in members(_element(target)))


def _element(t: Any) -> Any:
    return get_args(t)[0] if get_origin(t) is list else t


def _fits(source: Any, target: Any) -> bool:
    if source is target or target is Any or source is Any:
        return True
    if source in PLAIN or target in PLAIN:
        return source is int and target is float
    return isinstance(source, type) and isinstance(target, type) and issubclass(source, target)


def parse_constant(value: Any, t: Any) -> Any:
    """The constant as its declared type, or MISSING if it is not one.

    INT takes whole floats and decimal strings, FLOAT takes whole numbers; nothing else changes its type.
    """
    if t is Any:
        return value
    if (read := _READERS.get(t)) is not None:
        return read(value)
    if len(parts := members(t)) > 1:
        exact = any(type(value) is p for p in parts)
        return value if exact else next((v for p in parts if (v := parse_constant(value, p)) is not MISSING), MISSING)
    if get_origin(t) is list:
        return parse_list(value, get_args(t)[0])
    return value if isinstance(t, type) and isinstance(value, t) else MISSING


def parse_list(value: Any, element: Any) -> Any:
    """A list whose every element parses; one value stands for a list of one."""
    values = list(value) if isinstance(value, list | tuple) else [value]
    parsed = [parse_constant(v, element) for v in values]
    return MISSING if any(v is MISSING for v in parsed) else parsed


def _int(value: Any) -> Any:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is str and len(value) <= 20 and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    return MISSING


def _float(value: Any) -> Any:
    if type(value) is int:
        return float(value) if abs(value) < 2**1023 else MISSING
    return value if type(value) is float and math.isfinite(value) else MISSING


def _exactly(t: type) -> Callable[[Any], Any]:
    return lambda value: value if type(value) is t else MISSING


_READERS: Mapping[Any, Callable[[Any], Any]] = {
    int: _int,
    float: _float,
    str: _exactly(str),
    bool: _exactly(bool),
    NoneType: _exactly(NoneType),
}
