"""Samplers as numerical methods: order of convergence, marginals, ends, seeds, and limits in which two must agree."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.diffusion.names import SAMPLERS, SCHEDULES, load
from engine.diffusion.noise import brownian_noise, step_noise
from engine.diffusion.samplers.multistep import _integrated, _vp_time
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.trajectory import Trajectory
from engine.diffusion.types import ModelSampling
from tests.diffusion.tiny import Gaussian, drive

DIFFUSION, FLOW = Trajectory(0.0), Trajectory(1.0)
RANGES = {DIFFUSION: (8.0, 0.05), FLOW: (0.95, 0.03)}
BOTH = pytest.mark.parametrize("trajectory", [DIFFUSION, FLOW], ids=["diffusion", "flow"])

# Multistep methods begin with a first-order step, whose error of h squared stays in the result: order two.
ORDERS = {
    "euler": 1,
    "euler_ancestral": 1,
    "heun": 2,
    "heunpp2": 1,
    "dpm_2": 2,
    "dpm_2_ancestral": 2,
    "lms": 2,
    "dpmpp_2s_ancestral": 2,
    "dpmpp_sde": 2,
    "dpmpp_2m": 2,
    "dpmpp_2m_sde": 2,
    "dpmpp_3m_sde": 2,
    "ipndm": 2,
    "deis": 2,
    "ddim": 1,
    "uni_pc": 2,
    "uni_pc_bh2": 2,
}
RANDOM = [name for name in SAMPLERS if name in ("ddpm", "lcm") or "ancestral" in name or "sde" in name]
KEEPS_MARGINALS = [name for name in RANDOM if name != "lcm"]


def grid(steps: int, high: float, low: float) -> list[float]:
    """Sigmas evenly spaced in their cube root."""
    top, bottom = high ** (1 / 3), low ** (1 / 3)
    return [(top + (bottom - top) * i / steps) ** 3 for i in range(steps + 1)]


def gentle(steps: int, high: float, low: float) -> list[float]:
    """`grid` that begins with tiny steps, so that a multistep method's start does not count."""
    sigmas = grid(steps, high, low)
    first = sigmas[0] - sigmas[1]
    return [sigmas[0], *(sigmas[0] - first * 2.0**-k for k in range(14, 0, -1)), *sigmas[1:]]


def sample(name: str, x: Tensor, sigmas: Sequence[float], trajectory: Trajectory, **options: Any) -> Tensor:
    """A run on Gaussian data without step noise."""
    steps = load(SAMPLERS[name].function)(
        x, sigmas, trajectory=trajectory, noise=lambda a, b: torch.zeros_like(x), **options
    )
    return drive(steps, Gaussian(trajectory).denoise)


def measured_order(
    name: str, trajectory: Trajectory, spaced: Callable[[int, float, float], list[float]], steps: int
) -> float:
    high, low = RANGES[trajectory]
    x = (torch.linspace(-2, 2, 9, dtype=torch.float64) * high).reshape(1, 1, 3, 3)
    options = {"eta": 0.0} if "ancestral" in name or "sde" in name else {}
    exact = Gaussian(trajectory).flow(x, high, low)
    coarse, fine = (
        float((sample(name, x, spaced(n, high, low), trajectory, **options) - exact).abs().max())
        for n in (steps, 2 * steps)
    )
    return math.log2(coarse / fine)


@BOTH
@pytest.mark.parametrize("name", list(ORDERS))
def test_order_of_convergence(name: str, trajectory: Trajectory) -> None:
    assert measured_order(name, trajectory, grid, 320) >= ORDERS[name] - 0.3


@BOTH
@pytest.mark.parametrize(("name", "order"), [("lms", 4), ("deis", 3)])
def test_full_order_after_a_gentle_start(name: str, order: int, trajectory: Trajectory) -> None:
    assert measured_order(name, trajectory, gentle, 80) >= order - 0.3


def test_every_sampler_has_its_mathematics_tested() -> None:
    assert set(SAMPLERS) == set(ORDERS) | set(RANDOM)


@BOTH
@pytest.mark.parametrize("name", KEEPS_MARGINALS)
def test_fresh_noise_keeps_the_marginals(name: str, trajectory: Trajectory) -> None:
    """From samples of the data at high noise come samples of the data at low noise."""
    high, low = RANGES[trajectory]
    data = Gaussian(trajectory)
    generator = torch.Generator().manual_seed(1)
    start = torch.randn((1, 1, 80, 100), generator=generator, dtype=torch.float64)
    x = trajectory.alpha(high) * data.mean + start * data.deviation(high)
    sigmas = grid(300 if ORDERS.get(name, 1) == 1 else 30, high, low)
    noise = brownian_noise(x, 5, sigmas) if SAMPLERS[name].brownian else step_noise(x, 5)
    out = drive(load(SAMPLERS[name].function)(x, sigmas, trajectory=trajectory, noise=noise), data.denoise)
    assert float(out.mean()) == pytest.approx(trajectory.alpha(low) * data.mean, abs=0.03)
    assert float(out.std()) == pytest.approx(data.deviation(low), rel=0.03)
    # The noise is fresh: where a picture started says little of where it ends.
    joint = torch.stack([start.flatten(), out.flatten()])
    assert abs(float(torch.corrcoef(joint)[0, 1])) < 0.5


