"""A failure as a sentence."""

from __future__ import annotations

import pytest

from engine.graph.told import Told
from engine.queue.codec import from_json, to_json
from engine.run.errors import BadReturn, StepError
from engine.run.events import StepFailed, Warned


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        (ValueError("the value\n is odd"), "Fail (node x) failed: the value is odd (ValueError)."),
        (ValueError("Use 0, or 1."), "Fail (node x) failed: Use 0, or 1 (ValueError)."),
        (KeyError("a"), "Fail (node x) failed: key 'a' is missing (KeyError)."),
        (OSError(28, "cannot write a.png: full"), "Fail (node x) failed: cannot write a.png: full (OSError)."),
        (RuntimeError(), "Fail (node x) failed with RuntimeError."),
        (BadReturn("gave 3 values instead of 2."), "Fail (node x) gave 3 values instead of 2."),
        (Told("The list {name} is empty.", name="x"), "Fail (node x) failed: The list x is empty."),
        (
            MemoryError("8 GiB wanted."),
            "Fail (node x) ran out of memory (8 GiB wanted): use a smaller picture or batch, or close other programs.",
        ),
    ],
)
def test_a_failure_is_one_sentence(cause: BaseException, told: str) -> None:
    assert str(StepError("x", "Fail", cause)) == told


def test_a_failure_is_told_with_its_values() -> None:
    told = StepError("x", "Fail", Told("The list {name} is empty.", name="x"), title="Mine").telling.plain()
    assert told["sentence"] == "{node_type} “{title}” (node {node}) {reason}"
    reason = told["values"].pop("reason")
    assert told["values"] == {"node_type": "Fail", "title": "Mine", "node": "x"}
    assert reason["sentence"] == "failed: {reason}"
    assert reason["values"]["reason"] == {"sentence": "The list {name} is empty.", "values": {"name": "x"}}


@pytest.mark.parametrize(
    "event",
    [
        StepFailed("j", "x", "Fail", "It failed.", telling={"sentence": "It failed.", "values": {}}),
        Warned("j", "odd", "It is odd.", {"sentence": "It is odd.", "values": {}}),
    ],
)
def test_events_of_before_have_no_values(event: StepFailed | Warned) -> None:
    data = to_json(event)
    assert from_json(data) == event
    old = from_json({name: value for name, value in data.items() if name != "telling"})
    assert isinstance(old, StepFailed | Warned)
    assert old.telling is None
