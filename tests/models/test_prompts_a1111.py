"""A1111's grammar against what its own documentation says of it, and against its rules written as plain loops."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.diffusion.types import Tokens
from engine.models.prompts_a1111 import BACKTRACK, COMMA_ID, Term, schedule, terms, tokenize_a1111, weigh
from engine.models.text import PromptError, Word
from engine.models.text_encoder import mean_restored
from engine.models.tokens import tokenize_as_a1111
from engine.models.vocabulary import TOKENS

START, END, PAD = 49406, 49407, 49407
ALPHABET = st.text(alphabet="ab ,:.1|()[]\\\nABREKND", max_size=60)


def pieces(prompt: str) -> list[tuple[str, float] | None]:
    return [None if piece is None else (piece.text, pytest.approx(piece.weight)) for piece in weigh(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("normal text", [("normal text", 1.0)]),
        ("an (important) word", [("an ", 1.0), ("important", 1.1), (" word", 1.0)]),
        ("(unbalanced", [("unbalanced", 1.1)]),
        (r"\(literal\]", [("(literal]", 1.0)]),
        ("(unnecessary)(parens)", [("unnecessaryparens", 1.1)]),
        (
            "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).",
            [
                ("a ", 1.0), ("house", 1.573), (" ", 1.1), ("on", 1.0), (" a ", 1.1), ("hill", 0.55), (", sun, ", 1.1),
                ("sky", 1.4641), (".", 1.1),
            ],
        ),
        ("a [cat]", [("a ", 1.0), ("cat", 1 / 1.1)]),
        ("[[cat]]", [("cat", 1 / 1.21)]),
        ("(cat: 1.5 )", [("cat", 1.5)]),
        ("(cat:1.2.3)", [("cat:1.2.3", 1.1)]),
        ("(a:b)", [("a:b", 1.1)]),
        ("cat:1.5)", [("cat:1.5)", 1.0)]),
        ("a BREAK b", [("a", 1.0), None, ("b", 1.0)]),
        ("(a BREAK b:1.5)", [("a", 1.5), None, ("b", 1.5)]),
        ("BREAKFAST", [("BREAKFAST", 1.0)]),
        ("", []),
    ],
)  # fmt: skip
def test_weights(prompt: str, expected: list[tuple[str, float] | None]) -> None:
    assert pieces(prompt) == expected


@given(ALPHABET)
def test_every_prompt_has_finite_weights_and_loses_no_letter(prompt: str) -> None:
    found = [piece for piece in weigh(prompt) if piece is not None]
    assert all(math.isfinite(piece.weight) for piece in found)
    assert sum(piece.text.count("a") for piece in found) == prompt.count("a")


DOCUMENTED = {
    "test": [(10, "test")],
    "a [b:3]": [(3, "a "), (10, "a b")],
    "a [b: 3]": [(3, "a "), (10, "a b")],
    "a [[[b]]:2]": [(2, "a "), (10, "a [[b]]")],
    "[(a:2):3]": [(3, ""), (10, "(a:2)")],
    "a [b : c : 1] d": [(1, "a b  d"), (10, "a  c  d")],
    "a[b:[c:d:2]:1]e": [(1, "abe"), (2, "ace"), (10, "ade")],
    "a [unbalanced": [(10, "a [unbalanced")],
    "a [b:.5] c": [(5, "a  c"), (10, "a b c")],
    "a [{b|d{:.5] c": [(5, "a  c"), (10, "a {b|d{ c")],
    "((a][:b:c [d:3]": [(3, "((a][:b:c "), (10, "((a][:b:c d")],
    "[a|(b:1.1)]": [(i, "a" if i % 2 else "(b:1.1)") for i in range(1, 11)],
    "[fe|]male": [(i, "female" if i % 2 else "male") for i in range(1, 11)],
    "[fe|||]male": [(1, "female"), (4, "male"), (5, "female"), (8, "male"), (9, "female"), (10, "male")],
    "a[b::3]c": [(3, "abc"), (10, "ac")],
    "[a:b:1.0]": [(10, "a")],
    "[a:b:1]": [(1, "a"), (10, "b")],
    "[a:b:0]": [(10, "b")],
    "[a:b:40]": [(10, "a")],
    "a [cat] b": [(10, "a [cat] b")],
    r"\[a:b:3\]": [(10, r"\[a:b:3\]")],
    "": [(10, "")],
}


@pytest.mark.parametrize("prompt", DOCUMENTED)
def test_schedules(prompt: str) -> None:
    assert list(schedule(prompt, 10)) == DOCUMENTED[prompt]


@given(ALPHABET, st.integers(1, 30))
def test_a_schedule_ends_with_the_run(prompt: str, steps: int) -> None:
    found = schedule(prompt, steps)
    ends = [end for end, _ in found]
    assert ends == sorted(set(ends))
    assert ends[-1] == steps
    assert ends[0] >= 1


@pytest.mark.parametrize(
    "prompt",
    ["[" * 5000 + "a" + ":3]" * 5000, "(a" * 5000, "[a|" * 5000 + "]" * 5000, "(" * 60 + "a" + ":99999999)" * 60],
)
def test_endless_nesting_ends_and_stays_finite(prompt: str) -> None:
    assert schedule(prompt, 5)
    found = weigh(prompt)
    assert found
    assert all(piece is not None and math.isfinite(piece.weight) for piece in found)


def test_terms() -> None:
    assert terms("a cat") == (Term("a cat"),)
    assert terms("a cat :1.2 AND a dog AND a frog:-0.5") == (Term("a cat", 1.2), Term("a dog"), Term("a frog", -0.5))
    assert terms("SAND ANDY") == (Term("SAND ANDY"),)


def cut(prompt: list[int], word: Word | None = None) -> Tokens:
    """Tokens of a prompt whose words are their own ids."""
    text = " ".join(map(str, prompt)) if word is None else "embedding:x"
    ids: dict[str, list[int]] = {"": []}
    return tokenize_a1111(
        text,
        lambda part: ids.get(part, [int(n) for n in part.split()]),
        lambda name: word,
        length=77,
        start=START,
        end=END,
        pad=PAD,
    )


def expected_chunks(tokens: list[int]) -> list[list[int]]:
    """The rule of the wrap at commas, token by token."""
    chunks: list[list[int]] = []
    now: list[int] = []
    comma = -1
    for token in tokens:
        if token == COMMA_ID:
            comma = len(now)
        elif len(now) == 75 and comma != -1 and len(now) - comma <= BACKTRACK:
            kept, moved = now[: comma + 1], now[comma + 1 :]
            chunks.append(kept)
            now, comma = moved, -1
        if len(now) == 75:
            chunks.append(now)
            now, comma = [], -1
        now.append(token)
    return [*chunks, now] if now or not chunks else chunks


@given(st.lists(st.sampled_from([5, 6, 7, COMMA_ID]), max_size=260))
def test_chunks_end_after_a_comma(tokens: list[int]) -> None:
    found = cut(tokens)
    bodies = [ids[1 : ids.index(END)] for ids in found.ids]
    assert [list(body) for body in bodies] == expected_chunks(tokens)
    assert all(len(ids) == 77 and ids[0] == START for ids in found.ids)


def test_the_words_after_the_last_comma_go_into_the_next_chunk() -> None:
    tokens = [5] * 60 + [COMMA_ID] + [6] * 14 + [7] * 3
    first, second = cut(tokens).ids
    assert first[61:64] == (COMMA_ID, END, PAD)
    assert second[1:19] == (*[6] * 14, *[7] * 3, END)
    far = [5] * 50 + [COMMA_ID] + [6] * 24 + [7] * 3
    assert cut(far).ids[0][75] == 6


def test_a_learnt_word_is_not_cut_in_two() -> None:
    word = Word("file", 10)
    found = tokenize_as_a1111("cat " * 70 + "embedding:x", "sd1", lambda name: word if name == "x" else None)
    assert [ids.index(END) - 1 for ids in found.ids] == [70, 10]
    assert found.ids[1][1:11] == tuple(range(TOKENS, TOKENS + 10))
    assert found.learnt == tuple(("file", row) for row in range(10))
    with pytest.raises(PromptError, match='"y" was not found'):
        tokenize_as_a1111("a (embedding:y:1.2)", "sd1")


def test_break_begins_a_chunk_and_both_are_kept() -> None:
    found = tokenize_as_a1111("a cat BREAK a dog", "sd1")
    assert [ids[1:4] for ids in found.ids] == [(320, 2368, END), (320, 1929, END)]


def test_weighing_keeps_each_chunks_mean() -> None:
    """z' = z·w; z'·(mean z / mean z'), over one chunk."""
    generator = torch.Generator().manual_seed(1)
    states, weights = torch.randn(2, 77, 8, generator=generator) + 0.3, torch.rand(2, 77, 1, generator=generator) + 0.5
    found = mean_restored(states, states[0], weights)
    for own, weighed, w in zip(states, found, weights, strict=True):
        z = own * w
        torch.testing.assert_close(weighed, z * (own.mean() / z.mean()))
        torch.testing.assert_close(weighed.mean(), own.mean())
    torch.testing.assert_close(mean_restored(states, states[0], torch.ones_like(weights)), states)
