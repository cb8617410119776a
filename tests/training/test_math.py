"""The recipe's mathematics: weights, schedules, whitening, norms that fold, orthogonal starts."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from engine.training.losses import (
    clean_from_velocity,
    gradient_l1,
    picture_loss,
    scaled_linear_alphas,
    velocity,
    velocity_weight,
)
from engine.training.networks import MiniShape, build_vae
from engine.training.progress import Clock, Ema, rate
from engine.training.vae import LATENT_FACTOR, fold_norms, fold_whitening, soften_norms

TINY = MiniShape(vae=(64, 32, 32, 64), unet=(32, 32), attention=(False, True), text_layers=1)


def test_velocity_gives_back_the_clean_latent() -> None:
    alpha = scaled_linear_alphas()
    clean, noise = torch.randn(2, 1000, dtype=torch.float64)
    noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
    assert torch.allclose(clean_from_velocity(noisy, velocity(clean, noise, alpha), alpha), clean)


def test_velocity_weight_is_a_soft_min_snr_of_the_clean_latent() -> None:
    alpha = scaled_linear_alphas()
    snr = alpha / (1 - alpha)
    clean, noise, guess = torch.randn(3, 1000, dtype=torch.float64)
    noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
    error = (clean_from_velocity(noisy, guess, alpha) - clean) ** 2
    by_clean = 5 * (snr + 1) / (snr + 5) * error
    assert torch.allclose(velocity_weight(snr) * (guess - velocity(clean, noise, alpha)) ** 2, by_clean, rtol=1e-6)
    weights = 5 * (snr + 1) / (snr + 5)
    assert (weights.diff() < 0).all()
    assert weights[-1] > 1
    assert weights[0] < 5


def test_schedule_is_stable_diffusions() -> None:
    alphas = scaled_linear_alphas()
    sigmas = ((1 - alphas) / alphas).sqrt()
    assert sigmas[0].item() == pytest.approx(0.0292, abs=1e-4)
    assert sigmas[-1].item() == pytest.approx(14.6146, abs=1e-4)


def test_picture_loss_is_zero_for_equal_pictures_and_sees_edges() -> None:
    flat = torch.zeros(1, 3, 16, 16)
    edge = flat.clone()
    edge[..., 8:] = 1
    assert picture_loss(flat, flat).item() == 0
    assert gradient_l1(edge, flat).item() == pytest.approx(1 / 15)


def test_rate_warms_up_then_falls_to_its_floor() -> None:
    assert rate(0.0, 0, warmup=10) == pytest.approx(0.1)
    assert rate(0.0, 100, warmup=10) == pytest.approx(1.0)
    assert rate(1.0, 100, warmup=10, floor=0.02) == pytest.approx(0.02)


def test_clock_counts_updates_when_steps_are_given() -> None:
    clock = Clock(minutes=1000, steps=4)
    clock.tick()
    assert clock.progress == 0.25


def test_average_of_a_constant_is_the_constant() -> None:
    module = torch.nn.Linear(2, 2)
    ema = Ema(module, 0.9)
    for _ in range(5):
        ema.update()
    assert all(torch.allclose(a, b) for a, b in zip(ema.shadow, module.parameters(), strict=True))


@pytest.fixture(name="codec")
def _codec() -> Any:
    torch.manual_seed(0)
    return build_vae(TINY).double().eval()


def test_whitening_folds_exactly(codec: Any) -> None:
    picture = torch.rand(2, 3, 32, 32, dtype=torch.float64) * 2 - 1
    raw = codec.encode(picture).latent_dist.mean
    before = codec.decode(raw).sample
    mean, std = raw.mean((0, 2, 3)).detach(), raw.std((0, 2, 3)).detach()
    fold_whitening(codec, mean, std)
    white = codec.encode(picture).latent_dist
    assert torch.allclose(codec.decode(white.mean).sample, before, atol=1e-9)
    scaled = white.mean * LATENT_FACTOR
    assert torch.allclose(scaled.mean((0, 2, 3)), torch.zeros(4, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(scaled.std((0, 2, 3)), torch.ones(4, dtype=torch.float64), atol=1e-9)
    assert white.std.unique().numel() == 1
    assert white.std.max().item() * LATENT_FACTOR == pytest.approx(0.02)


def test_soft_norms_fold_into_the_standard_epsilon_exactly(codec: Any) -> None:
    soften_norms(codec)
    picture = torch.rand(1, 3, 32, 32, dtype=torch.float64)
    code = codec.encode(picture).latent_dist.mean
    before = codec.decode(code).sample
    fold_norms(codec)
    assert torch.allclose(codec.encode(picture).latent_dist.mean, code, atol=1e-9)
    assert torch.allclose(codec.decode(code).sample, before, atol=1e-9)
    assert {norm.eps for norm in codec.modules() if isinstance(norm, torch.nn.GroupNorm)} == {1e-6}


def test_log_variance_is_that_of_two_hundredths() -> None:
    assert math.exp(0.5 * 2 * math.log(0.02 / LATENT_FACTOR)) * LATENT_FACTOR == pytest.approx(0.02)
