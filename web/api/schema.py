"""JSON Schemas as plain values, and the check of a value against one: the same schema is told and enforced."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.near import nearest

Schema: TypeAlias = Mapping[str, Any]

SAFE = (1 << 53) - 1
"""The largest whole number that every JSON reader keeps exactly; it also fits into SQLite's integers."""

TEXT: Schema = {"type": "string"}
FLOAT: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": SAFE}
YES_NO: Schema = {"type": "boolean"}
ANY: Schema = {}
NOTHING: Schema = {}
"""Of an answer without a body."""
TEXTS: Schema = {"type": "array", "items": TEXT}
ANY_OBJECT: Schema = {"type": "object", "additionalProperties": True}


def text(help: str = "", **limits: Any) -> Schema:
    """A string, with minLength, maxLength, pattern or enum."""
    return told({"type": "string", **limits}, help)


def told(schema: Schema, help: str) -> Schema:
    """The schema with a description."""
    return {**schema, "description": help} if help else schema


def maybe(schema: Schema) -> Schema:
    """The same or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def one_of(*words: str) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": list(words)}


def list_of(schema: Schema) -> Schema:
    """A list of such."""
    return {"type": "array", "items": schema}


def map_of(schema: Schema) -> Schema:
    """An object that has such under any name."""
    return {"type": "object", "additionalProperties": schema}


def obj(fields: Mapping[str, Schema], *optional: str) -> Schema:
    """An object with exactly these fields; all are there but the optional ones."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    """A schema of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with a value: the field ("values.steps", "targets[2]", "" for the whole), expected, found."""

    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        place = f"Field {self.field}" if self.field else "The request"
        return f"{place}: expected {self.expected}, found {self.found}."


def misfit(schema: Schema, value: Any, field: str = "") -> Misfit | None:
    """The first thing by which a value does not fit a schema; None when it fits."""
    return next((found for check in _CHECKS for found in check(schema, value, field)), None)


def _type(schema: Schema, value: Any, field: str) -> Iterator[Misfit]:
    wanted = schema.get("type")
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted or ())
    if names and not any(_TYPES[name](value) for name in names):
        yield Misfit(field, " or ".join(_NAMES[name] for name in names), found(value))


def _choice(schema: Schema, value: Any, field: str) -> Iterator[Misfit]:
    options = schema.get("enum")
    if options is not None and value not in options:
        yield Misfit(field, f"one of {', '.join(map(str, options))}", found(value))


def _range(schema: Schema, value: Any, field: str) -> Iterator[Misfit]:
    if not _TYPES["number"](value):
        return
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and value < low:
        yield Misfit(field, f"at least {low}", found(value))
    if high is not None and value > high:
        yield Misfit(field, f"at most {high}", found(value))


def _length(schema: Schema, value: Any, field: str) -> Iterator[Misfit]:
    if not isinstance(value, str):
        return
    if len(value) < schema.get("minLength", 0):
        yield Misfit(field, f"at least {schema['minLength']} characters", found(value))
    if len(value) > schema.get("maxLength", len(value)):
        yield Misfit(field, f"at most {schema['maxLength']} characters", f"{len(value)} characters")
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        yield Misfit(field, f"text like {schema['pattern']}", found(value))


def _items(schema: Schema, value: Any, field: str) -> Iterator[Misfit]:
    if not isinstance(value, list):
        return
    if len(value) > schema.get("maxItems", len(value)):
        yield Misfit(field, f"at most {schema['maxItems']} items", f"{len(value)} items")
    for number, item in enumerate(value):
        if (wrong := misfit(schema.get("items", ANY), item, f"{field}[{number}]")) is not None:
            yield wrong


def _fields(schema: Schema, value: Any, field: str) -> Iterator[Misfit]:
    if not isinstance(value, dict) or "type" not in schema:
        return
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    inside = f"{field}." if field else ""
    for name in schema.get("required", ()):
        if name not in value:
            yield Misfit(f"{inside}{name}", _kind(known[name]), "nothing")
    for name, item in value.items():
        if name not in known and others is False:
            yield Misfit(f"{inside}{name[:80]}", _known(name, list(known)), found(item))
            continue
        wanted = known.get(name, others)
        if isinstance(wanted, Mapping) and (wrong := misfit(wanted, item, f"{inside}{name[:80]}")) is not None:
            yield wrong


_CHECKS: Sequence[Callable[[Schema, Any, str], Iterator[Misfit]]] = (_type, _choice, _range, _length, _items, _fields)

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: (isinstance(v, int) and not isinstance(v, bool)) or (isinstance(v, float) and v.is_integer()),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "null": lambda v: v is None,
}

_NAMES: Mapping[str, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def _kind(schema: Schema) -> str:
    wanted = schema.get("type", ())
    names = (wanted,) if isinstance(wanted, str) else wanted
    return " or ".join(_NAMES[name] for name in names) or "a value"


def _known(name: str, known: list[str]) -> str:
    close = nearest(name, known)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    return f"no such field ({hint})"


def found(value: Any) -> str:
    """A value as JSON has it, cut where it is long."""
    shown = json.dumps(value, ensure_ascii=True, default=lambda v: type(v).__name__)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"
