"""Events as JSON: for the log, and for the pipes of the workers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, get_args

from engine.run import events
from engine.run.events import Event

KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}
FLEETING = (events.Progress, events.Preview)
"""Not in the log."""

_FAST = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode


def _default(spec: Field[Any]) -> Any:
    return spec.default_factory() if spec.default_factory is not MISSING else spec.default


_FIELDS: Mapping[type, tuple[tuple[str, Any, bool], ...]] = {
    kind: tuple((f.name, _default(f), str(f.type).startswith("tuple")) for f in fields(kind) if f.name != "image")
    for kind in KINDS.values()
}
"""Name, default, whether it is a tuple; a preview's picture is no JSON and travels beside it."""


def to_json(event: Event) -> dict[str, Any]:
    """``{"kind": …}`` and the fields that differ from their defaults; a preview without its picture."""
    made: dict[str, Any] = {"kind": type(event).__name__}
    for name, default, _ in _FIELDS[type(event)]:
        value = getattr(event, name)
        if value != default:
            made[name] = value
    return made


def from_json(data: Mapping[str, Any]) -> Event:
    """The event that `to_json` was given; fields that are unknown here are left out. Raises KeyError or TypeError."""
    kind = KINDS[data["kind"]]
    values: dict[str, Any] = {
        name: tuple(data[name]) if many else data[name] for name, _, many in _FIELDS[kind] if name in data
    }
    return events.Preview(**values, image=None) if kind is events.Preview else kind(**values)


def dumps(value: Any) -> str:
    """Strict ASCII JSON of anything: what JSON has not (NaN, infinities, objects, bytes) becomes null or text."""
    try:
        return _FAST(value)
    except (TypeError, ValueError, RecursionError):
        return _FAST(_plain(value))


def _plain(value: Any, depth: int = 100) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping() if depth:
            return {str(k): _plain(v, depth - 1) for k, v in value.items()}
        case list() | tuple() | set() | frozenset() if depth:
            return [_plain(v, depth - 1) for v in value]
        case _:
            return str(value) if depth else None
