"""Ours against k-diffusion 0.1.1.post1 over a bare diffusers UNet (recorded by `record_kdiffusion.py`)."""

from __future__ import annotations

import json
from functools import partial

import pytest
import torch

from engine.diffusion.guidance import Single
from engine.diffusion.loop import DenoiseJob, DenoiseLoop
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import ModelSampling, Sampler
from tests.diffusion.record_kdiffusion import ANCESTRAL, BROWNIAN, GOLDEN, PLAIN, SEED, SHAPE, STEPS
from tests.diffusion.tiny import conditioning, formula_noise, leased, unet_network

RECORDED = json.loads(GOLDEN.read_text())
SAMPLING = ModelSampling()


@pytest.mark.parametrize("schedule", ["karras", "normal"])
def test_schedule(schedule: str) -> None:
    ours = make_sigmas(schedule, STEPS, SAMPLING)
    # It keeps alpha_bar in float32, where the lowest level loses four digits.
    torch.testing.assert_close(ours, torch.tensor(RECORDED[schedule]), rtol=1e-4, atol=0)


@pytest.mark.parametrize("schedule", ["karras", "normal"])
@pytest.mark.parametrize("name", [*PLAIN, *ANCESTRAL, *BROWNIAN])
def test_sampler(name: str, schedule: str) -> None:
    sigmas = torch.tensor(RECORDED[schedule])
    job = DenoiseJob(
        handle="unet",
        sampling=SAMPLING,
        sampler=Sampler(name),
        guider=Single(conditioning(0.1)),
        sigmas=sigmas[:-1] if name == "lms" else sigmas,
        latent=torch.zeros(SHAPE),
        noise=formula_noise(SHAPE),
        seed=SEED,
    )
    loop = DenoiseLoop(partial(leased, unet_network))
    x = loop.submit(job).result().x
    loop.close()
    expected = torch.tensor(RECORDED[f"{name} {schedule}"]).reshape(SHAPE)
    # dpmpp_sde asks for its path at a level it computes; a last bit there rounds to another place on the path.
    assert (x - expected).norm() / expected.norm() < (1e-3 if name == "dpmpp_sde" else 1e-4)
