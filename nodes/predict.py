"""The model asked by hand: its prediction, one sampler step, and what a question costs."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from engine.diffusion.names import SAMPLERS
from engine.diffusion.types import Conditioning, Latent, Noise, Sampler, Sigmas
from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.told import Told
from engine.models.handle import Model
from nodes.diffuse import CATEGORY, Step
from nodes.facts import sampled
from nodes.sampling import SamplerName, Scale, Seed, guided, job_of, same_channels, sampled_of
from nodes.trace_facts import within


class Predicted(NamedTuple):
    """What the model says of a noisy latent."""

    noise: Latent
    clean: Latent
    guidance: Latent


class Stepped(NamedTuple):
    """A latent one noise level further, and the clean latent that led there."""

    latent: Latent
    clean: Latent
    ui: Ui


@node("PredictNoise", runs_on="device", category=CATEGORY, label="Predict Noise", facts=within("sigmas", 0, sampled(3)))
async def predict_noise(
    *,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    cfg: Scale = 8.0,
    latent_image: Latent,
    sigmas: Sigmas,
    step: Step = 0,
    context: Context,
) -> Predicted:
    """Ask the model once which part of a noisy latent is noise.

    Args:
        model: The denoiser.
        positive: What the picture should show.
        negative: What the picture should not show.
        cfg: How far to go from the negative towards the positive prompt; 1 is the positive's answer alone.
        latent_image: The noisy latent.
        sigmas: The noise levels of the run.
        step: At which of them the latent is, counted from 0.

    Returns:
        noise: The predicted noise, of unit variance where the model is right.
        clean: The latent without that noise.
        guidance: What cfg enlarges: the noise that the positive prompt sees, minus the noise that the negative sees.
    """
    import torch

    from engine.diffusion.stepping import Both, as_x, noisy_level
    from engine.diffusion.tracing import Tracer, guidance_in, noise_in
    from engine.diffusion.trajectory import trajectory_of
    from engine.models.sample import finished

    same_channels(latent_image, model)
    sigma, trajectory = noisy_level(sigmas, step), trajectory_of(model.sampling)
    bare, guider = replace(latent_image, noise_mask=None), guided(model, positive, negative, cfg)
    job = job_of(guider, Sampler("euler"), torch.tensor([sigma, 0.0]), bare, Noise(None), 0)
    tracer, x = Tracer(positive), as_x(bare.samples, model.latent, sigma, trajectory)
    await context.denoise(replace(job, guider=Both(guider.rule), x=x, on_step=tracer))
    (answer,) = tracer.steps
    return Predicted(
        replace(bare, samples=noise_in(answer.x, answer.clean, sigma, trajectory)),
        replace(bare, samples=finished(guider, answer.clean)),
        replace(bare, samples=guidance_in(dict(answer.branches), sigma, trajectory)),
    )


@node("SamplerStep", runs_on="device", category=CATEGORY, label="Sampler Step", facts=within("sigmas", 0, sampled(2)))
async def sampler_step(
    *,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    cfg: Scale = 8.0,
    sampler_name: SamplerName = "euler",
    sigmas: Sigmas,
    step: Step = 0,
    latent_image: Latent,
    noise_seed: Seed = 0,
    original: Latent | None = None,
    context: Context,
) -> Stepped:
    """Take one sampler step by hand: from one noise level to the next.

    Args:
        model: The denoiser.
        positive: What the picture should show.
        negative: What the picture should not show.
        cfg: How far to go from the negative towards the positive prompt; 1 leaves the negative out.
        sampler_name: The method that takes the step; one that remembers earlier steps begins anew with each node.
        sigmas: The noise levels of the whole run.
        step: Which sampler step to take, counted from 0.
        latent_image: The latent at the step's noise level.
        noise_seed: Decides the noise that some samplers add; the same seed in all steps gives the sampler's own noise.
        original: For a latent with a noise mask: the clean latent that the mask keeps.

    Returns:
        latent: The latent at the next noise level.
        clean: The clean latent that the model saw.
    """
    from engine.diffusion.stepping import as_x, between, levels_of
    from engine.diffusion.trajectory import trajectory_of

    same_channels(latent_image, model)
    sigma, to = between(sigmas, step)
    start = _kept_from(latent_image, original)
    guider, noise = guided(model, positive, negative, cfg), Noise(None if original is None else noise_seed)
    job = job_of(guider, Sampler(sampler_name), sigmas.new_tensor([sigma, to]), start, noise, noise_seed)
    x = as_x(latent_image.samples, model.latent, sigma, trajectory_of(model.sampling))
    job = replace(job, x=x, whole=levels_of(sigmas))
    done = sampled_of(guider, job, start, await context.denoise(job))
    return Stepped(
        replace(latent_image, samples=done.output.samples),
        replace(latent_image, samples=done.denoised_output.samples, noise_mask=None),
        Ui({"text": [text]} if (text := begun_anew(sampler_name, step)) else {}),
    )


def begun_anew(sampler_name: str, step: int) -> str:
    """What is to be said of a sampler that begins at a step which is not the first."""
    if not step or not SAMPLERS[sampler_name].remembers:
        return ""
    return (
        f"{sampler_name} looks at other steps of its run too, and began anew here: a run in one piece goes another way."
    )


def _kept_from(noisy: Latent, original: Latent | None) -> Latent:
    """The clean latent with the mask that says where it is kept."""
    mask = noisy.noise_mask if noisy.noise_mask is not None or original is None else original.noise_mask
    if mask is None:
        return noisy
    if original is None:
        raise Told(
            "latent_image has a noise mask, and a noisy latent does not say what the mask keeps; link the clean latent "
            "to original, or take the mask off."
        )
    if original.samples.shape != noisy.samples.shape:
        sizes = ["×".join(map(str, value.samples.shape)) for value in (original, noisy)]
        raise Told(
            "original is {original} and latent_image {latent_image}; they must be of one size.",
            original=sizes[0],
            latent_image=sizes[1],
        )
    return replace(original, noise_mask=mask)
