"""The samplers: from noise, or a noised latent, to a clean latent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine.diffusion.names import SAMPLERS, SCHEDULES
from engine.diffusion.types import Conditioning, Latent, Noise, Sampler, Sigmas
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.sockets import Choice, Range, Widget
from engine.graph.told import Told
from engine.models.handle import Guider, Model
from nodes.checks import usable_levels
from nodes.facts import sampled

if TYPE_CHECKING:
    from torch import Tensor

    from engine.diffusion.job import DenoiseJob
    from engine.diffusion.loop import DenoiseResult

Seed = Annotated[int, Range(0, 2**64 - 1), Widget("seed")]
Steps = Annotated[int, Range(1, 10000)]
Scale = Annotated[float, Range(0.0, 100.0, step=0.1, round=0.01)]
SamplerName = Annotated[str, Choice(tuple(SAMPLERS))]
Scheduler = Annotated[str, Choice(tuple(SCHEDULES))]


class Sampled(NamedTuple):
    """The end of the last sampler step, and the clean latent that the model saw in it."""

    output: Latent
    denoised_output: Latent


@node("KSampler", runs_on="device", category="sampling", label="KSampler", facts=sampled())
async def k_sampler(
    *,
    model: Model,
    seed: Seed = 0,
    steps: Steps = 20,
    cfg: Scale = 8.0,
    sampler_name: SamplerName = "euler",
    scheduler: Scheduler = "simple",
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    denoise: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0,
    context: Context,
) -> Latent:
    """Noise the latent and take the noise away again, step by step, guided by the prompts.

    Args:
        model: The denoiser.
        seed: Decides the noise; the same seed and inputs give the same picture.
        steps: Sampler steps; more take longer and change less and less.
        cfg: How far to go from the negative towards the positive prompt; 1 leaves the negative out.
        sampler_name: The method that solves the equation of denoising.
        scheduler: How the noise levels of the steps are spaced.
        positive: What the picture should show.
        negative: What the picture should not show.
        latent_image: Where to start: an empty latent, or an encoded picture with denoise below 1.
        denoise: Share of the noise: 1 starts from noise alone, lower keeps more of latent_image, 0 changes nothing.
    """
    from engine.diffusion.schedules import make_sigmas

    sigmas = make_sigmas(scheduler, steps, model.sampling, denoise, sampler_name)
    guider = guided(model, positive, negative, cfg)
    return (await sample(context, guider, Sampler(sampler_name), sigmas, latent_image, Noise(seed), seed)).output


@node("KSamplerAdvanced", runs_on="device", category="sampling", label="KSampler (Advanced)", facts=sampled())
async def k_sampler_advanced(
    *,
    model: Model,
    add_noise: Annotated[str, Choice(("enable", "disable"))] = "enable",
    noise_seed: Seed = 0,
    steps: Steps = 20,
    cfg: Scale = 8.0,
    sampler_name: SamplerName = "euler",
    scheduler: Scheduler = "simple",
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    start_at_step: Annotated[int, Range(0, 10000)] = 0,
    end_at_step: Annotated[int, Range(0, 10000)] = 10000,
    return_with_leftover_noise: Annotated[str, Choice(("disable", "enable"))] = "disable",
    context: Context,
) -> Latent:
    """A part of the sampler's steps, so that one node can go on where another stopped.

    Args:
        model: The denoiser.
        add_noise: disable when latent_image still holds the noise of an earlier sampler.
        noise_seed: Decides the noise.
        steps: Sampler steps of the whole run, of which this node takes a part.
        cfg: How far to go from the negative towards the positive prompt; 1 leaves the negative out.
        sampler_name: The method that solves the equation of denoising.
        scheduler: How the noise levels of the steps are spaced.
        positive: What the picture should show.
        negative: What the picture should not show.
        latent_image: Where to start.
        start_at_step: The first step to take, counted from 0.
        end_at_step: The step to stop before; 10000 goes to the end.
        return_with_leftover_noise: enable leaves the noise of the last step in, for the next sampler.
    """
    from engine.diffusion.schedules import make_sigmas

    whole = make_sigmas(scheduler, steps, model.sampling, sampler=sampler_name)
    sigmas = part_of(whole, start_at_step, end_at_step, leftover=return_with_leftover_noise == "enable")
    noise = Noise(noise_seed if add_noise == "enable" else None)
    guider = guided(model, positive, negative, cfg)
    return (await sample(context, guider, Sampler(sampler_name), sigmas, latent_image, noise, noise_seed)).output


@node(
    "SamplerCustom",
    runs_on="device",
    category="sampling/custom_sampling",
    label="SamplerCustom",
    facts=sampled(2),
)
async def sampler_custom(
    *,
    model: Model,
    add_noise: bool = True,
    noise_seed: Seed = 0,
    cfg: Scale = 8.0,
    positive: Conditioning,
    negative: Conditioning,
    sampler: Sampler,
    sigmas: Sigmas,
    latent_image: Latent,
    context: Context,
) -> Sampled:
    """Sample with a sampler and noise levels of one's own.

    Args:
        model: The denoiser.
        add_noise: Off when latent_image still holds the noise of an earlier sampler.
        noise_seed: Decides the noise.
        cfg: How far to go from the negative towards the positive prompt; 1 leaves the negative out.
        positive: What the picture should show.
        negative: What the picture should not show.
        sampler: The method that solves the equation of denoising.
        sigmas: The noise levels of the steps, falling.
        latent_image: Where to start.

    Returns:
        output: The latent at the last noise level.
        denoised_output: The clean latent that the model saw in the last step.
    """
    noise = Noise(noise_seed if add_noise else None)
    guider = guided(model, positive, negative, cfg)
    return await sample(context, guider, sampler, sigmas, latent_image, noise, noise_seed)


@node(
    "SamplerCustomAdvanced",
    runs_on="device",
    category="sampling/custom_sampling",
    label="SamplerCustomAdvanced",
    facts=sampled(2),
)
async def sampler_custom_advanced(
    *,
    noise: Noise,
    guider: Guider,
    sampler: Sampler,
    sigmas: Sigmas,
    latent_image: Latent,
    context: Context,
) -> Sampled:
    """Sample with noise, guider, sampler and noise levels each from a node of its own.

    Args:
        noise: The noise to start from.
        guider: The model and how its answers to the prompts are combined.
        sampler: The method that solves the equation of denoising.
        sigmas: The noise levels of the steps, falling.
        latent_image: Where to start.

    Returns:
        output: The latent at the last noise level.
        denoised_output: The clean latent that the model saw in the last step.
    """
    return await sample(context, guider, sampler, sigmas, latent_image, noise, noise.seed or 0)


async def sample(
    context: Context, guider: Guider, sampler: Sampler, sigmas: Tensor, start: Latent, noise: Noise, seed: int
) -> Sampled:
    """Run the denoise loop from `start`; with fewer than two sigmas there is no step, and `start` comes back."""
    if len(sigmas) < 2:
        return Sampled(start, start)
    job = job_of(guider, sampler, sigmas, start, noise, seed)
    return sampled_of(guider, job, start, await context.denoise(job))


def job_of(guider: Guider, sampler: Sampler, sigmas: Tensor, start: Latent, noise: Noise, seed: int) -> DenoiseJob:
    """What the denoise loop is to do from `start`; raises Told for latents or noise levels of no use."""
    from engine.diffusion.noise import initial_noise
    from engine.models.sample import denoise_job

    same_channels(start, guider.model)
    usable_levels(sigmas, sampler)
    drawn = None
    if noise.seed is not None:
        drawn = initial_noise(start.samples.shape, noise.seed, start.batch_index, noise.source)
    return denoise_job(guider, sampler, sigmas, start, drawn, seed=seed, source=noise.source)


def sampled_of(guider: Guider, job: DenoiseJob, start: Latent, result: DenoiseResult) -> Sampled:
    """What the loop made of a job, as latents in the autoencoder's units."""
    from engine.models.sample import finished

    x, clean = finished(guider, result.x), finished(guider, result.clean)
    x = _kept(start, x) if float(job.sigmas[-1]) == 0 else x
    return Sampled(replace(start, samples=x), replace(start, samples=_kept(start, clean)))


