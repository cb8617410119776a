"""Prompts: the weight grammar and the cutting of tokens into chunks, meaning what they mean in ComfyUI.  Torch-free.

`(words)` weighs 1.1 times what is around it, `(words:1.3)` weighs 1.3, `\\(` and `\\)` are plain parentheses, and
`embedding:name` names a learnt word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.diffusion.types import Tokens
from engine.graph.told import Told
from engine.models.vocabulary import END_ID, TOKENS

EMPHASIS = 1.1
MAX_NESTING = 64
"""Parentheses nested deeper are read as plain text."""

MAX_WORD = 7
"""A run of at most this many tokens is not cut in two by the end of a chunk."""

_SYMBOLS = re.compile(r"\\[()]|[()]|(?:[^()\\]|\\(?![()]))+")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
_EMBEDDING = re.compile(r"(?:^|(?<=[ \n]))embedding:(\S*)")
_PUNCTUATION = ".,;:!?"


class PromptError(Told):
    """A prompt cannot be encoded; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class Word:
    """A learnt word: the file that holds it, and how many vectors it has."""

    file: Hashable
    count: int


Find = Callable[[str], Word | None]
"""The learnt word of a name, None where there is none; may raise PromptError."""


def unknown(name: str) -> Word | None:
    """Finds no learnt word."""
    return None


@dataclass(frozen=True, slots=True)
class Weighted:
    """A piece of a prompt and its weight."""

    text: str
    weight: float


def parse(prompt: str) -> tuple[Weighted, ...]:
    """The pieces of a prompt, in order, each with its weight; neighbours are not merged.

    Parentheses that do not match are plain text.  A weight is a finite number; the innermost explicit one counts.
    """
    return tuple(Weighted(_plain(text), weight) for text, weight in _weigh(prompt))


def _weigh(prompt: str) -> Iterator[tuple[str, float]]:
    todo = [(prompt, 1.0, 0)]
    while todo:
        text, weight, depth = todo.pop()
        items = list(_split(text)) if depth < MAX_NESTING else [(text, False)]
        if len(items) == 1 and not items[0][1]:
            yield text, weight
            continue
        todo.extend(
            (*_group(item, weight), depth + 1) if group else (item, weight, MAX_NESTING)
            for item, group in reversed(items)
        )


