"""Where, when and how strongly conditionings hold, and how their answers are averaged."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.diffusion.predict import combine, evaluations, place, resized_mask
from engine.diffusion.trajectory import sigma_table
from engine.diffusion.types import Area, Cond, ModelSampling

TABLE = sigma_table(ModelSampling())
X = torch.arange(2 * 4 * 32 * 24, dtype=torch.float32).reshape(2, 4, 32, 24)


def answered(*conds: Cond, sigma: float = 1.0) -> Tensor:
    """The branch where each cond's answer is the mean of its vectors."""
    asked = list(evaluations("positive", [place(c, X, TABLE) for c in conds], X, sigma, 5.0, "eps"))
    answers = [e.x * 0 + e.placed.embeds.mean((1, 2))[:, None, None, None] for e in asked]
    return combine(asked, answers, X)


def cond(value: float, **fields: object) -> Cond:
    return Cond(torch.full((1, 77, 8), value), **fields)  # type: ignore[arg-type]


def test_one_cond_is_its_own_answer_whatever_its_strength() -> None:
    assert torch.equal(answered(cond(0.25, strength=0.7)), torch.full_like(X, 0.25))


def test_several_are_averaged_by_strength() -> None:
    out = answered(cond(1.0, strength=1.0), cond(4.0, strength=2.0))
    torch.testing.assert_close(out, torch.full_like(X, 3.0))


def test_strength_0_and_nothing_at_all_give_zero() -> None:
    assert torch.equal(answered(cond(0.3, strength=0.0)), torch.zeros_like(X))
    assert torch.equal(answered(), torch.zeros_like(X))


def test_area_is_cropped_and_the_rest_is_left_to_others() -> None:
    placed = place(cond(1.0, area=Area(0, 0, 16, 24)), X, TABLE)
    (asked,) = evaluations("positive", [placed], X, 1.0, 5.0, "eps")
    assert torch.equal(asked.x, X[:, :, :16])
    out = answered(cond(1.0, area=Area(0, 0, 16, 24)), cond(5.0, area=Area(16, 0, 16, 24)))
    assert torch.allclose(out[:, :, :16], torch.tensor(1.0))
    assert torch.allclose(out[:, :, 16:], torch.tensor(5.0))


def test_area_in_fractions_is_the_same_place() -> None:
    cells = place(cond(1.0, area=Area(8, 6, 16, 12)), X, TABLE)
    fractions = place(cond(1.0, area=Area(0.25, 0.25, 0.5, 0.5, fractions=True)), X, TABLE)
    assert (cells.rows, cells.columns) == (fractions.rows, fractions.columns) == (slice(8, 24), slice(6, 18))


def test_area_fades_at_edges_inside_the_picture_only() -> None:
    placed = place(cond(1.0, area=Area(0, 0, 32, 16)), X, TABLE)
    assert isinstance(placed.weight, Tensor)
    row = placed.weight[0, 0, 0]
    torch.testing.assert_close(row[:12], torch.ones(12))
    torch.testing.assert_close(row[12:], torch.tensor([1.0, 0.75, 0.5, 0.25]))


def test_area_is_cut_at_the_border_and_refused_outside() -> None:
    assert place(cond(1.0, area=Area(24, 0, 100, 100)), X, TABLE).rows == slice(24, 32)
    with pytest.raises(ValueError, match="row 40, column 0, outside the latent of 32 by 24"):
        place(cond(1.0, area=Area(40, 0, 8, 8)), X, TABLE)


def test_mask_weighs_cell_by_cell() -> None:
    left = torch.zeros(1, 32, 24)
    left[:, :, :12] = 1
    out = answered(cond(1.0, mask=left), cond(5.0, mask=1 - left))
    assert torch.allclose(out[..., :12], torch.tensor(1.0))
    assert torch.allclose(out[..., 12:], torch.tensor(5.0))


def test_half_masks_and_strengths_multiply() -> None:
    out = answered(cond(0.0, mask=torch.full((1, 64, 48), 0.5), strength=2.0), cond(3.0, strength=0.5))
    torch.testing.assert_close(out, torch.full_like(X, 1.0))


def test_when_is_a_range_of_sigma() -> None:
    middle = TABLE.at(0.5)
    early, late = cond(1.0, when=(0.0, 0.5)), cond(2.0, when=(0.5, 1.0))
    assert torch.equal(answered(early, late, sigma=middle * 1.01), torch.full_like(X, 1.0))
    assert torch.equal(answered(early, late, sigma=middle * 0.99), torch.full_like(X, 2.0))


def test_one_conditioning_serves_a_batch_and_short_batches_repeat() -> None:
    assert place(cond(1.0), X, TABLE).embeds.shape == (2, 77, 8)
    three = torch.arange(3.0)[:, None, None].expand(3, 77, 8)
    assert place(Cond(three), X, TABLE).embeds[:, 0, 0].tolist() == [0, 1]
    five = X[:1].expand(5, 4, 32, 24)
    assert place(Cond(three), five, TABLE).embeds[:, 0, 0].tolist() == [0, 1, 2, 0, 1]


@pytest.mark.parametrize("shape", [(64, 48), (1, 64, 48), (2, 64, 48), (2, 1, 64, 48), (1, 1, 32, 24)])
def test_masks_of_all_shapes_fit_the_latent(shape: tuple[int, ...]) -> None:
    mask = resized_mask(torch.full(shape, 0.25), X)
    torch.testing.assert_close(mask, torch.full((2, 1, 32, 24), 0.25))
