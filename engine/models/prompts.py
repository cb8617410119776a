"""Prompts for a model with one text encoder or with two: each reads its own tokens, and what they say is joined."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from engine.diffusion.types import Cond, Embeds, Tokens
from engine.files import FileRef
from engine.models.embeddings import read_vectors
from engine.models.header import ModelFileError
from engine.models.text import PromptError
from engine.models.text_encoder import Learnt, TextEncoder, Weigh, from_empty, no_learnt
from engine.models.tokens import empty_chunk


def reader(path: Callable[[FileRef], Path]) -> Learnt:
    """Reads the vectors of learnt words, each file once; `path` finds the file."""

    @cache
    def read(file: Hashable, width: int) -> Tensor:
        try:
            return read_vectors(path(cast(FileRef, file)), width)
        except ModelFileError as error:
            raise PromptError.of(error) from None

    return read


def embed(encoders: Sequence[TextEncoder], tokens: Tokens, learnt: Learnt = no_learnt) -> Embeds:
    """Vectors [chunks, 77, D] of the same tokens for all encoders, one behind the other in D; raises PromptError."""
    made = [encoder.embed(tokens, learnt) for encoder in encoders]
    return made[0] if len(made) == 1 else Embeds(torch.cat([one.vectors for one in made], dim=-1), made[0].tokens)


def transform(encoders: Sequence[TextEncoder], embeds: Embeds, layer: int | None = None) -> Cond:
    """The conditioning of vectors that `embed` made with the same encoders; raises PromptError for others."""
    widths = [encoder.width for encoder in encoders]
    if embeds.vectors.shape[-1] != sum(widths):
        raise PromptError(
            "Token vectors {shape} are not of this text encoder (width {width}).",
            shape=str(list(embeds.vectors.shape)),
            width=sum(widths),
        )
    own = torch.split(embeds.vectors, widths, dim=-1)
    parts = zip(encoders, own, strict=True)
    return joined([encoder.transform(Embeds(vectors, embeds.tokens), layer) for encoder, vectors in parts])


def encode(
    encoders: Sequence[TextEncoder],
    tokens: Sequence[Tokens],
    layer: int | None = None,
    learnt: Learnt = no_learnt,
    weigh: Weigh = from_empty,
) -> Cond:
    """The conditioning of a prompt, or of a prompt for each encoder: the shorter is filled up with empty chunks.

    embeds [1, T, D], D the encoders' widths together; pooled [1, D'] of the last one.  Raises PromptError.
    """
    each = levelled(tokens if len(tokens) == len(encoders) else [tokens[0]] * len(encoders))
    parts = zip(encoders, each, strict=True)
    return joined([encoder.transform(encoder.embed(own, learnt), layer, weigh) for encoder, own in parts])


def joined(conds: Sequence[Cond]) -> Cond:
    """What several encoders say of a prompt, as one; the last one's pooled vector counts."""
    return conds[0] if len(conds) == 1 else Cond(torch.cat([cond.embeds for cond in conds], dim=-1), conds[-1].pooled)


def levelled(tokens: Sequence[Tokens]) -> list[Tokens]:
    """All as long as the longest."""
    longest = max(len(one.ids) for one in tokens)
    return [_filled(one, longest - len(one.ids)) for one in tokens]


def _filled(tokens: Tokens, chunks: int) -> Tokens:
    chunk = empty_chunk(tokens.ids[0][-1])
    ids, weights = (chunk,) * chunks, ((1.0,) * len(chunk),) * chunks
    return replace(tokens, ids=tokens.ids + ids, weights=tokens.weights + weights)
