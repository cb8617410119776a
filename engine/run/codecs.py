"""The table that lets the engine measure and write down values it knows nothing about."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Buffer = bytes | bytearray | memoryview
VALUE_BYTES = 64
"""What a small value (a number, a handle) is counted as."""


class NotStorable(TypeError):
    """A value has no codec, so that its artifact stays in memory (or, read by a process with fewer codecs, on disk)."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A row for a leaf type; without ``encode`` and ``decode`` its values are measured but never written.

    ``encode(value)`` gives plain JSON and named buffers of bytes; ``decode(json, buffers)`` may keep the buffers, which
    are writable and nobody else's.
    """

    name: str
    sizeof: Callable[[Any], int]
    encode: Callable[[Any], tuple[Any, Mapping[str, Buffer]]] | None = None
    decode: Callable[[Any, Mapping[str, memoryview]], Any] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A row for a type made of other values: ``take`` gives them by name, ``make`` puts them together again."""

    name: str
    take: Callable[[Any], Mapping[str, Any]]
    make: Callable[..., Any]


def record(cls: type, name: str = "") -> Record:
    """The row of a dataclass: all its fields, by name."""
    fields = tuple(f.name for f in dataclasses.fields(cls))
    return Record(name or cls.__name__, lambda v: {f: getattr(v, f) for f in fields}, cls)


_SEQUENCES: dict[type, str] = {list: "list", tuple: "tuple"}
_BUILDERS: dict[str, Callable[[Any], Any]] = {"list": list, "tuple": tuple}


class Codecs:
    """Plain values, lists, tuples, dicts, and the rows of ``table``; a subclass takes the row of its nearest base."""

    def __init__(self, table: Mapping[type, Codec | Record] | None = None) -> None:
        self._table = dict(table or {})
        self._rows: dict[type, Codec | Record | None] = dict(self._table)
        self._named = {row.name: row for row in self._rows.values() if row is not None}
        if len(self._named) != len(self._rows):
            raise ValueError("two codecs have the same name")

    def plus(self, table: Mapping[type, Codec | Record]) -> Codecs:
        """These codecs and others, which count where both have a type."""
        return Codecs({**self._table, **table})

    def _row(self, t: type) -> Codec | Record | None:
        if t not in self._rows:
            self._rows[t] = next((r for base in t.__mro__[1:] if (r := self._rows.get(base)) is not None), None)
        return self._rows[t]

    def sizeof(self, value: Any) -> int:
        """Bytes that ``value`` keeps in memory, roughly; shared parts are counted each time."""
        total, stack = 0, [value]
        while stack:
            v = stack.pop()
            t = type(v)
            total += VALUE_BYTES
            if t in _SEQUENCES:
                stack += v
            elif t is dict:
                stack += v.keys()
                stack += v.values()
            elif t in (str, bytes, bytearray):
                total += len(v)
            elif (row := self._row(t)) is None:
                continue
            elif isinstance(row, Codec):
                total += row.sizeof(v)
            else:
                stack += row.take(v).values()
        return total

    def encode(self, value: Any) -> tuple[Any, list[Buffer]]:
        """JSON and the buffers it counts on by position, or NotStorable."""
        buffers: list[Buffer] = []
        try:
            return self._encode(value, buffers), buffers
        except RecursionError:
            raise NotStorable("values are nested too deeply") from None

    def _encode(self, v: Any, buffers: list[Buffer]) -> Any:
        t = type(v)
        if v is None or t in (bool, int, float, str):
            return v
        if t in _SEQUENCES:
            return {_SEQUENCES[t]: [self._encode(x, buffers) for x in v]}
        if t is dict:
            return {"dict": [[self._encode(k, buffers), self._encode(x, buffers)] for k, x in v.items()]}
        if t is bytes:
            buffers.append(v)
            return {"bytes": len(buffers) - 1}
        row = self._row(t)
        if isinstance(row, Record):
            return {"record": row.name, "of": {k: self._encode(x, buffers) for k, x in row.take(v).items()}}
        if row is None or row.encode is None:
            raise NotStorable(f"{t.__qualname__} has no codec")
        json, named = row.encode(v)
        at = {}
        for name, data in named.items():
            at[name] = len(buffers)
            buffers.append(data)
        return {"leaf": row.name, "json": json, "at": at}

    def decode(self, json: Any, buffers: Sequence[memoryview]) -> Any:
        """The inverse of ``encode``; NotStorable when the table lacks a codec that was there then."""
        if not isinstance(json, dict):
            return json
        if "leaf" in json:
            row = self._named.get(json["leaf"])
            if not isinstance(row, Codec) or row.decode is None:
                raise NotStorable(f"no codec is named {json['leaf']}")
            return row.decode(json["json"], {k: buffers[i] for k, i in json["at"].items()})
        if "record" in json:
            row = self._named.get(json["record"])
            if not isinstance(row, Record):
                raise NotStorable(f"no codec is named {json['record']}")
            return row.make(**{k: self.decode(x, buffers) for k, x in json["of"].items()})
        ((kind, body),) = json.items()
        if kind == "bytes":
            return bytes(buffers[body])
        if kind == "dict":
            return {self.decode(k, buffers): self.decode(x, buffers) for k, x in body}
        return _BUILDERS[kind]([self.decode(x, buffers) for x in body])
