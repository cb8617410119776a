"""The heat of a prompt's words at one sampler step of a trace: the denoiser is asked once more, and watched."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.diffusion.guidance import Single
from engine.diffusion.job import DenoiseJob
from engine.diffusion.traces import Trace, TraceStep
from engine.diffusion.trajectory import trajectory_of
from engine.diffusion.types import Conditioning, Sampler, Tokens
from engine.models.attention import LAYERS, AttentionWatch, Heat, Layer
from engine.models.handle import Model
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
    at = _at(trace, step)
    watch = AttentionWatch([0], choose=LAYERS[layer], head=None if head < 0 else head, longest=0)
    await denoise(_job(at, model, conditioning, watch))
    heat = _heat(watch, tokens, conditioning, at)
    return StepHeat(at, heat, watch.layers)


def _at(trace: Trace, step: int) -> TraceStep:
    count = len(trace.steps)
    if not 0 <= step < count:
        raise ValueError(f"There is no sampler step {step}: this trace has {count}, counted from 0 to {count - 1}.")
    return trace.steps[step]


def _job(at: TraceStep, model: Model, conditioning: Conditioning, watch: AttentionWatch) -> DenoiseJob:
    found, expected = at.x.shape[1], model.latent.channels
    if found != expected:
        raise ValueError(
            f"The trace has latents of {found} channels and the model takes {expected}; use the model that it ran with."
        )
    # The loop makes x of a clean latent and noise; this latent is already as noisy as it has to be.
    alpha = trajectory_of(model.sampling).alpha(at.sigma)
    return DenoiseJob(
        handle=model.handle,
        sampling=model.sampling,
        wants=model.wants,
        sampler=Sampler("euler"),
        guider=Single(conditioning),
        sigmas=torch.tensor([at.sigma, 0.0]),
        latent=at.x / alpha if alpha else torch.zeros_like(at.x),
        noise=None if alpha else at.x,
        watch=watch,
    )


def _heat(watch: AttentionWatch, tokens: Tokens, conditioning: Conditioning, at: TraceStep) -> Heat:
    heats = watch.heats(0, "positive")
    wanted = LENGTH * len(tokens.ids)
    fitting = [heat for heat in heats if heat.maps.shape[1] == wanted]
    if fitting:
        return fitting[0]
    if not heats:
        raise ValueError(
            f"This conditioning does not hold at sampler step {at.step} (sigma {at.sigma:.4g}); choose another step."
        )
    lengths = " and ".join(str(cond.embeds.shape[1]) for cond in conditioning)
    raise ValueError(
        f"These tokens are not those of the conditioning: they make {wanted} vectors, and it has {lengths}; "
        "give the tokens of the prompt that it was made from."
    )
