"""Statements of lessons 10 to 12: tokens, their vectors, the text transformer."""

from __future__ import annotations

import functools
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open

from engine.training.concepts import CONCEPTS
from tests.lessons.costs import MINI
from tests.lessons.kit import Lessons
from tests.lessons.statements import states

START, END = 49406, 49407


def tokens(lessons: Lessons, text: str) -> list[list[int]]:
    """The ids of each chunk, between its start and its first end."""
    chunks = lessons.value(10, "Two words", {"Two words.text": text}).ids
    assert all(len(chunk) == 77 and chunk[0] == START for chunk in chunks)
    return [list(chunk[1 : chunk.index(END)]) for chunk in chunks]


@functools.cache
def table() -> NDArray[np.float64]:
    """The mini's vectors of all tokens, read from the file."""
    with safe_open(MINI, "pt") as file:
        (name,) = [name for name in file.keys() if name.endswith("token_embedding.weight")]  # noqa: SIM118
        return np.asarray(file.get_tensor(name).to(torch.float64))


def near(a: int, b: int) -> float:
    one, other = table()[a], table()[b]
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


@states(10, "One word is not always one token", "holds", 2, "dreambeach is {:.0f} tokens")
def test_a_word_may_be_several_tokens(lessons: Lessons) -> float:
    return float(len(tokens(lessons, "dreambeach")[0]))


@states(
    10,
    "dream beach and dreambeach differ in beach, since the space before it is part of the token",
    "false",
    1,
    "{:.0f} token differs, and it is dream: CLIP marks the end of a word, so that beach is 2117 in both, and "
    "dream 2984 where the word ends there, 4595 where it goes on",
)
def test_it_is_dream_that_differs(lessons: Lessons) -> float:
    apart, joined = tokens(lessons, "dream beach")[0], tokens(lessons, "dreambeach")[0]
    assert (apart, joined) == ([2984, 2117], [4595, 2117])
    assert tokens(lessons, "  dream    beach ")[0] == apart, "how many spaces does not count"
    return float(sum(a != b for a, b in zip(apart, joined, strict=True)))


@states(
    10,
    "A tokenizer knows only words that it has met",
    "false",
    3,
    "it knows single bytes too, so it reads anything: mèo is {:.0f} tokens, and even a line of random letters is read",
)
def test_any_word_is_read(lessons: Lessons) -> float:
    for text in ("qzxv wkjh", "猫", "😀", "\u0001"):
        assert tokens(lessons, text)[0], text
    return float(len(tokens(lessons, "mèo")[0]))


@states(
    10,
    "A prompt is limited to 75 tokens",
    "holds with a condition",
    2,
    "per chunk: a longer prompt is read in {:.0f} chunks of 75, each between a start and an end",
)
def test_longer_prompts_have_more_chunks(lessons: Lessons) -> float:
    assert [len(chunk) for chunk in tokens(lessons, "cat " * 75)] == [75]
    assert [len(chunk) for chunk in tokens(lessons, "cat " * 76)] == [75, 1]
    return float(len(lessons.value(10, "More than 75 tokens").ids))


@states(
    11,
    "A token's vector has 768 numbers",
    "holds with a condition",
    64,
    "in Stable Diffusion 1's CLIP ViT-L/14; the mini's have {:.0f}",
)
def test_numbers_of_a_vector(lessons: Lessons) -> float:
    vectors = lessons.value(11, "Vectors of prompt 1").vectors
    assert vectors.shape == (1, 77, table().shape[1])
    return float(vectors.shape[-1])


@states(
    11,
    "Each token has a vector of its own",
    "holds with a condition",
    212,
    "if it was trained: the mini's 49,408 tokens have {:.0f} vectors, one of them for all that its captions lack",
)
def test_vectors_are_of_trained_tokens(lessons: Lessons) -> float:
    assert len(table()) == 49_408
    return float(len(np.unique(table(), axis=0)))


