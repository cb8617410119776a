"""The parts of custom sampling: noise, guiders, samplers and noise levels as values."""

from __future__ import annotations

from typing import Annotated, NamedTuple, cast, get_args

from engine.diffusion.types import Conditioning, Noise, NoiseSource, Sampler, Sigmas
from engine.graph.define import node
from engine.graph.sockets import Choice, Range
from engine.models.handle import Guider, Model
from nodes.facts import passed
from nodes.sampling import SamplerName, Scale, Scheduler, Seed, Steps
from nodes.trace_facts import scheduled


class Split(NamedTuple):
    """The noise levels before and after a step; both hold the level at the cut."""

    high_sigmas: Sigmas
    low_sigmas: Sigmas


@node("KSamplerSelect", category="sampling/custom_sampling/samplers", label="KSamplerSelect")
def k_sampler_select(*, sampler_name: SamplerName = "euler") -> Sampler:
    """A sampler by its name.

    Args:
        sampler_name: The method that solves the equation of denoising.
    """
    return Sampler(sampler_name)


@node("BasicScheduler", category="sampling/custom_sampling/schedulers", label="BasicScheduler", facts=scheduled)
def basic_scheduler(
    *,
    model: Model,
    scheduler: Scheduler = "simple",
    steps: Steps = 20,
    denoise: Annotated[float, Range(0.0, 1.0, step=0.01)] = 1.0,
) -> Sigmas:
    """The noise levels of a run.

    Args:
        model: Its training decides which noise levels there are.
        scheduler: How the levels are spaced.
        steps: Sampler steps; there is one level more.
        denoise: Share of the noise: below 1 only the last steps of a longer run are taken, 0 gives no level.
    """
    from engine.diffusion.schedules import make_sigmas

    # As in ComfyUI: KSampler takes what a schedule gives, this node no more than `steps` (ddim_uniform rounds up).
    return Sigmas(make_sigmas(scheduler, steps, model.sampling, denoise)[-(steps + 1) :])


@node("SplitSigmas", category="sampling/custom_sampling/sigmas", label="SplitSigmas")
def split_sigmas(*, sigmas: Sigmas, step: Annotated[int, Range(0, 10000)] = 0) -> Split:
    """Cut noise levels in two, for two samplers in a row.

    Args:
        sigmas: The noise levels.
        step: How many steps belong to the first part.

    Returns:
        high_sigmas: The levels up to the cut.
        low_sigmas: The levels from the cut on.
    """
    return Split(Sigmas(sigmas[: step + 1].clone()), Sigmas(sigmas[step:].clone()))


@node("RandomNoise", category="sampling/custom_sampling/noise", label="RandomNoise")
def random_noise(*, noise_seed: Seed = 0, noise_source: Annotated[str, Choice(get_args(NoiseSource))] = "cpu") -> Noise:
    """The noise of a seed.

    Args:
        noise_seed: Decides the noise.
        noise_source: Whose random numbers the picture starts from: cpu as ComfyUI's, nv as those of an NVIDIA card in
            AUTOMATIC1111's program; both come out the same on every machine.
    """
    return Noise(noise_seed, cast(NoiseSource, noise_source))


@node("DisableNoise", category="sampling/custom_sampling/noise", label="DisableNoise")
def disable_noise() -> Noise:
    """No noise: for a latent that still holds the noise of an earlier sampler."""
    return Noise(None)


@node("CFGGuider", category="sampling/custom_sampling/guiders", label="CFGGuider", facts=passed("model"))
def cfg_guider(*, model: Model, positive: Conditioning, negative: Conditioning, cfg: Scale = 8.0) -> Guider:
    """Classifier-free guidance: go from the negative towards the positive answer, and beyond (Ho and Salimans, 2022).

    Args:
        model: The denoiser.
        positive: What the picture should show.
        negative: What the picture should not show.
        cfg: How far to go; 1 leaves the negative out.
    """
    from engine.diffusion import guidance

    return Guider(model, guidance.cfg(positive, negative, cfg, model.rescale))


@node("BasicGuider", category="sampling/custom_sampling/guiders", label="BasicGuider", facts=passed("model"))
def basic_guider(*, model: Model, conditioning: Conditioning) -> Guider:
    """Follow one prompt alone.

    Args:
        model: The denoiser.
        conditioning: What the picture should show.
    """
    from engine.diffusion.guidance import Single

    return Guider(model, Single(conditioning))
