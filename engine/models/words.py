"""The words of a prompt and where their tokens stand among the vectors that the denoiser reads.  Torch-free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from engine.diffusion.types import Tokens
from engine.graph.told import Told, telling
from engine.models.tokens import encode_text
from engine.models.vocabulary import END_ID, LENGTH, START_ID, TOKENS, byte_symbols, token_ids

END_OF_WORD = "</w>"
START, END = "(start)", "(end)"
"""What stands for the tokens that frame a chunk; padding counts as its end."""

MOST_TOLD = 30
"""Words that a message names."""


class WordError(Told):
    """A word is not in a prompt; the text is one sentence."""


@dataclass(frozen=True, slots=True)
class PromptWord:
    """A word and its places: token j of chunk i stands at 77·i + j."""

    text: str
    places: tuple[int, ...]


def words_of(tokens: Tokens) -> tuple[PromptWord, ...]:
    """The words of a prompt in order, each time they occur; punctuation marks and learnt words are words too."""
    return tuple(word for chunk in range(len(tokens.ids)) for word in _words(tokens, chunk))


def frame_of(tokens: Tokens) -> tuple[PromptWord, PromptWord]:
    """What is no word: all start tokens, and all end tokens with the padding behind them."""
    starts = tuple(LENGTH * chunk for chunk in range(len(tokens.ids)))
    ends = tuple(LENGTH * i + j for i, ids in enumerate(tokens.ids) for j in range(_end(ids), len(ids)))
    return PromptWord(START, starts), PromptWord(END, ends)


def find_word(tokens: Tokens, word: str) -> PromptWord:
    """All places of a word, or of several that stand together, wherever they occur; raises WordError.

    A piece of a word is found where it is a token of its own.  "(start)" and "(end)" find what frames the prompt.
    """
    wanted = word.strip()
    for framing in frame_of(tokens):
        if wanted == framing.text:
            return framing
    words = words_of(tokens)
    ids = encode_text(wanted)
    places = tuple(_runs(tokens, ids)) or _named(words, wanted) or _pieces(tokens, wanted)
    if not places:
        raise _missing(wanted, words)
    return PromptWord(wanted, places)


def _missing(wanted: str, words: Sequence[PromptWord]) -> WordError:
    known = list(dict.fromkeys(f'"{word.text}"' for word in words))
    if not known:
        return WordError('"{wanted}" is not in this prompt; it has no words.', wanted=wanted)
    some, more = known[:MOST_TOLD], len(known) - MOST_TOLD
    return WordError(
        '"{wanted}" is not in this prompt; its words are {words}.',
        wanted=wanted,
        words=telling("{names} and {more} more", names=some, more=more) if more > 0 else some,
    )


def _runs(tokens: Tokens, ids: Sequence[int]) -> Iterator[int]:
    """Places of every run of these ids."""
    count = len(ids)
    for chunk, own in enumerate(tokens.ids):
        start = 1
        while count and start + count <= _end(own):
            if tuple(own[start : start + count]) == tuple(ids):
                yield from range(LENGTH * chunk + start, LENGTH * chunk + start + count)
                start += count
            else:
                start += 1


def _named(words: Sequence[PromptWord], wanted: str) -> tuple[int, ...]:
    return tuple(place for word in words if word.text.lower() == wanted.lower() for place in word.places)


def _pieces(tokens: Tokens, wanted: str) -> tuple[int, ...]:
    return tuple(
        LENGTH * i + j
        for i, ids in enumerate(tokens.ids)
        for j in range(1, _end(ids))
        if _text(tokens, [ids[j]]) == wanted.lower()
    )


def _end(ids: Sequence[int]) -> int:
    """Where a chunk's end token stands; its length where it has none."""
    return ids.index(END_ID) if END_ID in ids else len(ids)


def _words(tokens: Tokens, chunk: int) -> Iterator[PromptWord]:
    ids = tokens.ids[chunk]
    word: list[int] = []
    for place in range(int(ids[:1] == (START_ID,)), _end(ids)):
        word.append(place)
        following = ids[place + 1] if place + 1 < len(ids) else END_ID
        if _ends_word(tokens, ids[place], following):
            yield PromptWord(_text(tokens, [ids[p] for p in word]), tuple(LENGTH * chunk + p for p in word))
            word = []


def _ends_word(tokens: Tokens, token: int, following: int) -> bool:
    if token >= TOKENS:
        return following < TOKENS or _learnt(tokens, token) != _learnt(tokens, following) or following != token + 1
    return _symbols()[token].endswith(END_OF_WORD) or following >= TOKENS or following == END_ID


def _learnt(tokens: Tokens, token: int) -> str:
    source = tokens.learnt[token - TOKENS][0]
    return f"embedding:{getattr(source, 'name', source)}"


def _text(tokens: Tokens, ids: Sequence[int]) -> str:
    if ids[0] >= TOKENS:
        return _learnt(tokens, ids[0])
    plain = "".join(_symbols()[token].removesuffix(END_OF_WORD) for token in ids)
    return bytes(_bytes()[symbol] for symbol in plain).decode("utf-8", errors="replace")


@cache
def _symbols() -> tuple[str, ...]:
    return tuple(token_ids())


@cache
def _bytes() -> dict[str, int]:
    return {symbol: byte for byte, symbol in byte_symbols().items()}