@states(
    11,
    "A vector is fixed: it is the same wherever the word stands",
    "holds",
    0,
    "cat as second and as third word: {:.0f} of its numbers differ",
)
def test_a_vector_is_fixed(lessons: Lessons) -> float:
    first, second = lessons.values(11, "Vectors of prompt 1", "Vectors of prompt 2")
    (cat,) = tokens(lessons, "cat")[0]
    assert (first.tokens.ids[0][2], second.tokens.ids[0][3]) == (cat, cat)
    one, other = first.vectors[0, 2].numpy(), second.vectors[0, 3].numpy()
    assert np.allclose(one, table()[cat])
    return float((one != other).sum())


@states(
    11,
    "Words of one meaning have nearly the same vector",
    "holds with a condition",
    0.783,
    "nearer than others: the mini's words for one thing (cat, kitten …) have a mean cosine of {:.2f}, those "
    "for different things 0.04",
    within=0.03,
)
def test_words_of_one_meaning_are_near(lessons: Lessons) -> float:
    names = [[t[0] for n in c.english if len(t := tokens(lessons, n)[0]) == 1] for c in CONCEPTS]
    alike = [near(a, b) for row in names for a, b in combinations(row, 2)]
    apart = [near(a[0], b[0]) for a, b in combinations([row for row in names if row], 2)]
    assert round(float(np.mean(apart)), 2) == 0.04
    (cat,), (kitten,) = tokens(lessons, "cat")[0], tokens(lessons, "kitten")[0]
    _, words, _ = lessons.value(11, "Neighbours of cat")
    assert words[0] == "kitten"
    assert max(range(len(table())), key=lambda i: near(cat, i) if i != cat else -2) == kitten
    return float(np.mean(alike))


@states(
    11,
    "man, gentleman and guy have nearly the same vector",
    "holds with a condition",
    1,
    "in the mini for a wrong reason: it never read them, and all that it never read is one vector (cosine "
    "{:.0f}); ask a full-size checkpoint",
    within=1e-6,
)
def test_words_that_were_never_read(lessons: Lessons) -> float:
    ids = [tokens(lessons, word)[0][0] for word in ("man", "gentleman", "guy", "zebra")]
    return min(near(a, b) for a, b in combinations(ids, 2))


@states(
    12,
    "The transformer works on the vectors further before they are used",
    "holds",
    0.615,
    "yellow behind a fox and yellow behind a sun: cosine 1 before, {:.3f} after",
    within=0.02,
)
def test_a_word_takes_in_its_context(lessons: Lessons) -> float:
    before, after = both(lessons)
    (yellow,) = tokens(lessons, "yellow")[0]
    at = lessons.value(12, "Vectors of the fox").tokens.ids[0].index(yellow)
    assert np.array_equal(before[0][at], before[1][at])
    return float(after[0][at] @ after[1][at] / np.linalg.norm(after[0][at]) / np.linalg.norm(after[1][at]))


@states(
    12,
    "Words of a prompt are read together",
    "holds with a condition",
    0,
    "each takes in only what stands before it: the words before the changed one differ by {:.0f}",
)
def test_a_word_takes_in_only_what_stands_before(lessons: Lessons) -> float:
    before, after = both(lessons)
    changed = np.flatnonzero((before[0] != before[1]).any(1))
    assert list(changed) == [3], "start, emoji, of, and then the changed word"
    assert (after[0][3:] != after[1][3:]).any(1).all(), "down to the last row"
    return float(np.abs(after[0][:3] - after[1][:3]).max())


def both(lessons: Lessons) -> tuple[tuple[NDArray[np.float64], ...], tuple[NDArray[np.float64], ...]]:
    """Rows of both prompts of lesson 12, before the transformer and after it."""
    titles = (
        "Vectors of the fox",
        "Vectors of the sun",
        "After the transformer: fox",
        "After the transformer: sun",
    )
    a, b, c, d = lessons.values(12, *titles)
    before = tuple(np.asarray(e.vectors[0], np.float64) for e in (a, b))
    return before, tuple(np.asarray(cond[0].embeds[0], np.float64) for cond in (c, d))
