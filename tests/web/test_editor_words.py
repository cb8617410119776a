"""The editor's English words of nodes, and its list of codes, are those of the server as it is."""

from __future__ import annotations

import pytest

from engine.graph.problems import Mend, Problem
from engine.graph.sentences import TABLE, _unknown, sentence, tell
from tests.web import words
from tests.web.told import gaps, said

AGAIN = "python -m tests.web.words writes it anew, then the tests of web/ui say which words are missing"


def test_names_of_nodes_are_up_to_date() -> None:
    assert words.NODES.read_text(encoding="utf-8") == words.names(), AGAIN


def test_codes_are_up_to_date() -> None:
    assert words.CODES.read_text(encoding="utf-8") == words.codes(), AGAIN


def test_sentences_are_up_to_date() -> None:
    assert words.TOLD.read_text(encoding="utf-8") == words.told(), AGAIN


@pytest.mark.parametrize("part", ["engine", "nodes"])
def test_sentences_are_written_out_and_their_values_named(part: str) -> None:
    known = [one for one in said(part) if not one.place.startswith("engine/graph/told.py")]
    assert [one.place for one in known if one.sentence is None] == []
    assert [one.place for one in known if one.sentence is not None and gaps(one.sentence) != one.given] == []


@pytest.mark.parametrize("code", TABLE)
def test_each_example_has_the_args_of_its_sentence(code: str) -> None:
    told = [tell(code, args) for args in words.PROBLEMS[code]]
    assert told
    assert not {_unknown(code, args) for args in words.PROBLEMS[code] if args} & set(told)
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("kind", words.MENDS)
def test_each_mend_can_be_told(kind: str) -> None:
    for args in words.MENDS[kind]:  # type: ignore[index]
        assert sentence(Problem("bad_text", {}, mend=Mend(kind, args)))  # type: ignore[arg-type]
