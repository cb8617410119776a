"""The values that flow between diffusion nodes.  Torch-free at import: tensors are named in annotations only."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NewType, Protocol

from engine.diffusion import soundness

if TYPE_CHECKING:
    from torch import Tensor

    Image = NewType("Image", Tensor)
    Mask = NewType("Mask", Tensor)
    Sigmas = NewType("Sigmas", Tensor)
    Conditioning = NewType("Conditioning", "tuple[Cond, ...]")
else:

    class _Marker:
        """Names a socket type; calling it returns its argument, as a NewType does.  `unsound` judges its values."""

        def __new__(cls, value):
            return value

    class Image(_Marker):
        """Pictures: float32 [B, H, W, C], 0 to 1, on the host."""

        unsound = staticmethod(soundness.pictures)

    class Mask(_Marker):
        """Masks: float32 [B, H, W], 0 to 1, on the host."""

        unsound = staticmethod(soundness.masks)

    class Sigmas(_Marker):
        """Noise levels of a run of the sampler, falling: float32 [n + 1], on the host."""

        unsound = staticmethod(soundness.levels)

    class Conditioning(_Marker):
        """A tuple of `Cond`, each for its own area, mask and time; where they meet they are averaged by strength."""

        unsound = staticmethod(soundness.prompts)


PredictionName = Literal["eps", "v", "x0", "lcm", "flow"]
ScheduleKind = Literal["scaled_linear", "linear", "flow"]


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """What the autoencoder makes of a picture: samples [B, C, h, w] float32 in the autoencoder's own units."""

    samples: Tensor
    noise_mask: Tensor | None = None
    """[B, 1 or nothing, H, W], 0 to 1: 1 is where the sampler may change the latent; any size, it is resized."""
    batch_index: tuple[int, ...] | None = None
    """Which picture of a larger batch each sample is, so that it gets that picture's noise."""
    downscale: int = 8

    unsound = staticmethod(soundness.latents)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the latent: in cells, or in fractions of its height and width when `fractions`."""

    y: float
    x: float
    height: float
    width: float
    fractions: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """A ControlNet at work: its handle, the picture it reads, and when and how strongly it counts."""

    handle: Hashable
    hint: Tensor
    """[B, H, W, 3], 0 to 1, on the host; resized to the size of the picture that is made."""
    strength: float = 1.0
    when: tuple[float, float] = (0.0, 1.0)
    """Start and end as fractions of the way from all noise (0) to none (1)."""
    mode: str = "auto"
    """What the picture shows, for ControlNets that were trained on several kinds ("union")."""
    both: bool = False
    """Whether it steers the negative conditionings too, where none of them has a ControlNet."""

    @property
    def counts(self) -> bool:
        """Whether it does anything at all."""
        return self.strength != 0 and self.when[0] < self.when[1]


@dataclass(frozen=True, slots=True, eq=False)
class Cond:
    """One prompt's vectors, and where, when and how strongly they hold."""

    embeds: Tensor
    """[B, T, D]; B is 1 or the batch's."""
    pooled: Tensor | None = None
    """[B, D']."""
    strength: float = 1.0
    area: Area | None = None
    mask: Tensor | None = None
    """[B, H, W], any size: how much it counts, times `strength`; 0 is not at all."""
    within_mask: bool = False
    """Show the network only the rectangle in which the mask is not 0, and no `area`."""
    when: tuple[float, float] = (0.0, 1.0)
    """Start and end as fractions of the way from all noise (0) to none (1)."""
    during: tuple[int, int, int] | None = None
    """In a run of so many sampler steps (the third number) it holds from the first to before the second, counted from
    0, wherever their noise levels lie; in other runs, and where this is None, `when` says it."""
    controls: tuple[Control, ...] = ()
    """ControlNets that steer its answer; the residuals of several are added."""
    concat: Tensor | None = None
    """[B, C', h, w]: channels joined to the network's input (inpainting, depth), in the network's own units."""
    size_crop: tuple[int, ...] | None = None
    """Height, width, crop top, crop left, target height, target width (SDXL)."""
    aesthetic: float | None = None
    """Aesthetic score (SDXL's refiner)."""
    term: tuple[int, float] | None = None
    """Of a composed prompt (Liu et al. 2022) which term this is, and its weight: terms are added, not averaged."""
    extras: tuple[tuple[str, Tensor], ...] = ()
    """Further named tensors [B, ...] for networks that want them."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A prompt as token ids: chunks of 77 with start, end and padding, and each token's weight.

    Ids behind the vocabulary's count through `learnt`: the file of a learnt word, and which of its vectors it is.
    """

    ids: tuple[tuple[int, ...], ...]
    weights: tuple[tuple[float, ...], ...]
    learnt: tuple[tuple[Hashable, int], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Embeds:
    """A prompt as token vectors [chunks, 77, D], before the transformer; the tokens they came from stay with them."""

    vectors: Tensor
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class ModelSampling:
    """How a denoiser was trained: what it predicts, and the noise levels it knows."""

    prediction: PredictionName = "eps"
    schedule: ScheduleKind = "scaled_linear"
    beta_start: float = 0.00085
    beta_end: float = 0.012
    steps: int = 1000
    zsnr: bool = False
    """Rescale the betas so that the last level is all noise (Lin et al. 2024)."""
    every: int = 1
    """A distilled model knows only every so-manieth of these levels, the last among them."""
    shift: float = 1.0
    """For the flow schedule: above 1 spends more steps at high noise (Esser et al. 2024)."""


VectorName = Literal["", "sdxl", "refiner"]


@dataclass(frozen=True, slots=True)
class Wants:
    """What a denoiser reads beside x, time and the text vectors."""

    concat: int = 0
    """Channels joined to x: 1 for depth, 5 for inpainting (mask and masked picture)."""
    vector: VectorName = ""
    """Numbers that go in beside pooled text: sizes and crop (sdxl), or sizes, crop and aesthetic score (refiner)."""


@dataclass(frozen=True, slots=True)
class LatentSpec:
    """What a family's latents look like; the sampler works on (samples - shift) * factor."""

    channels: int = 4
    downscale: int = 8
    factor: float = 0.18215
    shift: float = 0.0


NoiseSource = Literal["cpu", "nv"]


@dataclass(frozen=True, slots=True)
class Noise:
    """The seed of the initial noise, None adds none; drawn as torch draws it on the CPU, or on CUDA ("nv")."""

    seed: int | None
    source: NoiseSource = "cpu"


@dataclass(frozen=True, slots=True)
class Sampler:
    """A sampler's name in `names.SAMPLERS` and its options, as (name, value) pairs sorted by name."""

    name: str
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ControlRows:
    """One ControlNet for the rows of a batch."""

    handle: Hashable
    hint: Tensor
    """[N, 3, H, W], 0 to 1, at the size of the picture."""
    strength: Tensor
    """[N]."""
    mode: str = "auto"


class Network(Protocol):
    """A denoiser's bare network, as the loop calls it.

    `x` [B, C, h, w] is already scaled; `timestep` [B] float; `embeds` [B, T, D]; `pooled` [B, D'] and
    `extras["time_ids"]` [B, 5 or 6] for networks that want a vector.  Returns [B, C, h, w] in any float dtype: the
    network casts what it is given to the dtype of its own weights.
    """

    def __call__(
        self,
        x: Tensor,
        timestep: Tensor,
        embeds: Tensor,
        *,
        pooled: Tensor | None = None,
        concat: Tensor | None = None,
        extras: Mapping[str, Tensor] | None = None,
        controls: Sequence[ControlRows] = (),
    ) -> Tensor: ...
