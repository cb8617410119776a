"""The table of statements that comes along is that of the tests."""

from __future__ import annotations

import pytest

from tests.lessons.kit import FILES
from tests.lessons.report import PLACE, report
from tests.lessons.statements import STATEMENTS, states


def test_it_is_up_to_date() -> None:
    assert PLACE.read_text(encoding="utf-8") == report(), "python -m tests.lessons.report writes it anew"


def test_every_lesson_has_statements_and_no_row_is_told_twice() -> None:
    report()
    assert {s.lesson for s in STATEMENTS} == {int(file.stem[:2]) for file in FILES}
    assert len({(s.lesson, s.says) for s in STATEMENTS}) == len(STATEMENTS)


def test_a_row_with_another_number_than_the_measured_one_fails() -> None:
    known = [*STATEMENTS]
    tests = [states(1, "two", "holds", number, "{}", within=0.1)(lambda: 2.0) for number in (2.1, 2.3)]
    STATEMENTS[:] = known
    tests[0]()
    with pytest.raises(AssertionError, match=r"measured 2\.0, the row says 2\.3"):
        tests[1]()
    with pytest.raises(ValueError, match="tells no number"):
        states(1, "two", "holds", 2.0, "two")
