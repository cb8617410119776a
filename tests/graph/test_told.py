"""Errors as a sentence and its values."""

import errno
import json

import pytest

from engine.graph.problems import Problem
from engine.graph.told import Told, all_of, any_of, beside, telling, why


def test_the_text_is_the_sentence_with_its_values() -> None:
    error = Told("The latent has {found} channels and the model takes {expected}.", found=4, expected=16)
    assert str(error) == "The latent has 4 channels and the model takes 16."
    assert error.telling.plain() == {
        "sentence": "The latent has {found} channels and the model takes {expected}.",
        "values": {"found": 4, "expected": 16},
    }


def test_values_may_be_tellings_and_may_hold_braces() -> None:
    inner = Told("{name} is damaged.", name="{odd}.safetensors").telling
    outer = Told("The checkpoint cannot be read: {reason}", reason=inner)
    assert str(outer) == "The checkpoint cannot be read: {odd}.safetensors is damaged."
    assert outer.telling.plain()["values"]["reason"]["values"] == {"name": "{odd}.safetensors"}


def test_a_gap_without_a_value_is_a_fault_of_the_code() -> None:
    with pytest.raises(KeyError):
        Told("{name} is damaged.")


def test_lists_tellings_and_problems_are_values() -> None:
    low = Problem("value_smaller_than_min", {"value": 0, "min": 1})
    error = Told("{things}: {problem}.", things=[telling("nothing"), "b", 3], problem=low)
    assert str(error) == "nothing, b, 3: 0 is below the minimum 1."
    plain = json.loads(json.dumps(error.telling.plain()))["values"]
    assert plain["things"] == [{"sentence": "nothing", "values": {}}, "b", 3]
    assert plain["problem"] == {"code": low.code, "args": low.args, "node": None, "input": None}
    placed = Problem("value_smaller_than_min", {"value": 0, "min": 1}, "3", "steps")
    assert str(Told("{problem}!", problem=placed)) == "Node 3, input steps: 0 is below the minimum 1!"


@pytest.mark.parametrize(
    ("items", "either", "both"),
    [
        (["a"], "a", "a"),
        (["a", "b"], "a or b", "a and b"),
        (["a", "b", "c"], "a, b or c", "a, b and c"),
        ([1], "1", "1"),
    ],
)
def test_several_things_are_joined_by_words(items: list[object], either: str, both: str) -> None:
    assert (str(any_of(items)), str(all_of(items))) == (either, both)


def test_the_reason_of_a_problem_keeps_its_values() -> None:
    assert beside(Told("{name} is damaged.", name="a")) == {
        "reason": "a is damaged.",
        "telling": {"sentence": "{name} is damaged.", "values": {"name": "a"}},
    }
    assert beside(ValueError("odd")) == {"reason": "ValueError: odd"}


def test_an_error_becomes_one_of_another_class() -> None:
    class Other(Told):
        pass

    error = Other.of(Told("{name} is damaged.", name="{a}"))
    assert type(error) is Other
    assert str(error) == "{a} is damaged."


def test_what_the_system_says_of_a_file() -> None:
    assert why(OSError(errno.ENOSPC, "No space left on device")) == telling("No space left on device")
    assert why(OSError("odd")) == "odd"
