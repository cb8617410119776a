"""Tokens as people read them, and which words a text encoder holds to be alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine.diffusion.types import Image, Tokens
from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Range
from engine.graph.told import Told
from engine.looking.numbers import short
from engine.looking.pieces import Piece, pieces
from engine.models.handle import Clip
from engine.models.mentions import Embeddings
from engine.models.vocabulary import TOKENS
from nodes.prompt import prompted, tokens_of

if TYPE_CHECKING:
    from engine.drawing.boxes import Box
    from engine.looking.neighbours import Neighbours

CATEGORY = "inspect"


class Shown(NamedTuple):
    """Tokens as a picture and in words."""

    image: Image
    text: str
    ui: Ui


@node("ShowTokens", kind="sink", category=CATEGORY, label="Show Tokens")
def show_tokens(*, tokens: Tokens) -> Shown:
    """Show into which tokens a prompt was cut: each with its number in the vocabulary, its weight and its chunk.

    Args:
        tokens: The tokens, as CLIP Tokenize gives them; what fills a chunk up behind its end is only counted.

    Returns:
        image: The tokens in boxes, chunk by chunk.
        text: The tokens one a line.
    """
    from engine.drawing.boxes import boxes

    shown = list(pieces(tokens))
    chunks = [(number, list(group)) for number, group in groupby(shown, lambda piece: piece.chunk)]
    picture = boxes([(_heading(tokens, n, group), [_box(piece) for piece in group]) for n, group in chunks])
    lines = [line for n, group in chunks for line in (_heading(tokens, n, group), *map(_line, group))]
    told = "\n".join(lines)
    return Shown(Image(picture), told, Ui({"text": [told]}))


def _heading(tokens: Tokens, number: int, group: list[Piece]) -> str:
    words = sum(not piece.mark for piece in group)
    room = len(tokens.ids[number]) - 2
    return f"chunk {number + 1} of {len(tokens.ids)}: {words} of {room} tokens"


def _box(piece: Piece) -> Box:
    from engine.drawing.boxes import Box

    text = piece.mark or piece.text
    return Box(f"{text} ×{short(piece.weight)}" if piece.weight != 1 else text, str(piece.id), bool(piece.mark))


def _line(piece: Piece) -> str:
    weight = f" × {short(piece.weight)}" if piece.weight != 1 else ""
    return f"{piece.id:>6}  {piece.mark or piece.text}{weight}"


class NearestWords(NamedTuple):
    """The neighbours of a word."""

    text: str
    words: list[str]
    image: Image
    ui: Ui


def near(known: Known) -> Sequence[Facts]:
    """Nothing is known of the outputs; a learnt word must be there, for this encoder."""
    prompted("word")(known)
    return ({}, {}, {})


@node("NearestTokens", kind="sink", runs_on="device", category=CATEGORY, label="Nearest Tokens", facts=near)
def nearest_tokens(
    *,
    clip: Clip,
    word: Annotated[str, Embeddings()] = "fox",
    count: Annotated[int, Range(1, 100)] = 10,
    context: Context,
) -> NearestWords:
    """Find the tokens whose vectors point most nearly where a word's does, in the table before the transformer.

    Args:
        clip: The text encoder whose table is searched; of two encoders, the first.
        word: The word; of several tokens the mean of their vectors is taken. embedding:name is a learnt word.
        count: How many neighbours to tell.

    Returns:
        text: The neighbours with their cosines: 1 is the same direction, 0 none in common.
        words: The neighbours, the nearest first; one that ends with a hyphen is the beginning of words.
        image: The cosines as bars.
    """
    from engine.drawing.plot import bars
    from engine.looking.neighbours import name_of, neighbours
    from engine.models.prompts import reader

    tokens = tokens_of(word, clip, context)
    own = [piece for piece in pieces(tokens) if not piece.mark]
    if not own:
        raise Told("There is no word to look for: type one, such as fox.")
    with context.lease(clip.handles[0]) as (encoder,):
        vectors = encoder.embed(tokens, reader(context.path)).vectors
        vector = sum(vectors[piece.chunk, piece.place] for piece in own) / len(own)
        found = neighbours(encoder.table, vector, count, {piece.id for piece in own})
    names = [name_of(near.id) for near in found.near]
    lines = [f"{near.cosine:.4f}  {name}  ({near.id})" for near, name in zip(found.near, names, strict=True)]
    told = "\n".join([_asked(word, own), *lines, *_left_out(found)])
    picture = bars(names, [near.cosine for near in found.near], form="{:.3f}")
    return NearestWords(told, names, Image(picture), Ui({"text": [told]}))


def _asked(word: str, own: list[Piece]) -> str:
    if len(own) == 1:
        return f"{word.strip()} is one token ({own[0].id}); nearest to it, by cosine:"
    cut = " · ".join(piece.text for piece in own)
    return f"{word.strip()} is {len(own)} tokens ({cut}); nearest to their mean, by cosine:"


def _left_out(found: Neighbours) -> list[str]:
    if not found.untrained:
        return []
    return [f"{found.untrained} of {TOKENS} tokens share one direction: they were never trained, and are left out."]
