"""Forward diffusion, and its undoing by hand: noise into latents and pictures, and predicted noise out of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine.diffusion.types import Image, Latent, LatentSpec, Noise, Sigmas
from engine.graph.define import node
from engine.graph.sockets import Range
from engine.graph.told import Told
from engine.models.handle import Model
from nodes.facts import passed, sampled
from nodes.sampling import Seed, same_channels
from nodes.trace_facts import within

if TYPE_CHECKING:
    from torch import Tensor

Step = Annotated[int, Range(0, 10000)]
CATEGORY = "inspect/diffusion"


class Noised(NamedTuple):
    """A noisy latent, and the noise that went into it."""

    latent: Latent
    noise: Latent


@node(
    "AddNoise",
    category="_for_testing/custom_sampling/noise",
    label="AddNoise",
    facts=within("sigmas", 1, sampled(2)),
)
def add_noise(
    *,
    model: Model,
    noise: Noise,
    sigmas: Sigmas,
    latent_image: Latent,
    step: Step = 0,
    like_sampler: bool = False,
) -> Noised:
    """Forward diffusion: mix noise into a latent, as much as one of the noise levels says.

    Args:
        model: Its training decides how latent and noise are mixed.
        noise: The noise to mix in.
        sigmas: The noise levels of a run; the latent is taken to hold the last of them already, which is mostly 0.
        latent_image: The clean latent.
        step: Which of the noise levels, counted from 0; higher is less noise.
        like_sampler: On noises as a sampler does when it begins, so that going on by hand gives its picture; at the
            model's highest level that is a little more noise than the formula's.

    Returns:
        latent: The noisy latent.
        noise: The noise that was mixed in, of unit variance.
    """
    import torch

    from engine.diffusion.job import begun
    from engine.diffusion.noise import initial_noise
    from engine.diffusion.stepping import as_samples, level
    from engine.diffusion.trajectory import sigma_table, trajectory_of

    same_channels(latent_image, model)
    samples, spec = latent_image.samples, model.latent
    if noise.seed is None:
        drawn = torch.zeros_like(samples)
    else:
        drawn = initial_noise(samples.shape, noise.seed, latent_image.batch_index, noise.source)
    if not len(sigmas):
        return Noised(latent_image, _plain(latent_image, drawn))
    clean, trajectory = (samples - spec.shift) * spec.factor, trajectory_of(model.sampling)
    sigma = level(sigmas, step)
    if like_sampler:
        x = begun(clean, drawn, sigma, trajectory, sigma_table(model.sampling))
    else:
        # As in ComfyUI: less what the latent holds already.
        sigma = sigma - float(sigmas[-1]) if len(sigmas) > 1 else sigma
        x = trajectory.noised(clean, drawn, sigma)
    noisy = replace(latent_image, samples=as_samples(x, spec, sigma, trajectory))
    return Noised(noisy, _plain(latent_image, drawn))


def _plain(like: Latent, samples: Tensor) -> Latent:
    return replace(like, samples=samples, noise_mask=None)


@node("AddNoiseToImage", category=CATEGORY, label="Add Noise to Image", facts=passed("image"))
def add_noise_to_image(
    *,
    image: Image,
    noise_seed: Seed = 0,
    sigma: Annotated[float, Range(0.0, 1000.0, step=0.1, round=0.001)] = 1.0,
    rescale: bool = False,
) -> Image:
    """Forward diffusion of pixels: colours from -1 to 1, plus noise times sigma.

    Args:
        image: The pictures.
        noise_seed: Decides the noise.
        sigma: Deviation of the noise; the colours themselves reach from -1 to 1, at 10 hardly anything is left of them.
        rescale: On divides by the deviation that the sum has, so that strong noise is not cut to pure colours.
    """
    from engine.diffusion.noise import initial_noise

    batch, height, width, channels = image.shape
    noise = initial_noise((batch, channels, height, width), noise_seed).movedim(1, -1)
    noisy = image * 2 - 1 + noise * sigma
    if rescale:
        noisy = noisy / (1 + sigma**2) ** 0.5
    return Image(((noisy + 1) / 2).clamp(0, 1))


@node("CleanFromNoise", category=CATEGORY, label="Clean from Noise", facts=within("sigmas", 1, passed("noisy")))
def clean_from_noise(
    *, noisy: Latent, noise: Latent, sigmas: Sigmas, step: Step = 0, model: Model | None = None
) -> Latent:
    """Subtract noise from a noisy latent by hand, all of it at once: x - sigma · noise.

    Args:
        noisy: The noisy latent.
        noise: The noise to take away, of unit variance, such as the model's answer.
        sigmas: The noise levels of the run.
        step: At which of them the latent is, counted from 0.
        model: The model that the latents are for; without one they are taken to be Stable Diffusion 1's.
    """
    from engine.diffusion.stepping import as_samples, as_x, level
    from engine.diffusion.trajectory import Trajectory, trajectory_of

    if noisy.samples.shape != noise.samples.shape:
        raise Told(
            "The noisy latent is {expected} and the noise {found}; give noise of the same size.",
            expected=_size(noisy),
            found=_size(noise),
        )
    spec, trajectory = (model.latent, trajectory_of(model.sampling)) if model else (LatentSpec(), Trajectory())
    sigma = level(sigmas, step)
    x = as_x(noisy.samples, spec, sigma, trajectory)
    clean = (x - noise.samples * sigma) / trajectory.share(sigma)
    return replace(noisy, samples=as_samples(clean, spec, 0.0, trajectory))


def _size(latent: Latent) -> str:
    return "×".join(map(str, latent.samples.shape))
