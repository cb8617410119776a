"""JSON from outside: read within limits, without recursion of ours, every violation told."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph.problems import Problem

LARGEST = 64 << 20
"""Bytes of a file."""

DEEPEST = 64
"""Levels of nested objects and lists, the outermost one counted."""

LOWEST, HIGHEST = -(2**63), 2**64 - 1
"""Whole numbers fit in 64 bits, with or without a sign (seeds go to 2^64 - 1)."""

MOST_VALUES = 5_000_000

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NO_BRACKETS = bytes(b for b in range(256) if b not in b"[]{}")
_LONGEST_NUMBER = 400


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a number that is none, or too long to be read."""

    text: str


@dataclass(slots=True)
class _Pairs:
    """Makes objects and notes their doubled keys; `last` are those of the object made last, the outermost."""

    doubled: list[str] = field(default_factory=list)
    last: list[str] = field(default_factory=list)

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        self.last = []
        if len(made) < len(pairs):
            seen: set[str] = set()
            self.last = [k for k, _ in pairs if k in seen or seen.add(k)]  # type: ignore[func-returns-value]
            self.doubled += self.last
        return made


def parse(data: bytes) -> tuple[Any, list[Problem]]:
    """The value that a file holds, and what is wrong with its text (the value then is None or incomplete)."""
    if len(data) > LARGEST:
        return None, [Problem("file_too_large", {"size": len(data), "limit": LARGEST})]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [Problem("bad_json", {"reason": "encoding", "at": error.start})]
    if too_deep(data):
        return None, [Problem("too_deep", {"limit": DEEPEST})]
    pairs = _Pairs()
    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=Unreadable, parse_int=_int, parse_float=_float)
    except json.JSONDecodeError as error:
        args = {"reason": "syntax", "text": error.msg, "line": error.lineno, "column": error.colno}
        return None, [Problem("bad_json", args)]
    ids = pairs.last if isinstance(value, dict) else []
    inner = pairs.doubled[: len(pairs.doubled) - len(ids)]
    doubled = [Problem("duplicate_id", {"id": id}, id) for id in dict.fromkeys(ids)]
    return value, doubled + [Problem("duplicate_key", {"key": key}) for key in dict.fromkeys(inner)]


def too_deep(data: bytes) -> bool:
    """Whether brackets outside strings nest deeper than DEEPEST; text that is no JSON may give either answer."""
    depth = 0
    for bracket in _STRINGS.sub(b"", data).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEEPEST:
            return True
    return False


def _int(text: str) -> int | Unreadable:
    return int(text) if len(text) <= _LONGEST_NUMBER else Unreadable(text[:20] + "…")


def _float(text: str) -> float | Unreadable:
    value = float(text)
    return value if math.isfinite(value) else Unreadable(text[:20])


def flaw(value: Any, depth: int = 0) -> tuple[str, Mapping[str, Any]] | None:
    """The first thing in a value that a graph must not hold, as code and args; `depth` levels are around it."""
    if _is_plain(value) or (type(value) is list and len(value) == 2 and _is_plain(value[0]) and _is_plain(value[1])):
        return None
    return next(_flaws(value, depth), None)


def _is_plain(value: Any) -> bool:
    """Whether a value is quickly seen to be without fault (links are two of these)."""
    kind = type(value)
    return (kind is str and value.isascii()) or kind is bool or (kind is int and LOWEST <= value <= HIGHEST)


def _flaws(value: Any, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    todo: list[tuple[Any, int]] = [(value, depth)]
    count = 0
    while todo:
        v, level = todo.pop()
        count += 1
        kind = type(v)
        if kind is str:
            if not v.isascii() and any(0xD800 <= ord(c) < 0xE000 for c in v):
                yield "bad_text", {}
        elif kind is int:
            if not LOWEST <= v <= HIGHEST:
                yield "bad_number", {"value": f"{v:.6e}" if abs(v) < 10**300 else "a huge number", "reason": "range"}
        elif kind is float:
            if not math.isfinite(v):
                yield "bad_number", {"value": str(v), "reason": "finite"}
        elif kind is Unreadable:
            yield "bad_number", {"value": v.text, "reason": "finite" if v.text.strip("-") in _NAMES else "range"}
        elif kind in (dict, list, tuple):
            if level >= DEEPEST:
                yield "too_deep", {"limit": DEEPEST}
            elif count + len(todo) > MOST_VALUES:
                yield "file_too_large", {"size": count, "limit": MOST_VALUES}
                return
            else:
                parts = (*v, *v.values()) if kind is dict else v
                todo += [(part, level + 1) for part in parts]
        elif v is not None and kind is not bool:
            yield "bad_value", {"found": kind.__name__}


_NAMES = ("NaN", "Infinity")
