"""Areas, masks and times of conditionings, as nodes and in the sampler."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.diffusion.predict import combine, evaluations, place
from engine.diffusion.trajectory import sigma_table
from engine.diffusion.types import Area, Cond, Conditioning, Mask, ModelSampling
from nodes import areas
from nodes.conditioning import conditioning_combine
from tests.nodes.picture_examples import noise

TABLE = sigma_table(ModelSampling())
X = noise(1, 4, 16, 24)


def prompt(value: float) -> Conditioning:
    return Conditioning((Cond(torch.full((1, 77, 8), value)),))


def answer(conditioning: Conditioning, x: Tensor = X, sigma: float = 1.0) -> Tensor:
    """The branch's clean latent where each prompt's answer is its own number everywhere that it is asked for."""
    asked = list(evaluations("positive", [place(c, x, TABLE) for c in conditioning], x, sigma, 5.0, "eps"))
    return combine(asked, [e.x * 0 + e.placed.embeds.mean((1, 2))[:, None, None, None] for e in asked], x)


def asked(conditioning: Conditioning, x: Tensor = X) -> list[tuple[int, int, int, int]]:
    """Row, column, height and width of the part that the network is asked about for each entry."""
    placed = [place(c, x, TABLE) for c in conditioning]
    return [
        (p.rows.start, p.columns.start, p.rows.stop - p.rows.start, p.columns.stop - p.columns.start) for p in placed
    ]


def test_pixels_are_cells_of_8() -> None:
    (cond,) = areas.conditioning_set_area(conditioning=prompt(1), width=72, height=64, x=16, y=40, strength=2.0)
    assert cond.area == Area(5, 2, 8, 9)
    assert cond.strength == 2.0
    assert asked(Conditioning((cond,))) == [(5, 2, 8, 9)]


def test_shares_are_of_whatever_is_sampled() -> None:
    area = areas.conditioning_set_area_percentage(conditioning=prompt(1), width=0.5, height=0.25, x=0.25, y=0.5)
    assert asked(area) == [(8, 6, 4, 12)]
    assert asked(area, noise(1, 4, 40, 40)) == [(20, 10, 10, 20)]


def test_an_area_that_reaches_beyond_is_cut_and_one_outside_is_refused() -> None:
    over = areas.conditioning_set_area(conditioning=prompt(1), width=16384, height=16384, x=128, y=0)
    assert asked(over) == [(0, 16, 16, 8)]
    outside = areas.conditioning_set_area(conditioning=prompt(1), x=192, y=0)
    with pytest.raises(ValueError, match="outside the latent"):
        asked(outside)


@settings(max_examples=30)
@given(st.floats(0.1, 5), st.floats(0.1, 5), st.floats(-2, 2), st.floats(-2, 2))
def test_where_prompts_meet_they_are_averaged_by_strength(s: float, t: float, a: float, b: float) -> None:
    first = areas.conditioning_set_area_strength(conditioning=prompt(a), strength=s)
    second = areas.conditioning_set_area_strength(conditioning=prompt(b), strength=t)
    both = conditioning_combine(conditioning_1=first, conditioning_2=second)
    torch.testing.assert_close(answer(both), torch.full_like(X, (s * a + t * b) / (s + t)), rtol=1e-4, atol=1e-5)


@settings(max_examples=30)
@given(
    st.floats(0.1, 5),
    st.floats(0.1, 5),
    st.floats(0.1, 1),
    st.lists(st.floats(0, 1, width=32), min_size=24, max_size=24),
)
def test_masks_and_strengths_are_weights(s: float, t: float, strength: float, weights: list[float]) -> None:
    """The mask's own strength and the conditioning's multiply, cell by cell."""
    line = torch.tensor(weights)
    mask = Mask(line.expand(1, 16, 24).contiguous())
    one = areas.conditioning_set_area_strength(conditioning=prompt(1.0), strength=s)
    one = areas.conditioning_set_mask(conditioning=one, mask=mask, strength=strength)
    two = areas.conditioning_set_area_strength(conditioning=prompt(3.0), strength=t)
    weight = line.double() * s * strength
    law = ((weight + 3 * t) / (weight + t)).float()
    torch.testing.assert_close(answer(Conditioning((*one, *two)))[0, 0, 0], law, rtol=1e-4, atol=1e-4)


def test_two_halves_by_mask_are_two_pictures() -> None:
    left = torch.zeros(1, 128, 192)
    left[..., :96] = 1
    one = areas.conditioning_set_mask(conditioning=prompt(1), mask=Mask(left))
    two = areas.conditioning_set_mask(conditioning=prompt(2), mask=Mask(1 - left))
    out = answer(Conditioning((*one, *two)))
    torch.testing.assert_close(out[..., :12], torch.ones(1, 4, 16, 12))
    torch.testing.assert_close(out[..., 12:], torch.full((1, 4, 16, 12), 2.0))


@pytest.mark.parametrize(
    ("rows", "columns", "seen"),
    [
        (slice(0, 64), slice(64, 160), (0, 8, 8, 12)),
        (slice(0, 8), slice(0, 8), (0, 0, 8, 8)),
        (slice(120, 128), slice(184, 192), (8, 16, 8, 8)),
        (slice(40, 128), slice(0, 192), (5, 0, 11, 24)),
    ],
)
def test_mask_bounds_show_the_network_the_rectangle_around_the_white(
    rows: slice, columns: slice, seen: tuple[int, int, int, int]
) -> None:
    """At least 8 cells a side, moved inside."""
    mask = torch.zeros(1, 128, 192)
    mask[:, rows, columns] = 1
    bound = areas.conditioning_set_mask(conditioning=prompt(1), mask=Mask(mask), set_cond_area="mask bounds")
    free = areas.conditioning_set_mask(conditioning=prompt(1), mask=Mask(mask))
    assert asked(bound) == [seen]
    assert asked(free) == [(0, 0, 16, 24)]
    torch.testing.assert_close(answer(Conditioning((*bound, *prompt(0)))), answer(Conditioning((*free, *prompt(0)))))


@pytest.mark.parametrize("bounds", areas.BOUNDS)
def test_an_empty_mask_is_never_asked(bounds: str) -> None:
    empty = areas.conditioning_set_mask(conditioning=prompt(1), mask=Mask(torch.zeros(1, 9, 9)), set_cond_area=bounds)
    x = [*evaluations("positive", [place(c, X, TABLE) for c in empty], X, 1.0, 5.0, "eps")]
    assert x == []
    torch.testing.assert_close(answer(Conditioning((*empty, *prompt(4)))), torch.full_like(X, 4.0))


def test_an_area_set_later_takes_the_place_of_mask_bounds() -> None:
    mask = torch.zeros(1, 16, 24)
    mask[:, :8, :8] = 1
    bound = areas.conditioning_set_mask(conditioning=prompt(1), mask=Mask(mask), set_cond_area="mask bounds")
    assert asked(areas.conditioning_set_area(conditioning=bound, width=128, height=128)) == [(0, 0, 16, 16)]


@settings(max_examples=30)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.001, 0.999))
def test_times_hold_between_their_ends(start: float, end: float, moment: float) -> None:
    if start > end:
        with pytest.raises(ValueError, match="would never act"):
            areas.conditioning_set_timestep_range(conditioning=prompt(1), start=start, end=end)
        return
    ranged = areas.conditioning_set_timestep_range(conditioning=prompt(1), start=start, end=end)
    sigma = TABLE.at(moment)
    holds = place(ranged[0], X, TABLE).holds(sigma)
    assert holds == (TABLE.at(end) <= sigma <= TABLE.at(start))


def test_two_ranges_that_meet_are_the_whole_way() -> None:
    early = areas.conditioning_set_timestep_range(conditioning=prompt(1), end=0.4)
    late = areas.conditioning_set_timestep_range(conditioning=prompt(2), start=0.4)
    both = Conditioning((*early, *late))
    for share in torch.linspace(0.02, 0.98, 25).tolist():
        out = float(answer(both, sigma=TABLE.at(share)).mean())
        assert out == pytest.approx(1.0 if share < 0.4 else 2.0, abs=1e-6) or abs(share - 0.4) < 1e-6


@pytest.mark.parametrize(
    "change",
    [
        {"fn": areas.conditioning_set_area},
        {"fn": areas.conditioning_set_area_percentage},
        {"fn": areas.conditioning_set_area_strength},
        {"fn": areas.conditioning_set_timestep_range},
        {"fn": areas.conditioning_set_mask, "mask": Mask(torch.ones(1, 2, 2))},
    ],
)
def test_every_entry_is_changed_and_all_else_is_kept(change: dict[str, Any]) -> None:
    pooled = noise(1, 8)
    two = Conditioning((Cond(noise(1, 77, 8), pooled), Cond(noise(1, 154, 8), when=(0.5, 1.0))))
    fn = change.pop("fn")
    made = fn(conditioning=two, **change)
    assert len(made) == 2
    assert made[0].pooled is pooled
    assert [c.embeds.shape[1] for c in made] == [77, 154]
    assert fn(conditioning=Conditioning(()), **change) == ()
