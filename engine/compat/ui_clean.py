"""Parsed JSON made fit for our file: within limits, without numbers and texts that no file may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph.jsontext import DEEPEST, MOST_VALUES, flaw
from engine.graph.problems import GraphError, Problem


def cleaned(value: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Problem]]:
    """The value, a copy where something in it had to become null; raises GraphError beyond the limits."""
    if flaw(value) is None:
        return value, []
    copy: dict[Any, Any] = {}
    todo: list[tuple[Any, Any, Any, int]] = [(value, copy, "", 0)]
    seen = dropped = 0
    while todo:
        old, place, at, level = todo.pop()
        seen += 1
        if seen + len(todo) > MOST_VALUES:
            raise GraphError([Problem("file_too_large", {"size": seen, "limit": MOST_VALUES})])
        if not isinstance(old, dict | list | tuple):
            bad = flaw(old) is not None
            place[at] = None if bad else old
            dropped += bad
            continue
        if level >= DEEPEST:
            raise GraphError([Problem("too_deep", {"limit": DEEPEST})])
        if isinstance(old, dict):
            fit = {k: v for k, v in old.items() if isinstance(k, str) and flaw(k) is None}
            dropped += len(old) - len(fit)
            place[at] = new = dict.fromkeys(fit)
            todo += [(v, new, k, level + 1) for k, v in fit.items()]
        else:
            place[at] = fresh = [None] * len(old)
            todo += [(v, fresh, n, level + 1) for n, v in enumerate(old)]
    return copy[""], [Problem("values_dropped", {"count": dropped}, severity="warning")]
