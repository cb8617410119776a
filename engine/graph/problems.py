"""Problems: what is wrong with a graph, as code and arguments, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning"]
MendKind = Literal["set", "choose", "connect", "disconnect", "remove", "rename", "retype", "insert"]


@dataclass(frozen=True, slots=True)
class Mend:
    """A change that would mend a problem.

    Kinds and args: set {value}; choose {options}; connect {type, sources: [[node, output], …]}; disconnect {};
    remove {}; rename {to} (the input's name); retype {options} (the node's type); insert {type, inputs} (a node of
    this type with these constants, before the one that has the problem).
    """

    kind: MendKind
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a graph; `code` and `args` say what, so that it can be told in any language.

    Codes are ComfyUI's where ComfyUI has one. A warning does not stop a run.
    """

    code: str
    args: Mapping[str, Any] = field(default_factory=dict)
    node: str | None = None
    input: str | None = None
    mend: Mend | None = None
    severity: Severity = "error"


class Refused(Exception):
    """Raised by a `facts=` function (or a judge) to make a problem of its node: code, args, input, mend."""

    def __init__(self, code: str, args: Mapping[str, Any], input: str | None = None, mend: Mend | None = None) -> None:
        super().__init__(code, dict(args))
        self.code = code
        self.details = dict(args)
        self.input = input
        self.mend = mend


def short(error: Exception) -> str:
    """An exception of a node's own code as one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300]


class GraphError(ValueError):
    """A file that is no graph; `problems` say why, `str()` of it is a sentence for each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        from engine.graph.sentences import sentence

        return "\n".join(sentence(problem) for problem in self.problems)
