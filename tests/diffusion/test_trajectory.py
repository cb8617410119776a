"""Trajectories and the noise levels of models."""

from __future__ import annotations

import math

import pytest
import torch

from engine.diffusion.trajectory import Trajectory, sigma_table, trajectory_of
from engine.diffusion.types import ModelSampling

BOTH = pytest.mark.parametrize("trajectory", [Trajectory(0.0), Trajectory(1.0)], ids=["diffusion", "flow"])
SD1 = sigma_table(ModelSampling())


@BOTH
def test_step_with_the_true_clean_latent_stays_on_the_line(trajectory: Trajectory) -> None:
    clean, noise = torch.randn(2, 4, 8, 8, dtype=torch.float64).unbind(0)
    x = trajectory.noised(clean, noise, 0.7)
    torch.testing.assert_close(trajectory.step(x, clean, 0.7, 0.2), trajectory.noised(clean, noise, 0.2))
    assert torch.equal(trajectory.step(x, clean, 0.7, 0.0), clean)


@BOTH
def test_slope_is_the_derivative(trajectory: Trajectory) -> None:
    clean, noise = torch.randn(2, 4, 8, 8, dtype=torch.float64).unbind(0)
    near, far = (trajectory.noised(clean, noise, s) for s in (0.5 - 1e-6, 0.5 + 1e-6))
    slope = trajectory.slope(trajectory.noised(clean, noise, 0.5), clean, 0.5)
    torch.testing.assert_close((far - near) / 2e-6, slope, rtol=1e-5, atol=1e-7)


@BOTH
@pytest.mark.parametrize("sigma", [0.01, 0.3, 0.9])
def test_lam_and_ratio_invert(trajectory: Trajectory, sigma: float) -> None:
    assert trajectory.sigma_of(trajectory.lam(sigma)) == pytest.approx(sigma)
    assert trajectory.sigma_at(trajectory.ratio(sigma)) == pytest.approx(sigma)
    assert trajectory.lam(0.0) == math.inf


@BOTH
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_split_keeps_the_variance(trajectory: Trajectory, eta: float) -> None:
    down, up = trajectory.split(0.8, 0.5, eta)
    carried = down * trajectory.alpha(0.5) / trajectory.alpha(down)
    assert carried**2 + up**2 == pytest.approx(0.5**2)
    assert (up == 0) == (eta == 0)


def test_split_at_eta_1_is_the_posterior_of_ddpm() -> None:
    sigma, to = 3.0, 1.2
    down, up = Trajectory(0.0).split(sigma, to, 1.0)
    assert down == pytest.approx(to**2 / sigma)
    assert up**2 == pytest.approx(to**2 * (sigma**2 - to**2) / sigma**2)


@BOTH
def test_lift_keeps_signal_and_raises_noise(trajectory: Trajectory) -> None:
    one = torch.ones(1, dtype=torch.float64)
    signal = trajectory.lift(one * trajectory.alpha(0.3), 0.3, 0.6, one * 0)
    assert float(signal) == pytest.approx(trajectory.alpha(0.6))
    carried = float(trajectory.lift(one * 0.3, 0.3, 0.6, one * 0))
    added = float(trajectory.lift(one * 0, 0.3, 0.6, one))
    assert carried**2 + added**2 == pytest.approx(0.6**2)


def test_levels_of_stable_diffusion_1() -> None:
    assert SD1.sigma_min == pytest.approx(0.02916716, rel=1e-6)
    assert SD1.sigma_max == pytest.approx(14.614642, rel=1e-6)
    assert len(SD1.sigmas) == 1000


def test_timestep_is_the_nearest_index_in_log_sigma() -> None:
    logs = SD1.sigmas.log()
    for sigma in torch.linspace(0.01, 20, 500).tolist():
        assert SD1.timestep(sigma) == float((logs - math.log(sigma)).abs().argmin())
    for index in range(0, 1000, 37):
        assert SD1.timestep(float(SD1.sigmas[index])) == index
        assert SD1.sigma(index) == pytest.approx(float(SD1.sigmas[index]))
    assert SD1.timestep(0.0) == 0


def test_sigma_between_timesteps_is_straight_in_log() -> None:
    low, high = float(SD1.sigmas[10]), float(SD1.sigmas[11])
    assert SD1.sigma(10.25) == pytest.approx(low**0.75 * high**0.25)


def test_fractions_of_the_way() -> None:
    assert SD1.at(0.0) == math.inf
    assert SD1.at(1.0) == 0.0
    assert SD1.at(0.5) == pytest.approx(SD1.sigma(499.5))


def test_zero_terminal_snr() -> None:
    plain, zero = sigma_table(ModelSampling()), sigma_table(ModelSampling(zsnr=True))
    assert zero.sigma_max == pytest.approx(4518.76, rel=1e-5)
    assert zero.sigma_min == pytest.approx(plain.sigma_min, rel=1e-4)
    assert (zero.sigmas.diff() > 0).all()


def test_flow() -> None:
    table = sigma_table(ModelSampling(prediction="flow", schedule="flow", shift=3.0))
    assert table.sigma_max == 1.0
    assert table.sigma(500) == pytest.approx(3 * 0.5 / 2)
    assert table.timestep(0.25) == 250
    assert table.at(0.5) == pytest.approx(0.75)
    assert trajectory_of(ModelSampling(prediction="flow", schedule="flow")) == Trajectory(1.0)


def test_unknown_schedule_is_named() -> None:
    with pytest.raises(ValueError, match=r"'square'.*scaled_linear"):
        sigma_table(ModelSampling(schedule="square"))  # type: ignore[arg-type]