@BOTH
@pytest.mark.parametrize("name", ["euler", "heun", "dpm_2"])
def test_churn_keeps_the_marginals(name: str, trajectory: Trajectory) -> None:
    high, low = RANGES[trajectory]
    data = Gaussian(trajectory)
    x = torch.randn((1, 1, 80, 100), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = trajectory.alpha(high) * data.mean + x * data.deviation(high)
    steps = load(SAMPLERS[name].function)(
        x, grid(500 if name == "euler" else 100, high, low), trajectory=trajectory, noise=step_noise(x, 5), s_churn=10.0
    )
    out = drive(steps, data.denoise)
    assert float(out.mean()) == pytest.approx(trajectory.alpha(low) * data.mean, abs=0.03)
    assert float(out.std()) == pytest.approx(data.deviation(low), rel=0.04)


def curved(x: Tensor, sigma: float) -> Tensor:
    """A denoiser that is not linear."""
    return torch.tanh(x / (1 + sigma)) * 0.8


@pytest.mark.parametrize("steps", [1, 2, 8])
@pytest.mark.parametrize("model", ["sd1", "zsnr", "flow"])
@pytest.mark.parametrize("name", list(SAMPLERS))
def test_finite_ends(name: str, model: str, steps: int) -> None:
    """From all noise to none with every schedule: finite, and on what the denoiser said last."""
    sampling = {
        "sd1": ModelSampling(),
        "zsnr": ModelSampling(prediction="v", zsnr=True),
        "flow": ModelSampling(prediction="flow", schedule="flow"),
    }[model]
    trajectory = FLOW if model == "flow" else DIFFUSION
    for schedule in SCHEDULES:
        sigmas = make_sigmas(schedule, steps, sampling, sampler=name).tolist()
        x = torch.randn((1, 4, 4, 4), generator=torch.Generator().manual_seed(0)) * sigmas[0]
        noise = brownian_noise(x, 3, sigmas) if SAMPLERS[name].brownian else step_noise(x, 3)
        said: list[Tensor] = []

        def denoise(x: Tensor, sigma: float, said: list[Tensor] = said) -> Tensor:
            said.append(curved(x, sigma))
            return said[-1]

        out = drive(load(SAMPLERS[name].function)(x, sigmas, trajectory=trajectory, noise=noise), denoise)
        assert torch.isfinite(out).all(), schedule
        torch.testing.assert_close(out, said[-1], rtol=0, atol=0.05 if "uni_pc" in name else 1e-5)


@pytest.mark.parametrize("name", list(SAMPLERS))
def test_seed_decides_and_the_global_generator_does_not_move(name: str) -> None:
    sigmas = make_sigmas("karras", 6, ModelSampling(), sampler=name).tolist()
    x = torch.randn((2, 4, 4, 4), generator=torch.Generator().manual_seed(0)) * sigmas[0]

    def once(seed: int) -> Tensor:
        noise = brownian_noise(x, seed, sigmas) if SAMPLERS[name].brownian else step_noise(x, seed)
        return drive(load(SAMPLERS[name].function)(x, sigmas, trajectory=DIFFUSION, noise=noise), curved)

    before, state = x.clone(), torch.random.get_rng_state()
    first, again, other = once(1), once(1), once(2)
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (name not in RANDOM)
    assert torch.equal(x, before)
    assert torch.equal(torch.random.get_rng_state(), state)


@BOTH
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("euler_ancestral", "euler"),
        ("dpm_2_ancestral", "dpm_2"),
        ("dpmpp_2m_sde", "dpmpp_2m"),
        ("dpmpp_sde", "dpmpp_2s_ancestral"),
    ],
)
def test_without_noise_relatives_agree(one: str, other: str, trajectory: Trajectory) -> None:
    high, low = RANGES[trajectory]
    sigmas = [*grid(12, high, low), 0.0]
    x = torch.linspace(-2, 2, 16, dtype=torch.float64).reshape(1, 1, 4, 4) * high
    still = {"eta": 0.0} if "ancestral" in other else {}
    torch.testing.assert_close(
        sample(one, x, sigmas, trajectory, eta=0.0), sample(other, x, sigmas, trajectory, **still)
    )


