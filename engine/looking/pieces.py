"""Tokens as people read them: the piece of text of each id, its weight and its chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.diffusion.types import Tokens
from engine.models.vocabulary import END_ID, START_ID, TOKENS, token_bytes, token_texts

MARKS = {START_ID: "start", END_ID: "end"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One token: `chunk` and `place` say where in the tokens, `text` is what of the prompt it stands for."""

    id: int
    text: str
    weight: float
    chunk: int
    place: int

    @property
    def mark(self) -> str:
        """Either "start" or "end" for what frames a chunk, "" for text."""
        return MARKS.get(self.id, "")


def pieces(tokens: Tokens, *, padding: bool = False) -> Iterator[Piece]:
    """Every token in order; what fills a chunk up behind its end is left out unless `padding`."""
    for chunk, (ids, weights) in enumerate(zip(tokens.ids, tokens.weights, strict=True)):
        for place, (token, weight) in enumerate(zip(ids, weights, strict=True)):
            yield Piece(token, text_of(token, tokens), weight, chunk, place)
            if token == END_ID and not padding:
                break


def text_of(token: int, tokens: Tokens | None = None) -> str:
    """What an id stands for; a learnt word by its file's name and which of its vectors it is."""
    if 0 <= token < TOKENS:
        return _readable(token)
    learnt = tokens.learnt if tokens is not None else ()
    at = token - TOKENS
    if not 0 <= at < len(learnt):
        return "?"
    source, number = learnt[at]
    return f"embedding:{getattr(source, 'name', source)}[{number}]"


def _readable(token: int) -> str:
    """The text of a token of the vocabulary; one that is a part of a letter as its bytes in hexadecimal: ⟨e1 ba⟩."""
    plain = token_texts()[token]
    return f"⟨{token_bytes()[token].hex(' ')}⟩" if "�" in plain else plain
