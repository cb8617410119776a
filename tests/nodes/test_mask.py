"""Masks: from files and pictures and back, joined, grown, faded."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from engine.diffusion.types import Image, Mask
from engine.files import Library
from nodes import mask as m
from nodes import mask_shape as shape
from tests.nodes.desk import Desk
from tests.nodes.picture_examples import mask, noise, picture

SIDES = st.integers(1, 14)


@pytest.fixture
def bare(tmp_path: Path) -> Desk:
    return Desk(Library({"input": [tmp_path]}))


@pytest.mark.parametrize(("channel", "value"), [("alpha", 1 - 51 / 255), ("red", 1.0), ("green", 0.2), ("blue", 0.0)])
def test_a_channel_of_a_file(tmp_path: Path, bare: Desk, channel: str, value: float) -> None:
    Pil.new("RGBA", (3, 2), (255, 51, 0, 51)).save(tmp_path / "x.png")
    made = m.load_image_mask(image=bare.library.ref("input", "x.png"), channel=channel, context=bare)
    torch.testing.assert_close(made, torch.full((1, 2, 3), value))


def test_a_file_without_alpha_is_nowhere_transparent(tmp_path: Path, bare: Desk) -> None:
    Pil.new("L", (3, 2), 51).save(tmp_path / "x.png")
    ref = bare.library.ref("input", "x.png")
    assert not m.load_image_mask(image=ref, channel="alpha", context=bare).any()
    torch.testing.assert_close(m.load_image_mask(image=ref, channel="blue", context=bare), torch.full((1, 2, 3), 0.2))


@pytest.mark.parametrize("channel", ["red", "green", "blue"])
def test_a_mask_as_a_picture_comes_back(channel: str) -> None:
    one = mask(2)
    assert torch.equal(m.image_to_mask(image=m.mask_to_image(mask=one), channel=channel), one)


def test_alpha_of_a_picture_without_is_refused_in_a_sentence() -> None:
    assert torch.equal(m.image_to_mask(image=picture(channels=4), channel="alpha"), picture(channels=4)[..., 3])
    with pytest.raises(ValueError, match="has 3 channels and no alpha; take another channel"):
        m.image_to_mask(image=picture(), channel="alpha")


def test_one_exact_colour() -> None:
    image = Image(torch.tensor([[[255, 128, 0], [255, 128, 1], [254, 128, 0]]])[None] / 255)
    assert m.image_color_to_mask(image=image, color=0xFF8000).tolist() == [[[1.0, 0.0, 0.0]]]
    assert m.image_color_to_mask(image=Image(image * 1.0005), color=0xFF8000).tolist() == [[[1.0, 0.0, 0.0]]]


def test_inverting_thresholds_and_solids() -> None:
    one = mask()
    assert torch.equal(m.invert_mask(mask=m.invert_mask(mask=Mask((one > 0.5).float()))), (one > 0.5).float())
    assert m.threshold_mask(mask=Mask(torch.tensor([[[0.4, 0.5, 0.6]]]))).tolist() == [[[0.0, 0.0, 1.0]]]
    made = m.solid_mask(value=0.25, width=3, height=2)
    assert made.shape == (1, 2, 3)
    assert (made == 0.25).all()


def test_a_preview_is_grey(bare: Desk) -> None:
    shown = m.mask_preview(mask=mask(2), context=bare)
    assert [entry["type"] for entry in shown["images"]] == ["temp", "temp"]


LAWS: dict[str, Callable[[float, float], float]] = {
    "multiply": lambda a, b: a * b,
    "add": lambda a, b: min(a + b, 1),
    "subtract": lambda a, b: max(a - b, 0),
    "and": lambda a, b: float(round(a) and round(b)),
    "or": lambda a, b: float(round(a) or round(b)),
    "xor": lambda a, b: float(round(a) != round(b)),
}


@settings(max_examples=30)
@given(st.sampled_from(sorted(LAWS)), SIDES, SIDES, SIDES, SIDES, st.integers(0, 16), st.integers(0, 16))
def test_masks_join_where_they_meet(operation: str, w1: int, h1: int, w2: int, h2: int, x: int, y: int) -> None:
    below, above = mask(2, h1, w1), mask(1, h2, w2, seed=5)
    made = shape.mask_composite(destination=below, source=above, x=x, y=y, operation=operation)
    for k, i, j in itertools.product(range(2), range(h1), range(w1)):
        law = float(below[k, i, j])
        if 0 <= i - y < h2 and 0 <= j - x < w2:
            law = LAWS[operation](law, float(above[0, i - y, j - x]))
        assert float(made[k, i, j]) == pytest.approx(law, abs=1e-6)


@settings(max_examples=30)
@given(SIDES, SIDES, *[st.integers(0, 20)] * 4)
def test_a_feather_rises_from_each_edge(width: int, height: int, left: int, top: int, right: int, bottom: int) -> None:
    made = shape.feather_mask(mask=Mask(torch.ones(1, height, width)), left=left, top=top, right=right, bottom=bottom)
    for i, j in itertools.product(range(height), range(width)):
        law = 1.0
        for reach, place, size in (
            (left, j, width),
            (right, width - 1 - j, width),
            (top, i, height),
            (bottom, height - 1 - i, height),
        ):
            reach = min(reach, size)
            law *= min((place + 1) / reach, 1) if reach else 1
        assert float(made[0, i, j]) == pytest.approx(law, abs=1e-6)


@settings(max_examples=30)
@given(SIDES, SIDES, st.integers(0, 6), st.booleans(), st.integers(0, 5))
def test_growing_takes_the_largest_within_reach(width: int, height: int, by: int, tapered: bool, seed: int) -> None:
    """Reach is counted in straight steps where corners taper, else in steps of a king."""
    one = mask(1, height, width, seed=seed)
    made = shape.grow_mask(mask=one, expand=by, tapered_corners=tapered)
    rows, columns = torch.arange(height), torch.arange(width)
    for i, j in itertools.product(range(height), range(width)):
        down, across = (rows - i).abs()[:, None], (columns - j).abs()[None]
        within = down + across <= by if tapered else down.maximum(across) <= by
        assert made[0, i, j] == one[0][within].max()


@settings(max_examples=30)
@given(st.integers(-300, 300), st.booleans())
def test_shrinking_is_growing_the_rest(by: int, tapered: bool) -> None:
    one = mask(2, 9, 13)
    made = shape.grow_mask(mask=one, expand=-by, tapered_corners=tapered)
    rest = m.invert_mask(mask=shape.grow_mask(mask=m.invert_mask(mask=one), expand=by, tapered_corners=tapered))
    torch.testing.assert_close(made, rest)


@pytest.mark.parametrize("tapered", [True, False])
def test_growing_in_parts_is_growing_at_once(tapered: bool) -> None:
    """Beyond one part's reach (128), and beyond the picture."""
    one = torch.zeros(1, 300, 40)
    one[0, 10, 5] = 0.7
    made = shape.grow_mask(mask=Mask(one), expand=200, tapered_corners=tapered)
    law = (torch.arange(300) - 10).abs()[:, None] + (torch.arange(40) - 5).abs() * tapered <= 200
    assert torch.equal(made[0], law * 0.7)
    assert (shape.grow_mask(mask=Mask(one), expand=16384, tapered_corners=tapered) == 0.7).all()


def test_growing_by_nothing_is_nothing() -> None:
    one = mask()
    assert shape.grow_mask(mask=one) is one
    empty = Mask(torch.zeros(1, 4, 4))
    assert not shape.grow_mask(mask=empty, expand=3).any()


def test_every_mask_of_a_batch_stands_for_itself() -> None:
    one = Mask((noise(3, 9, 9) > 1).float())
    made = shape.grow_mask(mask=one, expand=2)
    for i in range(3):
        assert torch.equal(made[i], shape.grow_mask(mask=Mask(one[i : i + 1]), expand=2)[0])
