"""Problems as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph.problems import Problem
from engine.graph.sentences import sentence


def problem_json(problem: Problem) -> dict[str, Any]:
    """A problem with its sentence: {code, severity, node, input, args, message, mend: {kind, args} or null}."""
    mend = {"kind": problem.mend.kind, "args": plain(problem.mend.args)} if problem.mend is not None else None
    return {
        "code": problem.code,
        "severity": problem.severity,
        "node": problem.node,
        "input": problem.input,
        "args": plain(problem.args),
        "message": sentence(problem),
        "mend": mend,
    }


def plain(value: Any) -> Any:
    """A value as JSON can have it; numbers that JSON has not, and all else, as text."""
    match value:
        case bool() | int() | str() | None:
            return value
        case float():
            return value if value - value == 0 else str(value)
        case Mapping():
            return {str(k): plain(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(v) for v in value]
        case _:
            return str(value)
