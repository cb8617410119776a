"""The whole loop, with guidance, against diffusers' own scheduler over the same bare UNet."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor

from engine.diffusion.guidance import Cfg
from engine.diffusion.loop import DenoiseJob, DenoiseLoop
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import ModelSampling, PredictionName, Sampler
from tests.diffusion.tiny import conditioning, formula_unet, leased, unet_network

SHAPE = (2, 4, 8, 8)
SCALE = 3.0
PREDICTIONS: list[tuple[PredictionName, str]] = [("eps", "epsilon"), ("v", "v_prediction"), ("x0", "sample")]


def theirs(prediction: str, x: Tensor, steps: int) -> Tensor:
    """DDIM down to alpha 1; `x` has unit variance, as diffusers keeps it."""
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
        prediction_type=prediction,
    )
    scheduler.set_timesteps(steps)
    unet = formula_unet()
    positive, negative = (conditioning(value)[0].embeds.expand(2, -1, -1) for value in (0.1, -0.2))
    for timestep in scheduler.timesteps:
        for_positive, for_negative = (unet(x, timestep, embeds).sample for embeds in (positive, negative))
        guided = for_negative + SCALE * (for_positive - for_negative)
        x = scheduler.step(guided, timestep, x).prev_sample
    return x


@pytest.mark.parametrize(("ours", "name"), PREDICTIONS)
@pytest.mark.parametrize("steps", [4, 10])
def test_ddim(ours: PredictionName, name: str, steps: int) -> None:
    sampling = ModelSampling(prediction=ours)
    sigmas = make_sigmas("ddim_uniform", steps, sampling)
    job = DenoiseJob(
        handle="unet",
        sampling=sampling,
        sampler=Sampler("ddim"),
        guider=Cfg(conditioning(0.1), conditioning(-0.2), SCALE),
        sigmas=sigmas,
        latent=torch.zeros(SHAPE),
        noise=initial_noise(SHAPE, 3),
    )
    loop = DenoiseLoop(partial(leased, unet_network))
    x = loop.submit(job).result().x
    loop.close()
    sigma = float(sigmas[0])
    expected = theirs(name, initial_noise(SHAPE, 3) * sigma / (1 + sigma**2) ** 0.5, steps)
    assert (x - expected).norm() / expected.norm() < 1e-4