@BOTH
def test_ipndm_is_lms_on_even_steps(trajectory: Trajectory) -> None:
    sigmas = [0.9 - 0.08 * i for i in range(11)]
    x = torch.linspace(-2, 2, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
    torch.testing.assert_close(sample("ipndm", x, sigmas, trajectory), sample("lms", x, sigmas, trajectory))


def test_deis_weights_are_the_published_integrals() -> None:
    """The integrals in time itself, with d sigma / d t, summed finely (Zhang and Chen 2023, eq. 15)."""
    sigmas = [10.0, 6.0, 3.0, 1.2, 0.4]
    low, high, end = 0.002, 80.0, 1e-3
    slope = 2 * (math.log1p(low**2) / end - math.log1p(high**2)) / (end - 1)
    start = math.log1p(high**2) - slope / 2
    times = [_vp_time(s) for s in sigmas]
    for step, order in ((1, 2), (2, 3), (3, 3)):
        t = np.linspace(times[step], times[step + 1], 20001)
        sigma = np.sqrt(np.expm1(slope * t**2 / 2 + start * t))
        rate = (1 + sigma**2) * (slope * t + start) / (2 * sigma)
        known = [times[step - k] for k in range(order)]
        for j, weight in enumerate(_integrated(sigmas, _vp_time)(step, order)):
            basis = math.prod((t - other) / (known[j] - other) for k, other in enumerate(known) if k != j)
            assert weight == pytest.approx(float(np.trapezoid(rate * basis, t)), rel=1e-6)


def test_heunpp2_against_its_formula() -> None:
    """The weights of Heun++ written out for a scalar: three slopes, then two, then one."""
    s0, s1, s2, s3 = sigmas = [4.0, 2.0, 1.0, 0.0]
    data = Gaussian(DIFFUSION)

    def slope(x: float, sigma: float) -> float:
        return (x - float(data.denoise(torch.tensor(x, dtype=torch.float64), sigma))) / sigma

    x = 3.0
    d1 = slope(x, s0)
    x2 = x + d1 * (s1 - s0)
    d2 = slope(x2, s1)
    d3 = slope(x2 + d2 * (s2 - s1), s2)
    x += (s1 - s0) * (d1 * (1 - s1 / (3 * s0) - s2 / (3 * s0)) + d2 * s1 / (3 * s0) + d3 * s2 / (3 * s0))
    d1 = slope(x, s1)
    d2 = slope(x + d1 * (s2 - s1), s2)
    x += (s2 - s1) * (d1 * (1 - s2 / (2 * s0)) + d2 * s2 / (2 * s0))
    x += (s3 - s2) * slope(x, s2)
    out = sample("heunpp2", torch.full((1, 1, 1, 1), 3.0, dtype=torch.float64), sigmas, DIFFUSION)
    assert float(out) == pytest.approx(x)


@BOTH
def test_lcm_jumps_to_clean_and_back_to_noise(trajectory: Trajectory) -> None:
    x = torch.full((1, 1, 2, 2), 0.5)
    noise = torch.full_like(x, 2.0)
    steps = load(SAMPLERS["lcm"].function)(x, [0.9, 0.4, 0.0], trajectory=trajectory, noise=lambda a, b: noise)
    asked: list[Tensor] = []

    def denoise(x: Tensor, sigma: float) -> Tensor:
        asked.append(x)
        return x * 0.5

    out = drive(steps, denoise)
    torch.testing.assert_close(asked[1], trajectory.noised(asked[0] * 0.5, noise, 0.4))
    assert torch.equal(out, asked[1] * 0.5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(("name", "solver"), [("uni_pc", "bh1"), ("uni_pc_bh2", "bh2")])
@pytest.mark.parametrize("steps", [2, 3, 4, 10])
def test_uni_pc_against_diffusers(name: str, solver: str, steps: int) -> None:
    from diffusers import UniPCMultistepScheduler

    sigmas = [*grid(steps - 1, 14.0, 0.1), 0.001]
    scheduler = UniPCMultistepScheduler(
        solver_order=max(min(3, steps - 1), 1), solver_type=solver, prediction_type="sample", use_karras_sigmas=True
    )
    scheduler.set_timesteps(steps)
    scheduler.sigmas = torch.tensor(sigmas, dtype=torch.float64)
    x = torch.linspace(-2, 2, 16, dtype=torch.float64).reshape(1, 1, 4, 4) * 14
    theirs = x / math.sqrt(1 + sigmas[0] ** 2)
    for sigma, timestep in zip(sigmas, scheduler.timesteps, strict=False):
        clean = curved(theirs * math.sqrt(1 + sigma**2), sigma)
        theirs = scheduler.step(clean, timestep, theirs).prev_sample
    ours = drive(load(SAMPLERS[name].function)(x, sigmas, trajectory=DIFFUSION, noise=step_noise(x, 0)), curved)
    torch.testing.assert_close(ours / math.sqrt(1 + sigmas[-1] ** 2), theirs, rtol=1e-5, atol=1e-6)


def test_bad_options_say_so() -> None:
    x = torch.zeros(1, 1, 2, 2)
    with pytest.raises(ValueError, match="'midpoint' or 'heun', got 'fast'"):
        sample("dpmpp_2m_sde", x, [1.0, 0.0], DIFFUSION, solver_type="fast")
    with pytest.raises(ValueError, match="max_order must be 1 to 4, got 9"):
        sample("ipndm", x, [1.0, 0.0], DIFFUSION, max_order=9)