def _split(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of the outermost level, and whether each is in parentheses.

    A closing parenthesis too many makes the next opening one plain.  An opening one that is never closed takes the
    rest of the text; as a group if that ends with a closing one.
    """
    piece, level = "", 0
    closing = False
    for symbol in _SYMBOLS.findall(text):
        if symbol == "(" and level == 0 and piece:
            yield piece, False
            piece = ""
        level += {"(": 1, ")": -1}.get(symbol, 0)
        piece, closing = piece + symbol, symbol == ")"
        if symbol == ")" and level == 0:
            yield piece, piece.startswith("(")
            piece = ""
    if piece:
        yield piece, closing and len(piece) > 1 and piece.startswith("(")


def _group(item: str, weight: float) -> tuple[str, float]:
    """What stands in the parentheses of a group, and its weight."""
    inner = item[1:-1]
    head, colon, tail = inner.rpartition(":")
    if colon and head and _NUMBER.fullmatch(tail) and math.isfinite(float(tail)):
        return head, float(tail)
    return inner, weight * EMPHASIS


def _plain(text: str) -> str:
    return text.replace("\\(", "(").replace("\\)", ")")


def cut(runs: Iterable[Sequence[tuple[int, float]]], *, length: int, start: int, end: int, pad: int) -> Tokens:
    """Lay runs of (id, weight) into chunks of `length` with start, end and padding.

    A run that does not fit into what is left of a chunk goes whole into the next, unless it has more than `MAX_WORD`
    tokens: then it is cut at the end of the chunk.
    """
    chunks: list[list[tuple[int, float]]] = [[]]
    room = length - 2
    for run in runs:
        rest = list(run)
        while len(chunks[-1]) + len(rest) > room:
            if len(run) > MAX_WORD:
                left = room - len(chunks[-1])
                chunks[-1] += rest[:left]
                rest = rest[left:]
            chunks.append([])
        chunks[-1] += rest
    whole = [_chunk(chunk, length, start, end, pad) for chunk in chunks]
    return Tokens(
        tuple(tuple(token for token, _ in chunk) for chunk in whole),
        tuple(tuple(weight for _, weight in chunk) for chunk in whole),
    )


def _chunk(tokens: list[tuple[int, float]], length: int, start: int, end: int, pad: int) -> list[tuple[int, float]]:
    framed = [(start, 1.0), *tokens, (end, 1.0)]
    return framed + [(pad, 1.0)] * (length - len(framed))


def tokenize(
    prompt: str,
    encode: Callable[[str], Sequence[int]],
    find: Find = unknown,
    *,
    length: int,
    start: int,
    end: int,
    pad: int,
) -> Tokens:
    """Tokens of a prompt in chunks; `encode` gives the ids of plain text without start and end.

    The vectors of a learnt word have ids from TOKENS on, which count through `Tokens.learnt`.  Raises PromptError for
    `embedding:name` where `find` knows no such word.
    """
    runs: list[list[tuple[int, float]]] = []
    learnt: list[tuple[Hashable, int]] = []
    for piece in parse(prompt):
        for part in split_words(piece.text, find):
            if isinstance(part, str):
                ids: Sequence[int] = encode(part)
            else:
                ids = range(TOKENS + len(learnt), TOKENS + len(learnt) + part.count)
                learnt += [(part.file, row) for row in range(part.count)]
            runs.append([(token, piece.weight) for token in ids])
    return replace(cut(runs, length=length, start=start, end=end, pad=pad), learnt=tuple(learnt))


def split_words(text: str, find: Find) -> Iterator[str | Word]:
    """Plain text and learnt words in turn; raises PromptError for a word that `find` does not know."""
    at = 0
    for match in _EMBEDDING.finditer(text):
        word, name = _found(match[1], find)
        if before := text[at : match.start()]:
            yield before
        yield word
        at = match.start(1) + len(name)
    if rest := text[at:]:
        yield rest


def _found(word: str, find: Find) -> tuple[Word, str]:
    """The learnt word, and how much of what follows `embedding:` is its name."""
    for name in candidates(word):
        if (found := find(name)) is not None:
            return found, name
    raise PromptError(
        'The embedding "{word}" was not found; put its file into models/embeddings, or remove '
        '"embedding:" from the prompt.',
        word=word.rstrip(_PUNCTUATION),
    )


def candidates(word: str) -> tuple[str, ...]:
    """What may be the name in the text after `embedding:`, the longest first: punctuation may follow a name."""
    return tuple(dict.fromkeys(name for name in (word, word.rstrip(_PUNCTUATION), word.split(",")[0]) if name))


def named_words(prompt: str) -> tuple[str, ...]:
    """What follows each `embedding:` of a prompt, up to the next space."""
    found = (match[1] for piece in parse(prompt) for match in _EMBEDDING.finditer(piece.text))
    return tuple(dict.fromkeys(found))


def repadded(tokens: Tokens, pad: int) -> Tokens:
    """The same tokens with every chunk filled up with `pad` after its end."""
    return replace(tokens, ids=tuple(_filled(ids, pad) for ids in tokens.ids))


def _filled(ids: tuple[int, ...], pad: int) -> tuple[int, ...]:
    last, kept = ids[-1], len(ids)
    while kept and ids[kept - 1] == last:
        kept -= 1
    if last == END_ID:
        kept += 1
    if not kept or ids[kept - 1] != END_ID:
        return ids
    return (*ids[:kept], *(pad,) * (len(ids) - kept))
