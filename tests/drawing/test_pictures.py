"""Labels, grids and heat: what is drawn is where it should be, and the pictures themselves are not changed."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.drawing.boxes import MOST_BOXES, Box, boxes
from engine.drawing.grid import MOST_PIXELS, grid
from engine.drawing.heat import RAMPS, Ramp, coloured, heat, table
from engine.drawing.label import SMALLEST, font, labelled, lines_of, readable, text_size
from engine.drawing.pixels import PAPER, as_pillow, as_tensor, enlarged
from engine.drawing.scale import scale_bar

GROUND = torch.tensor([int(PAPER[at : at + 2], 16) for at in (1, 3, 5)]) / 255


def picture(height: int, width: int, seed: int = 0) -> Tensor:
    """A picture whose colours are whole 255ths, so that drawing it loses nothing."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (height, width, 3), generator=rng) / 255


def same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool(((a - b).abs() < 1e-6).all())


def test_a_picture_survives_the_way_through_pillow() -> None:
    assert same(as_tensor(as_pillow(picture(5, 7))), picture(5, 7))


def test_grey_is_spread_and_what_is_transparent_shows_the_paper() -> None:
    grey = torch.full((2, 3, 1), 0.2)
    assert same(as_tensor(as_pillow(grey)), grey.expand(2, 3, 3))
    clear = torch.cat([picture(2, 3), torch.tensor([[[0.0], [1.0], [0.0]], [[1.0], [0.0], [1.0]]])], -1)
    drawn = as_tensor(as_pillow(clear))
    assert same(drawn[0, 0], GROUND)
    assert same(drawn[0, 1], clear[0, 1, :3])


def test_what_is_no_number_is_black_and_what_is_outside_is_cut() -> None:
    odd = torch.tensor([[[float("nan"), 2.0, -1.0]]])
    assert as_tensor(as_pillow(odd)).tolist() == [[[0.0, 1.0, 0.0]]]


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 100))
def test_enlarging_makes_each_pixel_a_square(height: int, width: int, at_least: int) -> None:
    small = torch.arange(height * width * 3).reshape(height, width, 3).float()
    large = enlarged(small, at_least)
    factor = large.shape[0] // height
    assert max(large.shape[:2]) >= at_least
    assert factor == 1 or max(height, width) * (factor - 1) < at_least
    for row, column in ((0, 0), (height - 1, width - 1)):
        square = large[row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
        assert bool((square == small[row, column]).all())
    assert large.shape == (height * factor, width * factor, 3)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=120), st.integers(30, 300))
def test_a_label_never_goes_beyond_its_width(label: str, width: int) -> None:
    size = text_size([label], width, 24)
    lines = lines_of(label, width, size)
    assert SMALLEST <= size <= 24
    assert len(lines) <= 2
    assert all(font(size).getlength(line) <= width for line in lines if len(line) > 1)


def test_labels_shrink_before_they_are_cut() -> None:
    assert lines_of("nền vàng", 400, text_size(["nền vàng"], 400, 22)) == ["nền vàng"]
    long = "a prompt that is much too long for the place that it has " * 3
    assert lines_of(long, 120, text_size([long], 120, 22))[-1].endswith("…")


def test_the_font_has_every_vietnamese_letter() -> None:
    letters = "ăâđêôơưắằẳẵặấầẩẫậếềểễệốồổỗộớờởỡợứừửữựảạẻẽẹỉĩịỏõọủũụỷỹỵ"
    missing = bytes(font(32).getmask("\U0010fffe"))
    assert [letter for letter in letters + letters.upper() if bytes(font(32).getmask(letter)) == missing] == []


@pytest.mark.parametrize("width", [320, 640, 2000])
def test_text_is_eleven_pixels_high_where_the_picture_is_320_wide(width: int) -> None:
    assert readable(width) * 320 / width >= 11


def test_labelled_pictures_keep_their_pixels() -> None:
    both = torch.stack([picture(40, 200), picture(40, 200, 1)])
    made = labelled(both, ["con cáo", "fox"])
    assert made.shape[0] == 2
    assert made.shape[1] > 40
    assert same(made[:, :40], both)
    below = made[:, 40:]
    assert all(bool((half < 0.5).any()) for half in below), "no text below"
    assert not same(below[0], below[1])
    assert same(labelled(both, []), both)


def test_cells_of_a_grid_hold_their_pictures_in_order() -> None:
    shown = [picture(20, 30, seed) for seed in range(5)]
    made = grid(shown, 2)[0]
    assert made.shape == (3 * 20 + 2 * 2, 2 * 30 + 2, 3)
    for index, one in enumerate(shown):
        row, column = divmod(index, 2)
        assert same(made[row * 22 : row * 22 + 20, column * 32 : column * 32 + 30], one)
    assert same(made[44:, 32:], GROUND.expand(20, 30, 3))


@given(st.integers(1, 40), st.integers(0, 60))
def test_a_grid_has_as_many_columns_as_asked_and_is_square_otherwise(count: int, columns: int) -> None:
    across = grid([torch.zeros(1, 1, 3)] * count, columns).shape[2]
    found = (across + 2) // 3
    assert found == min(columns, count) if columns else (found - 1) ** 2 < count <= found**2


def test_smaller_pictures_stand_in_the_middle_of_their_cell() -> None:
    made = grid([picture(40, 40), picture(20, 10, 1)], 2)[0]
    assert same(made[10:30, 42 + 15 : 42 + 25], picture(20, 10, 1))
    assert same(made[:10, 42:], GROUND.expand(10, 40, 3))


def test_names_stand_over_columns_and_beside_rows() -> None:
    shown = [picture(60, 60, seed) for seed in range(4)]
    bare = grid(shown, 2)[0]
    named = grid(shown, 2, row_labels=["steps 5", "steps 20"], column_labels=["cfg 1", "cfg 4"])[0]
    above, beside = named.shape[0] - bare.shape[0], named.shape[1] - bare.shape[1]
    assert beside == 60
    assert above > 0
    assert same(named[above:, beside:], bare)
    assert bool((named[:above, beside : beside + 60] < 0.5).any())
    assert bool((named[above : above + 60, :beside] < 0.5).any())
    assert same(named[:above, :beside], GROUND.expand(above, beside, 3))


def test_a_grid_of_nothing_or_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        grid([])
    wide = torch.zeros(1, 1, 3).expand(4000, 4000, 3)
    with pytest.raises(ValueError, match=f"{MOST_PIXELS // 1_000_000} million"):
        grid([wide] * 9)


@pytest.mark.parametrize("ramp", RAMPS)
def test_ends_of_a_ramp_are_its_first_and_last_colour(ramp: Ramp) -> None:
    made = coloured(torch.tensor([[-5.0, -1.0, 3.0, 9.0]]), -1.0, 3.0, ramp)
    colours = table(ramp)
    assert torch.equal(made[0, [0, 1]], colours[[0, 0]])
    assert torch.equal(made[0, [2, 3]], colours[[255, 255]])


def test_zero_of_a_signed_ramp_is_nearly_white_between_blue_and_red() -> None:
    low, middle, high = coloured(torch.tensor([[-1.0, 0.0, 1.0]]), -1.0, 1.0, "signed")[0]
    assert bool((middle > 0.95).all())
    assert low[2] > low[0]
    assert high[0] > high[2]


def test_the_ramp_of_heat_grows_brighter_all_the_way() -> None:
    brightness = (table("heat") * torch.tensor([0.2126, 0.7152, 0.0722])).sum(-1)
    assert bool((brightness.diff() > -1e-3).all())


def test_heat_is_brightest_where_the_map_is() -> None:
    base = torch.full((32, 48, 3), 0.3)
    map = torch.zeros(4, 6)
    map[1, 4] = 7.0
    made = heat(base, map).sum(-1)
    row, column = divmod(int(made.argmax()), 48)
    assert made.shape == (32, 48)
    assert (row // 8, column // 8) == (1, 4)
    assert float(made[30, 2]) < float(made[row, column]) / 2


def test_heat_of_nothing_lights_nothing() -> None:
    made = heat(picture(8, 8), torch.zeros(2, 2))
    assert bool((made <= picture(8, 8).max()).all())
    assert bool(made.isfinite().all())
    assert bool(heat(picture(8, 8), torch.full((2, 2), float("nan"))).isfinite().all())


@pytest.mark.parametrize("width", [128, 652, 2000])
def test_a_bar_of_colours_ends_with_its_ramp(width: int) -> None:
    bar = scale_bar(width, ("-2", "0", "2"))
    assert bar.shape[1] == width
    row = bar[bar.shape[0] // 4]
    inked = ((row - GROUND).abs().sum(-1) > 0.02).nonzero().flatten()
    colours = table("signed")
    assert torch.allclose(row[inked[0]], colours[0], atol=0.05)
    assert torch.allclose(row[inked[-1]], colours[-1], atol=0.05)


def test_boxes_wrap_and_are_bounded() -> None:
    few = boxes([("", [Box("fox", "1")] * 3)])
    many = boxes([("", [Box("fox", "1")] * 60)])
    assert few.shape[2] == many.shape[2] == 640
    assert many.shape[1] > 2 * few.shape[1]
    most = boxes([("", [Box("a")] * MOST_BOXES), ("", [Box("b")] * 500)])
    assert most.shape[1] == boxes([("", [Box("a")] * MOST_BOXES)]).shape[1]
