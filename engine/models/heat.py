"""The heat of a prompt's words at one sampler step of a trace: the denoiser is asked once more, and watched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.diffusion.guidance import Single
from engine.diffusion.job import DenoiseJob
from engine.diffusion.noise import initial_noise
from engine.diffusion.traces import Trace, TraceStep
from engine.diffusion.tracing import step_of
from engine.diffusion.types import Conditioning, Latent, Sampler, Tokens
from engine.graph.told import Told, all_of
from engine.models.attention import LAYERS, AttentionWatch, Heat, Layer
from engine.models.handle import Guider, Model
from engine.models.sample import denoise_job
from engine.models.vocabulary import LENGTH
from engine.models.words import PromptWord

Denoise = Callable[[DenoiseJob], Awaitable[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class StepHeat:
    """The heat of all tokens at a sampler step."""

    step: TraceStep
    heat: Heat
    layers: tuple[Layer, ...]

    def of(self, word: PromptWord) -> Tensor:
        """[B, h, w]: the share of its attention that each cell gives to a word's tokens together."""
        return self.heat.maps[:, list(word.places)].sum(dim=1)

    def whole(self, maps: Tensor, *, smooth: bool = True) -> Tensor:
        """Maps [B, h, w] of the conditioning's place at the size of the whole latent, 0 where it does not hold."""
        height, width = self.step.x.shape[-2:]
        fine = F.interpolate(maps[:, None], size=self.heat.cells, mode="bilinear" if smooth else "nearest-exact")[:, 0]
        out = maps.new_zeros(maps.shape[0], height, width)
        out[:, self.heat.rows, self.heat.columns] = fine
        return out


async def step_heat(
    denoise: Denoise,
    trace: Trace,
    model: Model,
    conditioning: Conditioning,
    tokens: Tokens,
    *,
    step: int,
    layer: str,
    head: int = -1,
) -> StepHeat:
    """Ask the denoiser for one branch at the trace's x of a sampler step, and gather the heat of `tokens` in it.

    Args:
        denoise: runs a DenoiseJob. conditioning: the branch's, which `tokens` were made into. layer: in `LAYERS`.
        head: one of each layer's, or -1 for the mean over all.

    Raises ValueError for a step that is not in the trace, and for what `AttentionWatch` refuses.
    """
    at = step_of(trace, step)
    watch = AttentionWatch([0], choose=LAYERS[layer], head=None if head < 0 else head, longest=0)
    await denoise(_job(trace, at, model, conditioning, watch))
    heat = _heat(watch, tokens, conditioning, at)
    return StepHeat(at, heat, watch.layers)


def _job(trace: Trace, at: TraceStep, model: Model, conditioning: Conditioning, watch: AttentionWatch) -> DenoiseJob:
    """One question at x; a noise mask of the run mixes what it keeps into x, as it did then."""
    found, expected = at.x.shape[1], model.latent.channels
    if found != expected:
        raise Told(
            "The trace has latents of {found} channels and the model takes {expected}; use the model that it ran with.",
            found=found,
            expected=expected,
        )
    start = trace.start or Latent(at.clean, downscale=trace.latent.downscale)
    noise = None
    if start.noise_mask is not None:
        noise = initial_noise(start.samples.shape, trace.seed, start.batch_index, trace.source)
    guider = Guider(model, Single(conditioning))
    job = denoise_job(guider, Sampler("euler"), torch.tensor([at.sigma, 0.0]), start, noise, source=trace.source)
    return replace(job, x=at.x, watch=watch)


def _heat(watch: AttentionWatch, tokens: Tokens, conditioning: Conditioning, at: TraceStep) -> Heat:
    heats = watch.heats(0, "positive")
    wanted = LENGTH * len(tokens.ids)
    fitting = [heat for heat in heats if heat.maps.shape[1] == wanted]
    if fitting:
        return fitting[0]
    if not heats:
        raise Told(
            "This conditioning does not hold at sampler step {step} (sigma {sigma}); choose another step.",
            step=at.step,
            sigma=f"{at.sigma:.4g}",
        )
    lengths = all_of([cond.embeds.shape[1] for cond in conditioning])
    raise Told(
        "These tokens are not those of the conditioning: they make {wanted} vectors, and it has "
        "{lengths}; give the tokens of the prompt that it was made from.",
        wanted=wanted,
        lengths=lengths,
    )
