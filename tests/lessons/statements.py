"""What the article says, one statement a test: a verdict, and our number, which the test measures."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, ParamSpec

import pytest

Verdict = Literal["holds", "holds with a condition", "false"]
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Statement:
    """One row of the table.

    Args:
        lesson: its number. says: what the article says, in our words.
        verdict: what we found; "false" also where a detail is. number: what the test measures.
        shown: how the row tells it, with {} for the number, what was measured and the condition, if there is one.
    """

    lesson: int
    says: str
    verdict: Verdict
    number: float
    shown: str

    @property
    def told(self) -> str:
        """Our number in words."""
        return self.shown.format(self.number)


STATEMENTS: list[Statement] = []
"""Of all modules of statements that are imported, in their order."""


def states(
    lesson: int, says: str, verdict: Verdict, number: float, shown: str, *, within: float = 0.0
) -> Callable[[Callable[P, float]], Callable[P, None]]:
    """Make a test of a function that measures the number of a statement, and add the statement to the table.

    The function itself asserts what the verdict says; the number is asserted here.

    Args:
        within: how far the number may be from what is measured here, as a share of it; 0 for what is counted.
    """
    if "{" not in shown or within < 0:
        raise ValueError(f"lesson {lesson}, {says!r}: the row tells no number")

    def test_of(measure: Callable[P, float]) -> Callable[P, None]:
        STATEMENTS.append(Statement(lesson, says, verdict, number, shown))

        @functools.wraps(measure)
        def test(*args: P.args, **kwargs: P.kwargs) -> None:
            found = measure(*args, **kwargs)
            assert found == pytest.approx(number, rel=within, abs=0), f"measured {found}, the row says {number}"

        return test

    return test_of
