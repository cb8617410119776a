"""Between the nodes' values and the denoise loop's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.diffusion.job import DenoiseJob
from engine.diffusion.types import Latent, NoiseSource, Sampler
from engine.models.handle import Guider

if TYPE_CHECKING:
    from torch import Tensor


def denoise_job(
    guider: Guider,
    sampler: Sampler,
    sigmas: Tensor,
    latent: Latent,
    noise: Tensor | None,
    *,
    seed: int = 0,
    source: NoiseSource = "cpu",
) -> DenoiseJob:
    """The job that samples from `latent` (raw, as the autoencoder made it) with `noise` [B, C, h, w] of unit variance.

    The loop works on (samples - shift) · factor; what it returns must be taken back the same way (`finished`).
    """
    model = guider.model
    return DenoiseJob(
        handle=model.handle,
        sampling=model.sampling,
        wants=model.wants,
        sampler=sampler,
        guider=guider.rule,
        sigmas=sigmas,
        latent=(latent.samples - model.latent.shift) * model.latent.factor,
        noise=noise,
        seed=seed,
        noise_source=source,
        noise_mask=latent.noise_mask,
        share=model.share,
    )


def finished(guider: Guider, x: Tensor) -> Tensor:
    """A latent of the loop in the autoencoder's own units, float32 on the host."""
    return x.float().cpu() / guider.model.latent.factor + guider.model.latent.shift
