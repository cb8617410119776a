"""Traces: a sampler that keeps every step, a look at one of them, and going on from it another way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

from engine.diffusion.traces import Trace
from engine.diffusion.types import Conditioning, Latent, Noise, Sampler, Sigmas
from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.sockets import Range
from engine.graph.told import Told
from engine.models.handle import Model
from nodes.diffuse import Step
from nodes.predict import begun_anew
from nodes.sampling import SamplerName, Scale, Scheduler, Seed, Steps, guided, job_of, sampled_of
from nodes.trace_facts import at_step, branched, traced, within

if TYPE_CHECKING:
    from engine.diffusion.traces import TraceStep

CATEGORY = "inspect/trace"


class Traced(NamedTuple):
    """The end of a run, and all its steps."""

    latent: Latent
    trace: Trace


class Branched(NamedTuple):
    """The end of a run that went on from another's step, and all steps of both."""

    latent: Latent
    trace: Trace
    ui: Ui


class Moment(NamedTuple):
    """One sampler step of a trace."""

    noisy: Latent
    clean: Latent
    noise: Latent
    sigma: float
    sigmas: Sigmas


@node("SamplerTrace", runs_on="device", category=CATEGORY, label="Sampler Trace", facts=traced)
async def sampler_trace(
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
    sigmas: Sigmas | None = None,
    context: Context,
) -> Traced:
    """Sample as KSampler does, to the last bit, and keep what the model was shown and answered in every sampler step.

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
        sigmas: Noise levels of one's own, in place of steps, scheduler and denoise.

    Returns:
        latent: The end of the run.
        trace: Its sampler steps.
    """
    from engine.diffusion.schedules import make_sigmas
    from engine.diffusion.tracing import Tracer

    if sigmas is None:
        sigmas = Sigmas(make_sigmas(scheduler, steps, model.sampling, denoise, sampler_name))
    guider, tracer = guided(model, positive, negative, cfg), Tracer(positive)
    job = job_of(guider, Sampler(sampler_name), sigmas, latent_image, Noise(seed), seed)
    if len(sigmas) < 2:
        return Traced(latent_image, tracer.trace(job, job.latent, model.latent, latent_image, model.handle.family))
    result = await context.denoise(replace(job, on_step=tracer))
    trace = tracer.trace(job, result.x, model.latent, latent_image, model.handle.family)
    return Traced(sampled_of(guider, job, latent_image, result).output, trace)


@node("TraceStepAt", category=CATEGORY, label="Trace Step", facts=within("trace", 0, at_step))
def trace_step_at(*, trace: Trace, step: Step = 0) -> Moment:
    """Take one sampler step out of a trace, to look at what it saw or to go on from it.

    Args:
        trace: The sampler steps of a run, from Sampler Trace or Load Recording.
        step: Which of them, counted from 0.

    Returns:
        noisy: The noisy latent that the model was shown, as a sampler without added noise goes on from it.
        clean: The clean latent that guidance made of the model's answers.
        noise: The noise that the answer leaves, of unit variance where the model is right.
        sigma: The noise level of the step.
        sigmas: The noise levels from there on.
    """
    import torch

    from engine.diffusion.stepping import as_samples
    from engine.diffusion.tracing import noise_in, step_of
    from engine.diffusion.trajectory import trajectory_of

    at, trajectory, spec = step_of(trace, step), trajectory_of(trace.sampling), trace.latent
    like = _like(trace)
    return Moment(
        replace(like, samples=as_samples(at.x, spec, at.sigma, trajectory)),
        replace(like, samples=as_samples(at.clean, spec, 0.0, trajectory)),
        replace(like, samples=noise_in(at.x, at.clean, at.sigma, trajectory)),
        at.sigma,
        Sigmas(torch.tensor(trace.sigmas[step:], dtype=torch.float32)),
    )


@node("TraceBranch", runs_on="device", category=CATEGORY, label="Trace Branch", facts=within("trace", 0, branched))
async def trace_branch(
    *,
    trace: Trace,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    step: Step = 0,
    seed: Seed = 0,
    cfg: Scale = 8.0,
    sampler_name: SamplerName = "euler",
    context: Context,
) -> Branched:
    """Go on from a sampler step of a run, with another prompt, seed, cfg or sampler.

    Args:
        trace: The sampler steps of a run, from Sampler Trace or Load Recording.
        model: The denoiser.
        positive: What the picture should show from here on.
        negative: What the picture should not show from here on.
        step: The first sampler step to take anew, counted from 0.
        seed: Decides the noise that some samplers add from here on; the run's own seed gives the run's own noise.
        cfg: How far to go from the negative towards the positive prompt; 1 leaves the negative out.
        sampler_name: The method from here on.

    Returns:
        latent: The end of the run.
        trace: The steps before the branch, and the new ones.
    """
    import torch

    from engine.diffusion.tracing import Tracer, step_of

    at = step_of(trace, step)
    _same_latents(trace, model)
    start, noise = _start(trace, at)
    guider, tracer = guided(model, positive, negative, cfg), Tracer(positive, trace.steps[:step])
    sampler = trace.sampler if trace.sampler.name == sampler_name else Sampler(sampler_name)
    rest = torch.tensor(trace.sigmas[step:], dtype=torch.float32)
    job = replace(job_of(guider, sampler, rest, start, noise, seed), x=at.x, whole=trace.sigmas, on_step=tracer)
    result = await context.denoise(job)
    made = replace(tracer.trace(job, result.x, model.latent, start, model.handle.family), seed=trace.seed)
    text = begun_anew(sampler_name, step)
    return Branched(sampled_of(guider, job, start, result).output, made, Ui({"text": [text]} if text else {}))


def _like(trace: Trace) -> Latent:
    """A latent whose samples are to be replaced; what was kept by a mask is no longer told from the rest."""
    if trace.start is not None:
        return replace(trace.start, noise_mask=None)
    return Latent(trace.x, downscale=trace.latent.downscale)


def _start(trace: Trace, at: TraceStep) -> tuple[Latent, Noise]:
    """What a noise mask keeps and its noise, as the run had them; without a mask neither counts."""
    if trace.start is not None:
        return trace.start, Noise(trace.seed, trace.source)
    return Latent(at.clean, downscale=trace.latent.downscale), Noise(None, trace.source)


def _same_latents(trace: Trace, model: Model) -> None:
    from engine.diffusion.trajectory import trajectory_of

    if trace.latent != model.latent:
        raise Told(
            "The trace's latents have {found} channels and factor {found_factor}, the model takes {expected} and "
            "{expected_factor}; branch with a model of the same family.",
            found=trace.latent.channels,
            found_factor=f"{trace.latent.factor:g}",
            expected=model.latent.channels,
            expected_factor=f"{model.latent.factor:g}",
        )
    if trajectory_of(trace.sampling) != trajectory_of(model.sampling):
        raise Told(
            "The trace was made by a model that predicts {found} and this one predicts {expected}, which mixes noise "
            "another way; branch with a model of the same kind.",
            found=trace.sampling.prediction,
            expected=model.sampling.prediction,
        )
