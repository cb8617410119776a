"""A sampler step of the full-size layout against the bare network, and against full precision."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch

from engine.bench import models
from engine.bench.figure import Figure, timed
from engine.diffusion.guidance import Cfg
from engine.diffusion.job import DenoiseJob
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Cond, Conditioning, Sampler
from engine.files import Library
from engine.models.detect import inspect_file
from engine.models.handle import ModelHandle
from engine.models.precision import Precision, fast_bf16
from engine.session.device import Device
from engine.settings import Settings

STEPS, ROUNDS, CELLS, WIDTH = 2, 3, 32, 768


def figures() -> Iterator[Figure]:
    """Seconds of a step at 256 x 256 with guidance, over those of the bare network called alike, turn about."""
    with models.random_model(full=True) as folder, tempfile.TemporaryDirectory() as data:
        library = Library.standard(Path(data), [folder])
        step, bare = measure(library, "auto")
        yield Figure("UNet step, 256 x 256, batch of 2", step, "s")
        yield Figure("that over the bare network", step / bare, "times", 1.05)
        if fast_bf16():
            full, _ = measure(library, "full")
            yield Figure("full precision over the default", full / step, "times", 2.5, least=True)


def measure(library: Library, precision: Precision) -> tuple[float, float]:
    """Seconds of one sampler step in the denoise loop, and of one call of the network that it makes."""
    device = Device(library, Settings(Path(), precision=precision))
    ref = library.ref("checkpoints", models.FULL)
    inspected = inspect_file(library.resolve(ref))
    handle = ModelHandle(ref, inspected.family, "denoiser")
    job = _job(handle, inspected.sampling)
    ours, bare = [], []
    try:
        device.loop.submit(job).result()
        for _ in range(ROUNDS):
            ours.append(timed(lambda: device.loop.submit(job).result()) / STEPS)
            with device.manager.lease(handle) as (network,):
                call = _bare(network, device)
                bare.append(timed(lambda call=call: [call() for _ in range(STEPS)]) / STEPS)  # type: ignore[misc]
    finally:
        device.close()
    return median(ours), median(bare)


def _job(handle: ModelHandle, sampling: Any) -> DenoiseJob:
    noise = torch.randn(1, 4, CELLS, CELLS, generator=torch.Generator().manual_seed(0))
    cond = Conditioning((Cond(torch.randn(1, 77, WIDTH, generator=torch.Generator().manual_seed(1))),))
    sigmas = make_sigmas("normal", STEPS, sampling)
    return DenoiseJob(handle, sampling, Sampler("euler"), Cfg(cond, cond, 7.0), sigmas, torch.zeros_like(noise), noise)


def _bare(network: Any, device: Device) -> Any:
    """A call of the diffusers module itself, of the same shapes and dtype."""
    module, dtype = network.module, device.policy.denoiser
    x = torch.randn(2, 4, CELLS, CELLS).to(device.policy.device, dtype)
    embeds = torch.randn(2, 77, WIDTH).to(device.policy.device, dtype)
    timestep = torch.tensor([500.0, 500.0], device=device.policy.device)

    def call() -> Any:
        with torch.no_grad():
            return module(x, timestep, embeds, return_dict=False)[0].float().cpu()

    return call
