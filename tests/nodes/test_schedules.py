"""Noise levels between two ends."""

from __future__ import annotations

import pytest
import torch

from engine.diffusion.schedules import exponential, karras
from engine.diffusion.trajectory import sigma_table
from engine.diffusion.types import ModelSampling
from nodes.schedules import exponential_scheduler, karras_scheduler

TABLE = sigma_table(ModelSampling())
ENDS = {"sigma_max": TABLE.sigma_max, "sigma_min": TABLE.sigma_min}


@pytest.mark.parametrize("steps", [1, 2, 15, 300])
def test_between_the_models_own_ends_they_are_its_schedules(steps: int) -> None:
    assert karras_scheduler(steps=steps, **ENDS).tolist() == pytest.approx(karras(TABLE, steps), rel=1e-5)
    assert exponential_scheduler(steps=steps, **ENDS).tolist() == pytest.approx(exponential(TABLE, steps), rel=1e-5)


def test_rho_1_takes_equal_portions_and_a_higher_one_more_at_the_beginning() -> None:
    equal = -karras_scheduler(steps=15, rho=1.0).diff()[:-1]
    assert torch.allclose(equal, equal[0].expand(14), rtol=1e-4)
    first = [float(-karras_scheduler(steps=15, rho=rho).diff()[0]) for rho in (1.0, 3.0, 7.0, 50.0)]
    assert first == sorted(first)


@pytest.mark.parametrize("steps", [1, 7])
def test_they_fall_and_end_at_0(steps: int) -> None:
    for sigmas in (karras_scheduler(steps=steps), exponential_scheduler(steps=steps)):
        assert len(sigmas) == steps + 1
        assert sigmas[-1] == 0
        assert (sigmas.diff() < 0).all()


def test_numbers_that_have_no_schedule_are_told() -> None:
    with pytest.raises(ValueError, match="rho is 0"):
        karras_scheduler(rho=0.0)
    with pytest.raises(ValueError, match="above 0"):
        exponential_scheduler(sigma_min=0.0)
