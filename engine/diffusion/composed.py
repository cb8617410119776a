"""Composed prompts: several terms, each guided on its own (Liu et al. 2022, "Compositional visual generation")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from engine.diffusion.types import Cond, Conditioning

if TYPE_CHECKING:
    from torch import Tensor

Terms = Mapping[str, tuple[Conditioning, float]]


def terms(positive: Conditioning) -> Terms:
    """The terms of a conditioning, each with its weight, by the names of their branches; one "positive" if plain.

    Entries that belong to no term are a term of weight 1 together.
    """
    found: dict[tuple[int, float], list[Cond]] = {}
    for cond in positive:
        found.setdefault(cond.term or (0, 1.0), []).append(cond)
    rows = [(Conditioning(tuple(conds)), weight) for (_, weight), conds in sorted(found.items(), key=lambda i: i[0])]
    names = ("positive", *(f"positive {i + 1}" for i in range(1, len(rows))))
    return dict(zip(names, rows, strict=True)) if rows else {"positive": (positive, 1.0)}


def is_plain(found: Terms) -> bool:
    """Whether there is but one term, of weight 1."""
    return len(found) == 1 and found["positive"][1] == 1.0


def composed(clean: Mapping[str, Tensor], found: Terms) -> Tensor:
    """What stands for the positive's answer: negative + sum of weight · (term - negative)."""
    base = clean["negative"]
    total = base
    for name, (_, weight) in found.items():
        total = total + (clean[name] - base) * weight
    return total
