"""The words of a prompt and the places of their tokens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.models.text import Word
from engine.models.tokens import tokenize_prompt
from engine.models.vocabulary import END_ID, LENGTH
from engine.models.words import END, START, WordError, find_word, frame_of, words_of

PLAIN = st.lists(st.sampled_from(["fox", "a", "dreambeach", "mèo", "Yellow", "3d", "background"]), max_size=90)


def places(prompt: str, word: str) -> tuple[int, ...]:
    return find_word(tokenize_prompt(prompt, "sd1"), word).places


@given(PLAIN)
@settings(max_examples=15, deadline=None)
def test_words_and_frame_have_every_place_once(words: list[str]) -> None:
    tokens = tokenize_prompt(" ".join(words), "sd1")
    found = [*words_of(tokens), *frame_of(tokens)]
    assert sorted(place for word in found for place in word.places) == list(range(LENGTH * len(tokens.ids)))


@given(PLAIN.map(lambda words: [w for w in words if w != "3d"]).filter(bool), st.integers(0, 89))
@settings(max_examples=15, deadline=None)
def test_a_word_is_found_wherever_it_stands(words: list[str], number: int) -> None:
    word = words[number % len(words)]
    tokens = tokenize_prompt(", ".join(words), "sd1")
    own = [w.places for w in words_of(tokens) if w.text == word.lower()]
    assert find_word(tokens, word).places == tuple(place for each in own for place in each)
    assert len(own) == words.count(word)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("fox", (5,)),
        (" FOX ", (5,)),
        ("a fox", (4, 5)),
        ("mèo", (8, 9, 10)),
        ("dreambeach", (11, 12)),
        ("dream", (11,)),
        ("beach", (12,)),
        (",", (6,)),
        (START, (0,)),
        (END, tuple(range(13, 77))),
    ],
)
def test_what_can_be_asked_for(word: str, expected: tuple[int, ...]) -> None:
    assert places("flat (emoji:1.3) of a fox, con mèo dreambeach", word) == expected


def test_a_word_of_the_second_chunk_stands_behind_the_first() -> None:
    tokens = tokenize_prompt("cat " * 75 + "fox", "sd1")
    assert find_word(tokens, "fox").places == (LENGTH + 1,)
    assert frame_of(tokens)[0].places == (0, LENGTH)


@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_padding_counts_as_the_end(family: str) -> None:
    tokens = tokenize_prompt("fox", family)
    assert tokens.ids[0].index(END_ID) == 2
    assert frame_of(tokens)[1].places == tuple(range(2, 77))


def test_learnt_words_have_their_name() -> None:
    tokens = tokenize_prompt(
        "a embedding:style, fox", "sd1", lambda name: Word("style.pt", 3) if name == "style" else None
    )
    assert [w.text for w in words_of(tokens)] == ["a", "embedding:style.pt", ",", "fox"]
    assert find_word(tokens, "embedding:style.pt").places == (2, 3, 4)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a fox, a cat", '"dog" is not in this prompt; its words are "a", "fox", ",", "cat".'),
        ("", '"dog" is not in this prompt; it has no words.'),
        (" ".join("abcdefghijklmnopqrstuvwxyz0123456789"), '"2", "3" and 6 more.'),
    ],
)
def test_a_word_that_is_not_there_is_told_with_those_that_are(prompt: str, said: str) -> None:
    with pytest.raises(WordError) as error:
        places(prompt, "dog")
    assert str(error.value).endswith(said)
