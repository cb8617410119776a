"""What one question to the model costs: time and memory for a latent of a size."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from engine.diffusion.types import Conditioning, Latent, Noise, Sampler
from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.sockets import Range
from engine.graph.told import Told
from engine.models.handle import Guider, Model
from nodes.diffuse import CATEGORY
from nodes.sampling import job_of

if TYPE_CHECKING:
    from torch import Tensor

    from engine.diffusion.predict import Evaluation
    from engine.diffusion.types import Network


class Measured(NamedTuple):
    """The cost of one evaluation of the denoiser."""

    text: str
    seconds: float
    bytes: int
    ui: Ui


@dataclass
class _Clock:
    """Times the network's answers by sampler step, and notes what memory it says it takes.

    Only the calls themselves count: between them other work on the device has its turn.
    """

    steps: frozenset[int]
    spent: dict[int, float] = field(default_factory=dict)
    bytes: int = 0

    @contextmanager
    def __call__(self, network: Network, asked: Sequence[tuple[int, Evaluation]]) -> Iterator[None]:
        x, step = asked[0][1].x, asked[0][1].step
        each: Any = getattr(network, "row_bytes", lambda shape: 0)
        rows = sum(evaluation.x.shape[0] for _, evaluation in asked)
        self.bytes = max(self.bytes, rows * each(x.shape[1:]))
        _wait_for(x)
        started = time.perf_counter()
        yield
        _wait_for(x)
        self.spent[step] = self.spent.get(step, 0.0) + time.perf_counter() - started


def _wait_for(x: Tensor) -> None:
    """Until an accelerator is done with what it was handed."""
    import torch

    if x.device.type != "cpu":
        torch.accelerator.synchronize(x.device)


@node("MeasureStep", kind="volatile", runs_on="device", category=CATEGORY, label="Measure Step")
async def measure_step(
    *,
    model: Model,
    positive: Conditioning,
    latent_image: Latent,
    repeats: Annotated[int, Range(1, 100)] = 3,
    context: Context,
) -> Measured:
    """Measure how long the denoiser takes for a latent of this size: once to warm up, then a few times.

    Args:
        model: The denoiser.
        positive: A prompt; longer ones take a little longer.
        latent_image: A latent of the size to measure; what is in it does not count.
        repeats: How many evaluations are timed; the middle one counts.

    Returns:
        text: Size, time and memory in words.
        seconds: Time of one evaluation of the denoiser, with one prompt; guidance by two prompts takes two.
        bytes: Memory that the evaluation works in, beside the weights; an estimate from the network's widths.
    """
    from engine.diffusion.guidance import Single
    from engine.diffusion.schedules import make_sigmas

    clock = _Clock(frozenset(range(repeats + 1)))
    sigmas = make_sigmas("karras", repeats + 1, model.sampling)
    bare = replace(latent_image, noise_mask=None)
    job = job_of(Guider(model, Single(positive)), Sampler("euler"), sigmas, bare, Noise(0), 0)
    await context.denoise(replace(job, watch=clock))
    later = [spent for step, spent in clock.spent.items() if step]
    if not later:
        raise Told(
            "There is nothing to measure: the prompt acts nowhere in this picture; connect one whose area and mask are "
            "not empty."
        )
    seconds = median(later)
    text = _in_words(bare, seconds, clock.bytes)
    return Measured(text, seconds, clock.bytes, Ui({"text": [text]}))


def _in_words(latent: Latent, seconds: float, size: int) -> str:
    batch, channels, height, width = latent.samples.shape
    scale = latent.downscale
    return "\n".join(
        (
            f"latent {batch}×{channels}×{height}×{width}: {latent.samples.numel():,} numbers, "
            f"for {width * scale}×{height * scale} pixels",
            f"one evaluation of the denoiser: {seconds:.3g} s",
            f"memory that it works in: about {size / 1e6:,.0f} MB",
        )
    )