def _kept(start: Latent, samples: Tensor) -> Tensor:
    """Where the mask is 0 the latent to the last bit: steps and units round what the loop kept."""
    import torch

    from engine.diffusion.predict import resized_mask

    if start.noise_mask is None:
        return samples
    return torch.where(resized_mask(start.noise_mask, samples) == 0, start.samples, samples)


def part_of(sigmas: Tensor, start: int, end: int, *, leftover: bool) -> Tensor:
    """The sigmas of steps `start` to `end` of a run; without `leftover` the last of them is clean."""
    last = len(sigmas) - 1
    part = sigmas[: min(end, last) + 1].clone()
    if not leftover and len(part):
        part[-1] = 0
    return part[start:] if start < len(part) - 1 else part[:0]


def guided(model: Model, positive: Conditioning, negative: Conditioning, scale: float) -> Guider:
    """The model under classifier-free guidance."""
    from engine.diffusion.guidance import cfg

    return Guider(model, cfg(positive, negative, scale, model.rescale))


def same_channels(latent: Latent, model: Model) -> None:
    """Raise Told unless the model reads latents of so many channels."""
    found, expected = latent.samples.shape[1], model.latent.channels
    if found != expected:
        raise Told(
            "The latent has {found} channels and the model takes {expected}; use latents of its family.",
            found=found,
            expected=expected,
        )
