"""Errors as a sentence and its values."""

import pytest

from engine.graph.told import Told


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
