"""Schedules: what all have in common, and fixed values of each."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.special import betaincinv

from engine.diffusion.names import SAMPLERS, SCHEDULES
from engine.diffusion.schedules import beta_quantile, make_sigmas
from engine.diffusion.trajectory import sigma_table
from engine.diffusion.types import ModelSampling

SD1 = ModelSampling()
MODELS = {
    "sd1": SD1,
    "zsnr": ModelSampling(prediction="v", zsnr=True),
    "flow": ModelSampling(prediction="flow", schedule="flow", shift=3.0),
}

# Five steps on Stable Diffusion 1.
FIXED = {
    "simple": [14.614641, 5.0877632, 2.2764631, 1.1605783, 0.56928489, 0],
    "sgm_uniform": [14.614641, 5.0924076, 2.2797303, 1.1628645, 0.57118887, 0],
    "karras": [14.614641, 4.7965348, 1.2741002, 0.2479499, 0.029167158, 0],
    "exponential": [14.614641, 3.0889768, 0.65289168, 0.13799636, 0.029167158, 0],
    "ddim_uniform": [5.1344311, 2.2928538, 1.168216, 0.57405026, 0.041314412, 0],
    "beta": [14.614641, 7.3718441, 2.6152358, 1.0273293, 0.39550969, 0],
    "normal": [14.614641, 4.0860811, 1.6155803, 0.69514952, 0.029167158, 0],
    "linear_quadratic": [14.614641, 14.431958, 14.249275, 12.544234, 7.7944753, 0],
    "kl_optimal": [14.614641, 2.1427412, 0.96158803, 0.41983619, 0.029167158, 0],
}


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_fixed_values(name: str) -> None:
    expected = torch.tensor(FIXED[name], dtype=torch.float32)
    torch.testing.assert_close(make_sigmas(name, 5, SD1), expected, rtol=2e-6, atol=0)


@pytest.mark.parametrize("model", list(MODELS))
@pytest.mark.parametrize("steps", [1, 2, 3, 20, 50])
@pytest.mark.parametrize("name", list(SCHEDULES))
def test_falls_from_the_top_to_zero(name: str, steps: int, model: str) -> None:
    sigmas = make_sigmas(name, steps, MODELS[model])
    assert sigmas.dtype == torch.float32
    assert (sigmas.diff() < 0).all()
    assert sigmas[-1] == 0
    assert sigmas[0] <= sigma_table(MODELS[model]).sigma_max * (1 + 1e-6)
    assert len(sigmas) == steps + 1 or name == "ddim_uniform"


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "ddim_uniform"])
def test_starts_at_the_models_highest_level(name: str) -> None:
    assert float(make_sigmas(name, 7, SD1)[0]) == pytest.approx(14.614641, rel=1e-6)


def test_ddim_uniform_may_take_more_steps() -> None:
    assert len(make_sigmas("ddim_uniform", 30, SD1)) == 32


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_denoise_takes_the_last_steps_of_a_longer_schedule(name: str) -> None:
    assert torch.equal(make_sigmas(name, 8, SD1, denoise=0.4), make_sigmas(name, 20, SD1)[-9:])


def test_denoise_at_its_ends() -> None:
    assert make_sigmas("normal", 20, SD1, denoise=0.0).numel() == 0
    assert torch.equal(make_sigmas("normal", 20, SD1, denoise=1.0), make_sigmas("normal", 20, SD1))


@pytest.mark.parametrize("sampler", list(SAMPLERS))
def test_penultimate_sigma_is_left_out_for_some_samplers(sampler: str) -> None:
    sigmas = make_sigmas("normal", 10, SD1, sampler=sampler)
    longer = make_sigmas("normal", 11, SD1)
    discards = sampler in ("dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2")
    expected = torch.cat([longer[:-2], longer[-1:]]) if discards else make_sigmas("normal", 10, SD1)
    assert torch.equal(sigmas, expected)


def test_one_step_survives_discarding() -> None:
    assert len(make_sigmas("karras", 1, SD1, sampler="uni_pc")) == 2


def test_more_steps_than_levels_leave_no_standing_still() -> None:
    for name in SCHEDULES:
        assert (make_sigmas(name, 1200, SD1).diff() < 0).all()


@pytest.mark.parametrize("p", [1e-6, 0.01, 0.3, 0.5, 0.77, 0.999])
@pytest.mark.parametrize(("a", "b"), [(0.6, 0.6), (0.5, 1.5), (3.0, 2.0)])
def testbeta_quantile(p: float, a: float, b: float) -> None:
    assert beta_quantile(p, a, b) == pytest.approx(float(betaincinv(a, b, p)), rel=1e-9)


def test_zero_snr_karras_reaches_far() -> None:
    assert float(make_sigmas("karras", 10, MODELS["zsnr"])[0]) == pytest.approx(4518.76, rel=1e-5)


def test_bad_arguments_say_so() -> None:
    with pytest.raises(ValueError, match=r"'fast'.*karras"):
        make_sigmas("fast", 5, SD1)
    with pytest.raises(ValueError, match="at least 1 step, got 0"):
        make_sigmas("karras", 0, SD1)


def test_levels_are_finite() -> None:
    assert all(math.isfinite(s) for name in SCHEDULES for s in make_sigmas(name, 1, SD1).tolist())
