"""The one exception that says in sentences why a workflow cannot run or did not end well."""

from __future__ import annotations

from collections.abc import Iterable

from engine.graph.problems import Problem


class WorkflowError(Exception):
    """Why a workflow cannot run, or failed: one sentence per cause.

    Args:
        problems: what `check` found, where that is the cause.
    """

    def __init__(self, sentences: Iterable[str], problems: Iterable[Problem] = ()) -> None:
        self.sentences = tuple(sentences)
        self.problems = tuple(problems)
        super().__init__("\n".join(self.sentences))
