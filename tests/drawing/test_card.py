"""Cards: a few words in the place of a picture, readable at any size."""

from __future__ import annotations

import pytest
import torch

from engine.drawing.card import card

REASON = "CheckpointLoaderSimple failed: cut.safetensors is damaged or cut short: its end is missing."


def ink(picture: torch.Tensor) -> torch.Tensor:
    """Where something dark is written."""
    return picture.mean(2) < 0.4


@pytest.mark.parametrize(("width", "height"), [(1, 1), (8, 200), (64, 40), (96, 96), (320, 320), (1024, 512)])
@pytest.mark.parametrize("text", ["", "no", REASON, "x" * 5000, "hết bộ nhớ\n\tở bước 3"])
def test_a_card_has_the_size_that_is_asked_for(width: int, height: int, text: str) -> None:
    made = card(text, width, height)
    assert made.shape == (height, width, 3)
    assert 0 <= float(made.min()) <= float(made.max()) <= 1


def test_text_is_as_large_as_it_fits() -> None:
    heights = []
    for text in ("no memory", REASON, REASON * 2):
        rows = ink(card(text, 320, 320)).any(1).nonzero()[:, 0]
        margin = (int(rows[0]), 319 - int(rows[-1]))
        assert min(margin) > 4, "nothing is cut at the edges"
        heights.append(int(rows[-1] - rows[0]))
    assert heights == sorted(heights)
    assert (ink(card("no", 320, 320)).any(1).sum()) > 11, "readable where it is shown smaller too"


def test_other_reasons_are_other_cards() -> None:
    assert not torch.equal(card("no memory", 128, 128), card("no disk", 128, 128))
    assert torch.equal(card(REASON, 128, 128), card(REASON, 128, 128))
