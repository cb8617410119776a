"""What a sampler did, step by step, as a value.  Torch-free at import: tensors are named in annotations only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from engine.diffusion.types import Latent, LatentSpec, ModelSampling, NoiseSource, Sampler

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from torch import Tensor

    from engine.diffusion.predict import Evaluation
    from engine.diffusion.types import Network


@dataclass(frozen=True, slots=True, eq=False)
class TraceStep:
    """One sampler step: what the model was shown, and what it answered; float32 on the host, in the sampler's units."""

    step: int
    sigma: float
    x: Tensor
    """[B, C, h, w], the noisy latent at `sigma`."""
    clean: Tensor
    """[B, C, h, w], the clean latent that guidance made of the branches."""
    branches: tuple[tuple[str, Tensor], ...] = ()
    """The clean latent of each branch ("positive", "negative"), where the guider asked for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """TRACE: all sampler steps of one run, and what is needed to go on from any of them."""

    steps: tuple[TraceStep, ...]
    sigmas: tuple[float, ...]
    """All noise levels of the run, one more than steps where each was asked for once."""
    x: Tensor
    """[B, C, h, w], the end of the last step."""
    sampler: Sampler
    sampling: ModelSampling
    latent: LatentSpec
    """How the sampler's units become the autoencoder's: samples = value / factor + shift."""
    seed: int = 0
    source: NoiseSource = "cpu"
    family: str = ""
    """The family of the model, whose rough colours show its latents; "" is not known."""
    start: Latent | None = None
    """What the run began from: its noise mask holds for those who go on from a step, too."""
    ended: bool = True
    """False of a run that failed or was cancelled: then `x` is the last clean latent, and steps are missing."""


class Watch(Protocol):
    """Looks into the network while it answers; it must change no number that the network gives."""

    steps: frozenset[int]
    """The sampler steps that it wants to see, counted from 0."""

    def __call__(self, network: Network, asked: Sequence[tuple[int, Evaluation]]) -> AbstractContextManager[None]:
        """Around the calls of the network that answer `asked`: evaluations of the job, each with its first row.

        Rows are counted over all that is asked, of other jobs too; the calls have them in order, each once, in as many
        batches as memory allows.  A call that runs out of memory is made again with fewer rows.
        """
