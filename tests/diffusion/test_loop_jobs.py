"""The denoise loop: what a job is and gives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion.guidance import Single
from engine.diffusion.loop import DenoiseJob, StepState
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import ModelSampling, Sampler
from tests.diffusion.loops import SAMPLING, a_job, alone, far
from tests.diffusion.tiny import Counting, conditioning


def test_on_step_sees_every_step_once() -> None:
    states: list[StepState] = []
    alone(a_job(steps=5, sampler=Sampler("heun"), on_step=states.append), Counting())
    assert [(state.step, state.total) for state in states] == [(i, 5) for i in range(5)]
    torch.testing.assert_close([state.sigma for state in states], make_sigmas("karras", 5, SAMPLING)[:-1].tolist())
    assert {name for state in states for name in state.branches} == {"positive", "negative"}
    assert all(state.x.shape == state.clean.shape == (1, 4, 8, 8) for state in states)


@pytest.mark.parametrize("sigmas", [torch.empty(0), torch.tensor([3.0])])
def test_no_steps_return_the_latent(sigmas: Tensor) -> None:
    latent = torch.randn(1, 4, 8, 8)
    assert torch.equal(alone(a_job(latent=latent, sigmas=sigmas), Counting()), latent)


def first_x(job: DenoiseJob) -> Tensor:
    states: list[StepState] = []
    alone(replace(job, on_step=states.append), Counting())
    return states[0].x


def test_first_x_at_the_highest_level_has_the_variance_of_training() -> None:
    job = a_job(latent=torch.full((1, 4, 8, 8), 2.0))
    sigma = float(job.sigmas[0])
    assert job.noise is not None
    torch.testing.assert_close(first_x(job), 2.0 + job.noise * (1 + sigma**2) ** 0.5)


def test_first_x_below_it_is_latent_plus_noise() -> None:
    job = a_job(latent=torch.full((1, 4, 8, 8), 2.0), sigmas=make_sigmas("karras", 10, SAMPLING, denoise=0.5))
    assert job.noise is not None
    torch.testing.assert_close(first_x(job), 2.0 + job.noise * float(job.sigmas[0]))


def test_without_noise_x_is_the_latent() -> None:
    latent = torch.randn(1, 4, 8, 8)
    assert torch.equal(first_x(a_job(latent=latent, noise=None)), latent)


def test_a_run_cut_in_two_is_the_whole_run() -> None:
    whole = a_job(steps=10)
    first = replace(whole, sigmas=whole.sigmas[:6])
    second = replace(whole, sigmas=whole.sigmas[5:], latent=alone(first, Counting()), noise=None)
    assert far(alone(second, Counting()), alone(whole, Counting())) < 1e-6


def test_a_flow_model_cut_in_two_is_the_whole_run() -> None:
    sampling = ModelSampling(prediction="flow", schedule="flow")
    whole = a_job(steps=10, sampling=sampling, sigmas=make_sigmas("normal", 10, sampling))
    first = replace(whole, sigmas=whole.sigmas[:6])
    second = replace(whole, sigmas=whole.sigmas[5:], latent=alone(first, Counting()), noise=None)
    assert far(alone(second, Counting()), alone(whole, Counting())) < 1e-5


def test_flow_tells_the_network_sigma_and_starts_from_noise() -> None:
    sampling = ModelSampling(prediction="flow", schedule="flow")
    network = Counting()
    job = a_job(steps=4, sampling=sampling, sigmas=make_sigmas("simple", 4, sampling), latent=torch.ones(1, 4, 8, 8))
    alone(job, network)
    assert [levels[0] for levels in network.timesteps] == pytest.approx([1000, 750, 500, 250])
    assert torch.equal(first_x(job), job.noise)


@pytest.mark.parametrize("name", ["euler", "ddim", "dpmpp_2m", "euler_ancestral"])
def test_a_noise_mask_keeps_the_latent_outside_and_changes_it_inside(name: str) -> None:
    latent = torch.randn(1, 4, 8, 8)
    mask = torch.zeros(1, 64, 64)
    mask[:, :, 32:] = 1
    out = alone(a_job(latent=latent, noise_mask=mask, sampler=Sampler(name)), Counting())
    torch.testing.assert_close(out[..., :4], latent[..., :4], rtol=0, atol=1e-5)
    assert (out[..., 5:] - latent[..., 5:]).abs().mean() > 0.1


def test_under_a_noise_mask_the_network_sees_the_latent_noised() -> None:
    latent = torch.randn(1, 4, 8, 8)
    seen: list[Tensor] = []

    def network(x: Tensor, timestep: Tensor, embeds: Tensor, **more: Any) -> Tensor:
        seen.append(x)
        return x * 0.1

    job = a_job(steps=5, latent=latent, noise_mask=torch.zeros(1, 8, 8), guider=Single(conditioning()))
    alone(job, network)
    sigma = float(job.sigmas[3])
    assert job.noise is not None
    torch.testing.assert_close(seen[3], (latent + sigma * job.noise) / (1 + sigma**2) ** 0.5)


def test_the_jobs_tensors_are_not_changed() -> None:
    job = a_job(latent=torch.randn(1, 4, 8, 8), sampler=Sampler("dpm_2_ancestral"), noise_mask=torch.rand(1, 8, 8))
    assert job.noise is not None
    tensors = [job.latent, job.noise, job.sigmas, job.noise_mask]
    versions = [t._version for t in tensors if t is not None]
    state = torch.random.get_rng_state()
    alone(job, Counting())
    assert [t._version for t in tensors if t is not None] == versions
    assert torch.equal(torch.random.get_rng_state(), state)
