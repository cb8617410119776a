"""Every event survives JSON, and all that is written is strict JSON."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.queue.codec import KINDS, dumps, from_json, to_json
from engine.run.events import Event, JobInterrupted, Preview, StepFinished

TEXTS = st.text(max_size=8)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
UI = st.dictionaries(TEXTS, PLAIN, max_size=3)


@pytest.mark.parametrize("kind", get_args(Event))
def test_every_event_has_a_name_on_the_wire(kind: type[Event]) -> None:
    assert KINDS[kind.__name__] is kind


@pytest.mark.parametrize("kind", [k for k in get_args(Event) if k is not Preview])
@given(data=st.data())
def test_every_event_survives(kind: type[Event], data: st.DataObject) -> None:
    values = {"ui": UI} if kind is StepFinished else {}
    event = data.draw(st.builds(kind, **values))
    if any(isinstance(v, float) and not math.isfinite(v) for v in map(event.__getattribute__, kind.__slots__)):
        return
    assert from_json(json.loads(dumps(to_json(event)))) == event


def test_a_preview_goes_without_its_picture() -> None:
    assert to_json(Preview("j", "1", b"\xff")) == {"kind": "Preview", "job": "j", "node": "1"}
    assert from_json({"kind": "Preview", "job": "j", "node": "1"}) == Preview("j", "1", None)


def test_what_is_left_out_is_the_default() -> None:
    assert to_json(StepFinished("j", "1", 0.5)) == {"kind": "StepFinished", "job": "j", "node": "1", "seconds": 0.5}
    told = {"kind": "JobInterrupted", "job": "j", "reason": "worker_died", "requeued": True, "unknown": 1}
    assert from_json(told) == JobInterrupted("j", "worker_died", True)


def _strict(constant: str) -> None:
    raise AssertionError(constant)


WILD = st.recursive(
    PLAIN | st.floats() | st.binary(max_size=3) | st.sets(st.integers(), max_size=2) | st.builds(object),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers() | TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(WILD)
def test_anything_becomes_strict_ascii_json(value: Any) -> None:
    text = dumps(value)
    assert text.isascii()
    json.loads(text, parse_constant=_strict)


@given(PLAIN)
def test_plain_values_stay_what_they_are(value: Any) -> None:
    assert json.loads(dumps(value)) == value


def test_what_has_no_end_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert json.loads(dumps(endless))
    assert dumps("\ud800") == '"\\ud800"'
