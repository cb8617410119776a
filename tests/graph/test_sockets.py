"""Types that fit, constants that parse, ranges that clamp."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.graph import MISSING, Choice, Range, accepts, type_name
from engine.graph.sockets import parse_constant

from .kit import Painting, Picture


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        (int, int, True),
        (int, float, True),
        (float, int, False),
        (bool, int, False),
        (int, bool, False),
        (int, str, False),
        (int, Any, True),
        (Any, Picture, True),
        (Painting, Picture, True),
        (Picture, Painting, False),
        (Picture, int | Picture, True),
        (int | str, int, False),
        (int | float, float, True),
        (list[int], int, True),
        (int, list[float], True),
        (list[str], list[int], False),
        (str, object, False),
    ],
)
def test_what_flows_where(source: Any, target: Any, fits: bool) -> None:
    assert accepts(source, target) is fits


@pytest.mark.parametrize(
    ("t", "name"),
    [(int, "INT"), (float, "FLOAT"), (str, "STRING"), (bool, "BOOLEAN"), (Any, "*"), (Picture, "IMAGE"),
     (int | float, "INT,FLOAT"), (list[int], "INT"), (int | None, "INT")],
)  # fmt: skip
def test_names_on_the_wire(t: Any, name: str) -> None:
    assert type_name(t) == name


@pytest.mark.parametrize(
    ("value", "t", "parsed"),
    [
        (3, int, 3),
        (3.0, int, 3),
        ("18446744073709551615", int, 2**64 - 1),
        ("-5", int, -5),
        ("+5", int, MISSING),
        ("5.0", int, MISSING),
        ("", int, MISSING),
        ("-", int, MISSING),
        ("٣", int, MISSING),
        ("9" * 5000, int, MISSING),
        (True, int, MISSING),
        (3.5, int, MISSING),
        (3, float, 3.0),
        (math.inf, float, MISSING),
        (math.nan, float, MISSING),
        (10**400, float, MISSING),
        (True, float, MISSING),
        ("3", float, MISSING),
        (3, str, MISSING),
        (1, bool, MISSING),
        (True, bool, True),
        (None, int, MISSING),
        ([1, 2.0], list[int], [1, 2]),
        (4, list[int], [4]),
        ([1, "a"], list[int], MISSING),
        (1, int | str, 1),
        ("1", int | str, "1"),
        (1, float | str, 1.0),
        (Picture, Picture, MISSING),
    ],
)
def test_constants_become_the_type_or_nothing(value: Any, t: Any, parsed: Any) -> None:
    found = parse_constant(value, t)
    assert found == parsed
    assert type(found) is type(parsed)


@given(st.integers(-50, 50), st.integers(-10, 0), st.integers(0, 10))
def test_a_range_complains_outside_only_and_its_value_is_the_nearest(value: int, low: int, high: int) -> None:
    rule = Range(low, high)
    complaint = rule.complaint(value)
    assert (complaint is None) == (low <= value <= high)
    if complaint is not None:
        assert complaint.value == min(max(value, low), high)
        assert rule.complaint(complaint.value) is None


def test_choices_are_listed_when_asked() -> None:
    options = ["a"]
    choice = Choice(lambda: options)
    assert choice.complaint("b") is not None
    options.append("b")
    assert choice.complaint("b") is None


def test_missing_stays_itself_between_processes() -> None:
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING
