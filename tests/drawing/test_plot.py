"""Plots: no global state, the same bits from any thread, and bars as long as their numbers."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import pytest
import torch
from torch import Tensor

from engine.drawing.pixels import PAPER, SERIES
from engine.drawing.plot import Curve, bars, curves, figure

FALL = Curve("normal", [0, 1, 2, 3], [14.6, 5.0, 1.0, 0.0], dots=True)


def rgb(colour: str) -> Tensor:
    return torch.tensor([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255


def inked(picture: Tensor, colour: str) -> Tensor:
    """Where a picture [H, W, 3] has exactly this colour."""
    return ((picture - rgb(colour)).abs() < 1e-3).all(-1)


def test_a_plot_touches_no_global_state_of_matplotlib() -> None:
    code = (
        "import sys; from engine.drawing.plot import Curve, curves\n"
        "import matplotlib; before = matplotlib.rcParams.copy()\n"
        "curves([Curve('a', [0, 1], [1, 2])], 'x', 'y')\n"
        "print('matplotlib.pyplot' in sys.modules, matplotlib.rcParams.copy() == before)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]


def test_figures_have_the_size_that_is_asked() -> None:
    made = figure(lambda axes: None, 333, 200)
    assert made.shape == (1, 200, 333, 3)
    assert torch.allclose(made[0, 0, 0], rgb(PAPER), atol=1e-3)


def test_threads_draw_the_same_bits() -> None:
    alone = curves([FALL], "sampler step", "sigma")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: curves([FALL], "sampler step", "sigma"), range(6)))
    assert all(torch.equal(one, alone) for one in made)


def test_each_curve_has_a_colour_of_its_own_even_when_there_are_many() -> None:
    made = curves([Curve(f"n{i}", [0, 1], [i, i]) for i in range(len(SERIES))], "x", "y")[0]
    assert all(bool(inked(made, colour).any()) for colour in SERIES)
    assert curves([Curve(f"n{i}", [0, 1], [i, i]) for i in range(20)]).shape[-1] == 3


def test_a_falling_curve_falls() -> None:
    made = inked(curves([Curve("", [0, 1], [1.0, 0.0])])[0], SERIES[0]).nonzero()
    left, right = made[made[:, 1].argmin()], made[made[:, 1].argmax()]
    assert left[0] < right[0]


def test_a_logarithmic_plot_takes_zero() -> None:
    assert not torch.equal(curves([FALL], log=True), curves([FALL]))


@pytest.mark.parametrize("values", [[0.5, 0.25, 1.0], [3.0, 1.0, 2.0]])
def test_bars_are_as_long_as_their_numbers(values: list[float]) -> None:
    rows = inked(bars(["fox", "con cáo", "nền"], values)[0], SERIES[0]).sum(1).tolist()
    found = [max(part) for filled, part in groupby(rows, bool) if filled]
    assert len(found) == 3
    for length, value in zip(found, values, strict=True):
        assert length / found[0] == pytest.approx(value / values[0], abs=0.03)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["$", "$a$", "\\$x$y$", "狐", "🦊", "a\nb", "\ud800", "e\u0302\u0301"])
def test_names_are_written_as_they_are(name: str) -> None:
    made = bars([name], [1.0])
    assert not torch.equal(made, bars([""], [1.0]))
    assert curves([Curve(name, [0, 1], [0, 1])], name, name).shape[0] == 1


def test_one_bar_is_marked() -> None:
    made = bars(["a", "b"], [1.0, 1.0], marked=1)[0]
    blue, red = (inked(made, colour).any(1).nonzero().flatten() for colour in SERIES[:2])
    assert blue.max() < red.min()


def test_no_bars_and_nothing_but_zeros_are_drawn_too() -> None:
    assert bars([], []).shape[0] == 1
    assert bars(["a"], [0.0]).shape[0] == 1
    assert bars(["a", "b"], [-1.0, 0.5]).shape[0] == 1
