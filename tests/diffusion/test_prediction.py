"""Each prediction recovers the clean latent from what a perfect network would give."""

from __future__ import annotations

import math

import pytest
import torch
from diffusers import LCMScheduler
from torch import Tensor

from engine.diffusion.prediction import PREDICTIONS
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.trajectory import Trajectory, sigma_table
from engine.diffusion.types import ModelSampling


def target(name: str, clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """What a network of this kind is trained to give."""
    angle = torch.atan(sigma)
    return {
        "eps": noise,
        "v": angle.cos() * noise - angle.sin() * clean,
        "x0": clean,
        "lcm": noise,
        "flow": noise - clean,
    }[name]


@pytest.mark.parametrize("name", list(PREDICTIONS))
def test_recovers_the_clean_latent(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 5, 4, 8, 8, dtype=torch.float64, generator=generator).unbind(0)
    sigma = torch.tensor([1e-3, 0.1, 0.5, 0.9, 1.0], dtype=torch.float64)[:, None, None, None]
    trajectory = Trajectory(1.0 if name == "flow" else 0.0)
    x = torch.cat([trajectory.noised(c[None], n[None], float(s)) for c, n, s in zip(clean, noise, sigma, strict=True)])
    found = PREDICTIONS[name].clean(x, target(name, clean, noise, sigma), sigma, torch.full_like(sigma, 1e9))
    torch.testing.assert_close(found, clean, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("timesteps", [[999, 259, 19], [959, 479, 0]])
def test_a_consistency_model_steps_as_in_diffusers(timesteps: list[int]) -> None:
    scheduler = LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False)
    scheduler.set_timesteps(timesteps=timesteps)
    table = sigma_table(ModelSampling("lcm"))
    generator = torch.Generator().manual_seed(1)
    for timestep in timesteps:
        sigma = table.sigmas[timestep].double()
        sample, out = torch.randn(2, 1, 4, 8, 8, dtype=torch.float64, generator=generator).unbind(0)
        expected = scheduler.step(out, timestep, sample, return_dict=False)[1]
        x = sample * (1 + sigma**2).sqrt()
        found = PREDICTIONS["lcm"].clean(x, out, sigma, torch.tensor(float(timestep), dtype=torch.float64))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_a_distilled_model_knows_every_twentieth_level() -> None:
    whole, table = sigma_table(ModelSampling()), sigma_table(ModelSampling("lcm", every=20))
    assert [table.timestep(float(s)) for s in table.sigmas] == list(range(19, 1000, 20))
    torch.testing.assert_close(table.sigmas, whole.sigmas[19::20])
    assert [table.sigma(t) for t in (19, 999)] == pytest.approx([float(whole.sigmas[19]), float(whole.sigmas[999])])
    assert table.sigma(29) == pytest.approx(math.sqrt(float(whole.sigmas[19]) * float(whole.sigmas[39])))
    scheduler = LCMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    for steps in (1, 4, 7):
        scheduler.set_timesteps(steps)
        sigmas = make_sigmas("simple", steps, ModelSampling("lcm", every=20))
        assert [table.timestep(float(s)) for s in sigmas[:-1]] == scheduler.timesteps.tolist()


@pytest.mark.parametrize("name", ["eps", "v", "x0", "lcm"])
def test_the_network_sees_unit_variance(name: str) -> None:
    sigma = torch.tensor([0.03, 1.0, 14.6])
    seen = PREDICTIONS[name].scale(sigma) * (1 + sigma**2).sqrt()
    torch.testing.assert_close(seen, torch.ones(3))
