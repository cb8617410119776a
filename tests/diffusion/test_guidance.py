"""Guiders: what they ask for and what they make of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from engine.diffusion.guidance import Cfg, Guidance, Single
from tests.diffusion.tiny import conditioning

X = torch.zeros(1, 4, 4, 4)
POSITIVE, NEGATIVE = conditioning(1.0), conditioning(2.0)
ANSWERS = {"positive": torch.full_like(X, 3.0), "negative": torch.full_like(X, 1.0)}


def ask(guidance: Guidance) -> tuple[Mapping[str, object], Tensor]:
    """The branches asked for, and the guided result."""
    branches = next(guidance)
    with pytest.raises(StopIteration) as end:
        guidance.send({name: ANSWERS[name] for name in branches})
    return {name: branch.conditioning for name, branch in branches.items()}, end.value.value


@pytest.mark.parametrize(("scale", "expected"), [(0.0, 1.0), (0.5, 2.0), (1.0, 3.0), (7.5, 16.0)])
def test_cfg_is_a_line_from_negative_through_positive(scale: float, expected: float) -> None:
    _, clean = ask(Cfg(POSITIVE, NEGATIVE, scale)(X, 1.0))
    assert torch.equal(clean, torch.full_like(X, expected))


def test_cfg_asks_for_both() -> None:
    branches, _ = ask(Cfg(POSITIVE, NEGATIVE, 7.0)(X, 1.0))
    assert branches == {"positive": POSITIVE, "negative": NEGATIVE}


def test_cfg_at_scale_1_asks_for_the_negative_only_if_wanted() -> None:
    skipped, _ = ask(Cfg(POSITIVE, NEGATIVE, 1.0)(X, 1.0))
    wanted, clean = ask(Cfg(POSITIVE, NEGATIVE, 1.0)(X, 1.0, frozenset({"negative"})))
    assert list(skipped) == ["positive"]
    assert list(wanted) == ["positive", "negative"]
    assert torch.equal(clean, ANSWERS["positive"])


def test_single_is_the_positive_alone() -> None:
    branches, clean = ask(Single(POSITIVE)(X, 1.0))
    assert branches == {"positive": POSITIVE}
    assert torch.equal(clean, ANSWERS["positive"])
