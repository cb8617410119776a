"""Prompts as AUTOMATIC1111's program means them: weights, BREAK, AND, schedules, and where chunks are cut.  Torch-free.

`(words)` weighs 1.1 times what is around it, `[words]` that much less, `(words:1.3)` 1.3 times; `\\(` is a plain
parenthesis.  `[a:b:x]` is a up to step x and then b, `[b:x]` begins and `[a::x]` ends there; x with a point is a share
of the steps.  `[a|b]` is a and b in turn, step by step.  `BREAK` begins a new chunk.  `a AND b :0.5` are two prompts,
each with its weight.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from engine.diffusion.types import Tokens
from engine.models.text import Find, Weighted, split_words, unknown
from engine.models.vocabulary import TOKENS

EMPHASIS = 1.1
BACKTRACK = 20
"""At the end of a chunk the words after the last comma go into the next, if they are at most so many tokens."""

COMMA_ID = 267
MAX_NESTING = 64
"""Brackets nested deeper are plain text."""

HEAVIEST = 1e6
"""Brackets multiply weights no further."""

Run = Sequence[tuple[int, float]] | None
"""Tokens with weights that follow one another; None is BREAK."""

_SYMBOLS = re.compile(r"\\[()\[\]\\]|\\|[(\[)\]]|:\s*[+-]?[.\d]+\s*\)|[^\\()\[\]:]+|:")
_BREAK = re.compile(r"\s*\bBREAK\b\s*")
_AND = re.compile(r"\bAND\b")
_WEIGHT = re.compile(r":\s*([-+]?(?:\d+\.?|\d*\.\d+))\s*\Z")
_PIECES = re.compile(r"\\.|[\[\]():|]|[^\\\[\]():|]+|\\", re.DOTALL)
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")


def weigh(text: str) -> tuple[Weighted | None, ...]:
    """The pieces of a prompt in order, each with its weight; None where a new chunk begins (BREAK).

    Weights of nested brackets are multiplied; brackets that are never closed reach to the end.
    """
    found: list[tuple[str | None, float]] = []
    opened: dict[str, list[int]] = {"(": [], "[": []}

    def close(bracket: str, factor: float) -> None:
        start = opened[bracket].pop()
        found[start:] = [(piece, _bounded(weight * factor)) for piece, weight in found[start:]]

    for symbol in _SYMBOLS.findall(text):
        number = _explicit(symbol)
        if symbol in opened and len(opened[symbol]) < MAX_NESTING:
            opened[symbol].append(len(found))
        elif number is not None and opened["("]:
            close("(", number)
        elif symbol[-1] == ")" and symbol[0] in ":)" and opened["("]:
            found += [(symbol[:-1], 1.0)] if len(symbol) > 1 else []
            close("(", EMPHASIS)
        elif symbol == "]" and opened["["]:
            close("[", 1 / EMPHASIS)
        else:
            found += _words(symbol)
    for bracket, factor in (("(", EMPHASIS), ("[", 1 / EMPHASIS)):
        while opened[bracket]:
            close(bracket, factor)
    return tuple(_merged(found))


def _bounded(weight: float) -> float:
    return max(-HEAVIEST, min(HEAVIEST, weight))


def _explicit(symbol: str) -> float | None:
    """The number in `:1.3)`; None for anything else."""
    if symbol[0] != ":" or symbol[-1] != ")":
        return None
    try:
        number = float(symbol[1:-1])
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _words(symbol: str) -> Iterator[tuple[str | None, float]]:
    if symbol[0] == "\\" and len(symbol) == 2:
        yield symbol[1], 1.0
        return
    for i, part in enumerate(_BREAK.split(symbol)):
        if i:
            yield None, 1.0
        if part:
            yield part, 1.0


def _merged(found: Iterable[tuple[str | None, float]]) -> Iterator[Weighted | None]:
    """Neighbours of the same weight as one."""
    last: Weighted | None = None
    for text, weight in found:
        if last is not None and text is not None and last.weight == weight:
            last = Weighted(last.text + text, weight)
            continue
        if last is not None:
            yield last
        last = None if text is None else Weighted(text, weight)
        if text is None:
            yield None
    if last is not None:
        yield last


@dataclass(frozen=True, slots=True)
class Term:
    """One of the prompts that AND joins, and its weight."""

    text: str
    weight: float = 1.0


def terms(prompt: str) -> tuple[Term, ...]:
    """The prompts that AND joins; `:weight` at the end of one is its weight."""
    return tuple(_term(part) for part in _AND.split(prompt))


def _term(part: str) -> Term:
    found = _WEIGHT.search(part)
    return Term(part.strip()) if found is None else Term(part[: found.start()].strip(), float(found[1]))


@dataclass(slots=True)
class _Frame:
    """An open bracket: the parts inside, and what divides them."""

    bracket: str
    parts: list[list[_Piece]] = field(default_factory=lambda: [[]])
    dividers: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Change:
    """`[before:after:when]`, `when` in steps."""

    before: tuple[_Piece, ...]
    after: tuple[_Piece, ...]
    when: int

    def at(self, step: int) -> tuple[_Piece, ...]:
        return self.before if step <= self.when else self.after


@dataclass(frozen=True, slots=True)
class _Turns:
    """`[a|b|…]`."""

    options: tuple[tuple[_Piece, ...], ...]

    def at(self, step: int) -> tuple[_Piece, ...]:
        return self.options[(step - 1) % len(self.options)]


_Piece = str | _Change | _Turns


def schedule(prompt: str, steps: int) -> tuple[tuple[int, str], ...]:
    """(last step, text) of each stretch of steps in which the prompt stays the same; the last one ends at `steps`."""
    pieces = _tree(prompt, steps)
    ends = _ends(pieces, steps)
    found: list[tuple[int, str]] = []
    for end in ends:
        text = _text(pieces, end)
        if found and found[-1][1] == text:
            found.pop()
        found.append((end, text))
    return tuple(found)


def _tree(prompt: str, steps: int) -> tuple[_Piece, ...]:
    stack = [_Frame("")]
    for symbol in _PIECES.findall(prompt):
        top = stack[-1]
        if symbol in "[(" and len(stack) <= MAX_NESTING:
            stack.append(_Frame(symbol))
        elif symbol in ":|" and top.bracket == "[":
            top.dividers.append(symbol)
            top.parts.append([])
        elif (top.bracket, symbol) in (("[", "]"), ("(", ")")):
            stack.pop()
            stack[-1].parts[-1] += _closed(top, symbol, steps)
        else:
            top.parts[-1].append(symbol)
    while len(stack) > 1:
        top = stack.pop()
        stack[-1].parts[-1] += _plain(top, "")
    return tuple(stack[0].parts[0])


def _closed(frame: _Frame, end: str, steps: int) -> list[_Piece]:
    """What a closed bracket means: a change, turns, or itself."""
    parts = _by_colon(frame)
    last = "".join(piece for piece in parts[-1] if isinstance(piece, str))
    alone = all(isinstance(piece, str) for piece in parts[-1])
    if len(parts) in (2, 3) and alone and _NUMBER.fullmatch(last):
        return [_Change(parts[0] if len(parts) == 3 else (), parts[-2], _step(last, steps))]
    if frame.dividers and ":" not in frame.dividers:
        return [_Turns(tuple(map(tuple, frame.parts)))]
    return _plain(frame, end)


def _by_colon(frame: _Frame) -> list[tuple[_Piece, ...]]:
    """The parts between colons; what other dividers there are is plain text."""
    parts: list[tuple[_Piece, ...]] = [tuple(frame.parts[0])]
    for divider, part in zip(frame.dividers, frame.parts[1:], strict=True):
        if divider == ":":
            parts.append(tuple(part))
        else:
            parts[-1] = (*parts[-1], divider, *part)
    return parts


def _plain(frame: _Frame, end: str) -> list[_Piece]:
    pieces: list[_Piece] = [frame.bracket]
    for divider, part in zip(("", *frame.dividers), frame.parts, strict=True):
        pieces += [divider, *part]
    return [*pieces, end]


def _step(text: str, steps: int) -> int:
    """A number with a point is a share of the steps."""
    number = float(text)
    if not math.isfinite(number):
        return steps
    return int(min(steps, number * steps if "." in text else number))


def _ends(pieces: Iterable[_Piece], steps: int) -> list[int]:
    """The steps after which something may change, and the last."""
    ends, todo = {steps}, list(pieces)
    while todo:
        match todo.pop():
            case _Change(before, after, when):
                ends |= {when} if 1 <= when < steps else set()
                todo += [*before, *after]
            case _Turns(options):
                ends |= set(range(1, steps))
                todo += [piece for option in options for piece in option]
    return sorted(ends)


def _text(pieces: Sequence[_Piece], step: int) -> str:
    out: list[str] = []
    todo: list[_Piece] = list(reversed(pieces))
    while todo:
        piece = todo.pop()
        if isinstance(piece, str):
            out.append(piece)
        else:
            todo += reversed(piece.at(step))
    return "".join(out)


def tokenize_a1111(
    text: str,
    encode: Callable[[str], Sequence[int]],
    find: Find = unknown,
    *,
    length: int,
    start: int,
    end: int,
    pad: int,
) -> Tokens:
    """Tokens of a prompt without schedules in chunks; raises PromptError for a learnt word that `find` lacks."""
    runs: list[Run] = []
    learnt: list[tuple[Hashable, int]] = []
    whole: set[int] = set()
    for piece in weigh(text):
        if piece is None:
            runs.append(None)
            continue
        for part in split_words(piece.text, find):
            if isinstance(part, str):
                ids: Sequence[int] = encode(part)
            else:
                ids = range(TOKENS + len(learnt), TOKENS + len(learnt) + part.count)
                learnt += [(part.file, row) for row in range(part.count)]
                whole.add(len(runs))
            runs.append([(id, piece.weight) for id in ids])
    chunks = [[(start, 1.0), *chunk, (end, 1.0)] for chunk in _chunks(runs, whole, length - 2)]
    framed = [chunk + [(pad, 1.0)] * (length - len(chunk)) for chunk in chunks]
    return Tokens(
        tuple(tuple(id for id, _ in chunk) for chunk in framed),
        tuple(tuple(weight for _, weight in chunk) for chunk in framed),
        tuple(learnt),
    )


def _chunks(runs: Sequence[Run], whole: set[int], room: int) -> list[list[tuple[int, float]]]:
    """Runs laid into chunks of `room` tokens; runs in `whole` are not cut in two."""
    chunks: list[list[tuple[int, float]]] = [[]]
    comma = -1
    for number, run in enumerate(runs):
        if run is None or (number in whole and len(chunks[-1]) + len(run) > room):
            chunks.append([])
            comma = -1
        for token in run or ():
            chunk = chunks[-1]
            if token[0] == COMMA_ID:
                comma = len(chunk)
            elif len(chunk) == room and comma != -1 and len(chunk) - comma <= BACKTRACK:
                chunks.append(chunk[comma + 1 :])
                del chunk[comma + 1 :]
                comma = -1
            if len(chunks[-1]) == room:
                chunks.append([])
                comma = -1
            chunks[-1].append(token)
    return chunks if len(chunks) == 1 or chunks[-1] else chunks[:-1]
