"""Captions tell the truth in both languages; the token table holds every token that they use."""

from __future__ import annotations

import re

import numpy as np
import torch

from engine.models.vocabulary import END_ID, START_ID, clip_tokenizer
from engine.training.captions import VIETNAMESE_COLOUR, caption, english, vietnamese, with_article
from engine.training.concepts import CONCEPTS
from engine.training.evaluate import cases
from engine.training.pictures import COLOURS
from engine.training.tokens import TokenRows


def test_concepts_are_distinct() -> None:
    assert len(CONCEPTS) >= 50
    assert len({concept.code for concept in CONCEPTS}) == len(CONCEPTS)
    names = [name for concept in CONCEPTS for name in (*concept.english, *concept.vietnamese)]
    assert len(set(names)) == len(names)


def test_articles() -> None:
    assert [with_article(name) for name in ("apple", "fox", "grapes", "unicorn")] == [
        "an apple",
        "a fox",
        "grapes",
        "a unicorn",
    ]


def test_captions_name_what_is_shown() -> None:
    rng = np.random.default_rng(0)
    fox = next(concept for concept in CONCEPTS if concept.name == "fox")
    for _ in range(50):
        assert re.search(r"\bfox\b.*\bblue\b", english(fox, "flat", "blue", rng))
        told = vietnamese(fox, "3d", "blue", rng)
        assert "cáo" in told
        assert VIETNAMESE_COLOUR["blue"] in told
        assert "a orange" not in english(fox, None, "orange", rng)


def test_one_caption_in_ten_is_empty() -> None:
    rng = np.random.default_rng(1)
    empty = sum(caption(3, "flat", "red", rng) == "" for _ in range(4000)) / 4000
    assert 0.08 < empty < 0.12


def test_every_caption_is_covered_by_the_rows() -> None:
    rows, rng = TokenRows.of_captions(), np.random.default_rng(2)
    known = set(rows.ids)
    for index in range(300):
        text = caption(index % len(CONCEPTS), ("flat", "3d")[index % 2], list(COLOURS)[index % 10], rng)
        assert set(clip_tokenizer()(text).input_ids) <= known, text
    for case in cases():
        assert set(clip_tokenizer()(case.english).input_ids) <= known, case.english
        assert set(clip_tokenizer()(case.vietnamese).input_ids) <= known, case.vietnamese


def test_short_rows_scatter_back_to_the_full_table() -> None:
    rows = TokenRows.of_captions()
    table = torch.randn(len(rows), 8)
    full = rows.scatter(table)
    assert full.shape == (49408, 8)
    text = "a fox on a blue background"
    ids = clip_tokenizer()(text, padding="max_length").input_ids
    assert torch.equal(full[ids], table[rows.encode([text])[0]])
    assert ids[0] == START_ID
    assert ids[-1] == END_ID


def test_questions_are_fixed() -> None:
    asked = cases()
    assert len(asked) == 100
    assert len({case.concept for case in asked}) == len(CONCEPTS)
    assert [sum(case.colour == colour for case in asked) for colour in COLOURS] == [10] * 10
    assert asked == cases()
