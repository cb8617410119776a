from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.text import PromptError, Weighted, cut, parse, tokenize

START, END, PAD = 1000, 1001, 1002


def weights(prompt: str) -> list[tuple[str, float]]:
    return [(piece.text, pytest.approx(piece.weight)) for piece in parse(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat", [("a cat", 1.0)]),
        ("", []),
        ("a (red) cat", [("a ", 1.0), ("red", 1.1), (" cat", 1.0)]),
        ("a (red:1.3) cat", [("a ", 1.0), ("red", 1.3), (" cat", 1.0)]),
        ("((red))", [("red", 1.21)]),
        ("(a (red) cat:1.5)", [("a ", 1.5), ("red", 1.65), (" cat", 1.5)]),
        ("(a (red:0.5) cat:1.5)", [("a ", 1.5), ("red", 0.5), (" cat", 1.5)]),
        ("((red:1.3))", [("red", 1.3)]),
        ("(red:-0.5)", [("red", -0.5)]),
        ("(red: 1.2 )", [("red", 1.2)]),
        ("(red:.5)", [("red", 0.5)]),
        ("(at 10:30)", [("at 10", 30.0)]),
        ("(a:b)", [("a:b", 1.1)]),
        ("(:1.3)", [(":1.3", 1.1)]),
        ("(red:nan)", [("red:nan", 1.1)]),
        ("(red:1e999)", [("red:1e999", 1.1)]),
        (r"a \(red\) cat", [("a (red) cat", 1.0)]),
        (r"(a \(red\):1.2)", [("a (red)", 1.2)]),
        ("a (red cat", [("a ", 1.0), ("(red cat", 1.0)]),
        ("a red) cat", [("a red) cat", 1.0)]),
        ("a) (b) c", [("a) (b) c", 1.0)]),
        ("()", []),
        ("a, [b], {c|d} <e>", [("a, [b], {c|d} <e>", 1.0)]),
        ("(one)(two:2)", [("one", 1.1), ("two", 2.0)]),
        ("(a(b)", [("a", 1.1), ("(b", 1.1)]),
    ],
)
def test_weights_mean_what_they_mean_in_comfyui(prompt: str, expected: list[tuple[str, float]]) -> None:
    assert weights(prompt) == expected


@given(st.text(alphabet="ab :.1()\\\n", max_size=60))
def test_every_prompt_has_finite_weights_and_loses_no_letter(prompt: str) -> None:
    pieces = parse(prompt)
    assert all(math.isfinite(piece.weight) for piece in pieces)
    assert "".join(p.text for p in pieces).count("a") == prompt.count("a")


@given(st.text(max_size=80).map(lambda text: text.replace("\\", "").replace("(", "").replace(")", "")))
def test_text_without_parentheses_is_one_piece(text: str) -> None:
    assert parse(text) == ((Weighted(text, 1.0),) if text else ())


def test_endless_nesting_ends() -> None:
    assert len(parse("(" * 3_000 + "a" + ")" * 3_000)) == 1
    assert parse("(" * 3_000)
    assert parse("a) (" * 3_000)


def frame(runs: list[list[tuple[int, float]]]) -> tuple[tuple[int, ...], ...]:
    return cut(runs, length=77, start=START, end=END, pad=PAD).ids


def numbered(count: int, first: int = 0) -> list[tuple[int, float]]:
    return [(first + i, 1.0) for i in range(count)]


def test_chunks_have_start_end_and_padding() -> None:
    assert frame([]) == ((START, END, *[PAD] * 75),)
    assert frame([numbered(75)]) == ((START, *range(75), END),)
    assert frame([numbered(2)])[0][:5] == (START, 0, 1, END, PAD)


def test_a_long_run_is_cut_at_the_end_of_the_chunk() -> None:
    assert frame([numbered(76)]) == ((START, *range(75), END), (START, 75, END, *[PAD] * 74))
    assert len(frame([numbered(751)])) == 11


def test_a_short_run_goes_whole_into_the_next_chunk() -> None:
    first, second = frame([numbered(73), numbered(5, 100)])
    assert first == (START, *range(73), END, PAD, PAD)
    assert second[:7] == (START, 100, 101, 102, 103, 104, END)


@given(st.lists(st.integers(0, 200), max_size=6), st.integers(0, 3))
def test_no_token_is_lost_or_moved(sizes: list[int], seed: int) -> None:
    runs = [[(100 * i % 997, 0.5 + i) for _ in range(size)] for i, size in enumerate(sizes)]
    tokens = cut(runs, length=77, start=START, end=END, pad=PAD)
    assert {len(chunk) for chunk in tokens.ids} == {77}
    laid = [
        (token, weight)
        for ids, ws in zip(tokens.ids, tokens.weights, strict=True)
        for token, weight in zip(ids[1:], ws[1:], strict=True)
        if token not in (END, PAD)
    ]
    assert laid == [pair for run in runs for pair in run]
    assert all(ids[0] == START and END in ids for ids in tokens.ids)
    framed = zip(sum(tokens.ids, ()), sum(tokens.weights, ()), strict=True)
    assert all(weight == 1.0 for token, weight in framed if token in (START, END, PAD))


@pytest.mark.parametrize("prompt", ["embedding:ulzzang", "a cat, embedding:ulzzang", "(embedding:ulzzang:1.2)"])
def test_an_embedding_is_named(prompt: str) -> None:
    with pytest.raises(PromptError, match=r'^The embedding "ulzzang" was not found'):
        tokenize(prompt, lambda text: [], length=77, start=START, end=END, pad=PAD)


def test_the_word_embedding_in_a_sentence_is_no_embedding() -> None:
    assert tokenize("my-embedding:x", lambda text: [7], length=77, start=START, end=END, pad=PAD).ids[0][1] == 7
