"""Whether a value is of the type of a socket: what a node returned, and what came to it by a link."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Mapping
from numbers import Real
from types import NoneType
from typing import Any

from engine.graph.sockets import MISSING, members
from engine.graph.told import Telling, telling

Reader = Callable[[Any], Any]


def value_reader(t: Any) -> Reader | None:
    """What gives a value as one of type `t`, or MISSING where it is none; None where anything goes.

    Numbers of other libraries become Python's.
    """
    options = members(t)
    if Any in options:
        return None
    if len(options) > 1:
        readers = [value_reader(o) for o in options]
        return lambda v: next((f for r in readers if (f := v if r is None else r(v)) is not MISSING), MISSING)
    if t in _READERS:
        return _READERS[t]
    if dataclasses.is_dataclass(t) and isinstance(t, type):
        return lambda v: v if isinstance(v, t) else MISSING
    return lambda v: MISSING if v is None else v  # a marker type: `unsound` says what it may hold


def unsound(t: Any, value: Any) -> Telling | None:
    """What is wrong with a value of type `t` (a shape with nothing in it …), where that type can say so."""
    judges = [getattr(option, "unsound", None) for option in members(t) if option is not NoneType]
    if value is None or not judges or not all(judges):
        return None
    found = [judge(value) for judge in judges if judge is not None]
    return None if None in found else found[0]


def called(value: Any) -> Telling:
    """What a value is, in short."""
    return telling("nothing") if value is None else telling("a {type}", type=type(value).__name__)


def _int(v: Any) -> Any:
    if type(v) is int:
        return v
    return operator.index(v) if hasattr(v, "__index__") and not isinstance(v, bool) and _scalar(v) else MISSING


def _float(v: Any) -> Any:
    if type(v) is float:
        return v
    return float(v) if isinstance(v, Real) and not isinstance(v, bool) else MISSING


def _bool(v: Any) -> Any:
    return v if type(v) is bool else bool(v) if type(v).__name__ in ("bool_", "bool") else MISSING


def _scalar(v: Any) -> bool:
    return not getattr(v, "shape", ())


_READERS: Mapping[Any, Reader] = {
    int: _int,
    float: _float,
    bool: _bool,
    str: lambda v: v if isinstance(v, str) else MISSING,
    NoneType: lambda v: v if v is None else MISSING,
}
