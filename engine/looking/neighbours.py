"""Which tokens lie nearest to a vector in a text encoder's table, by the cosine of the angle between them."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from engine.models.vocabulary import TOKENS, token_ids

if TYPE_CHECKING:
    from torch import Tensor

CHUNK = 4096
"""Rows of the table that are read at a time."""
SHARED = 64
"""If this many tokens lie in exactly the same direction, they were never trained."""


class Near(NamedTuple):
    """A token and the cosine between its vector and the one that was asked for."""

    id: int
    cosine: float


class Neighbours(NamedTuple):
    """The nearest tokens, the nearest first, and how many were left out because they share one direction."""

    near: list[Near]
    untrained: int


def neighbours(table: Tensor, vector: Tensor, count: int, without: Collection[int] = ()) -> Neighbours:
    """The `count` rows of `table` [tokens, D] nearest to `vector` [D], without the ids `without`; ties by id."""
    import torch

    cosines = torch.cat([_cosines(table[at : at + CHUNK], vector) for at in range(0, len(table), CHUNK)])
    values, counts = torch.unique(cosines, return_counts=True)
    common = counts.argmax()
    shared = cosines == values[common] if counts[common] >= SHARED else torch.zeros_like(cosines, dtype=torch.bool)
    order = torch.sort(cosines, descending=True, stable=True).indices.tolist()
    kept = [index for index in order if not shared[index] and index not in without]
    return Neighbours([Near(index, float(cosines[index])) for index in kept[:count]], int(shared.sum()))


def _cosines(rows: Tensor, vector: Tensor) -> Tensor:
    """Row by row, so that equal rows give equal numbers."""
    rows = rows.detach().double().cpu()
    own = vector.detach().double().cpu()
    lengths = (rows * rows).sum(-1).sqrt() * (own * own).sum().sqrt()
    return ((rows * own).sum(-1) / lengths.clamp(min=1e-30)).float()


def name_of(token: int) -> str:
    """A token's text; one that does not end a word is followed by a hyphen."""
    from engine.looking.pieces import text_of

    plain = text_of(token)
    return plain if token in _endings() or token >= TOKENS - 2 else f"{plain}-"


@cache
def _endings() -> frozenset[int]:
    return frozenset(index for name, index in token_ids().items() if name.endswith("</w>"))
