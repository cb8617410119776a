"""Handles: recipes for weights, and the socket values that carry them.  Torch-free; small, hashable, sendable."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from engine.diffusion.types import LatentSpec, ModelSampling, Wants
from engine.files import FileRef
from engine.graph.keys import digest

if TYPE_CHECKING:
    from engine.diffusion.guidance import Cfg, RescaledCfg, Single

Part = Literal["denoiser", "text", "text_g", "vae", "control", "depth", "edges", "upscaler", "classifier"]
"""`text` is CLIP ViT-L or the only text encoder of a family, `text_g` OpenCLIP ViT-bigG beside it; `depth` estimates
depth, `edges` finds soft edges."""

PARTS: tuple[Part, ...] = ("denoiser", "text", "vae")
"""The parts of a checkpoint, in the order in which they name its family."""

DTYPE_OF: Mapping[Part, Literal["denoiser", "text", "vae"]] = {
    "denoiser": "denoiser",
    "control": "denoiser",
    "text": "text",
    "text_g": "text",
    "vae": "vae",
    "depth": "text",
    "edges": "text",
    "upscaler": "text",
    "classifier": "text",
}
"""Which of a policy's three dtypes each part computes in: bf16 is too coarse for what makes a picture in one pass."""

Storage = Literal["default", "fp8_e4m3fn", "fp8_e5m2"]
"""How the weights are kept between uses; "default" is the dtype of the precision policy."""

PatchKind = Literal["lora", "hypernetwork", "difference"]
"""A difference is the file of a denoiser whose weights are added to those of a ControlNet."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A change to a part's weights: a file and its strength, applied in the order of `ModelHandle.patches`.

    `blocks` are factors of the strength by block, as (prefix of the block's name, factor); the first that fits counts,
    and blocks that none names have 1.
    """

    source: FileRef
    strength: float
    kind: PatchKind = "lora"
    blocks: tuple[tuple[str, float], ...] = ()

    def __digest__(self) -> tuple[Any, ...]:
        return (self.source, self.strength, self.kind, self.blocks)


@dataclass(frozen=True, slots=True)
class ModelHandle:
    """One part of a model file: what to load, not the weights.  Two handles with equal `key` share weights."""

    source: FileRef
    family: str
    part: Part
    patches: tuple[Patch, ...] = ()
    storage: Storage = "default"
    _key: bytes = field(init=False, repr=False, compare=False)
    _base: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", digest("model", *self.__digest__()))
        object.__setattr__(self, "_base", digest("weights", self.source, self.family, self.part, self.storage))

    def __digest__(self) -> tuple[Any, ...]:
        return (self.source, self.family, self.part, self.patches, self.storage)

    @property
    def key(self) -> bytes:
        """Digest of everything that decides the numbers; the file's name is not part of it."""
        return self._key

    @property
    def base(self) -> bytes:
        """Digest of the weights without patches: handles that differ in patches only are one set of weights."""
        return self._base

    def patched(self, *patches: Patch) -> ModelHandle:
        """The same part with `patches` applied after those it already has."""
        return replace(self, patches=(*self.patches, *patches))


@dataclass(frozen=True, slots=True)
class Model:
    """MODEL: a denoiser, how its noise is scheduled, what its latents look like and what else its network reads."""

    handle: ModelHandle
    sampling: ModelSampling = field(default_factory=ModelSampling)
    latent: LatentSpec = field(default_factory=LatentSpec)
    wants: Wants = field(default_factory=Wants)
    rescale: float = 0.0
    """Share of RescaleCFG in every guidance with this model; 0 is none."""
    share: bool = False
    """Its samplers may go in one batch with others of which the same is said; that changes the last bits."""

    def __digest__(self) -> tuple[Any, ...]:
        numbers = (*_fields(self.sampling), *_fields(self.latent), *_fields(self.wants), self.rescale)
        return (self.handle, *numbers, self.share)


@dataclass(frozen=True, slots=True)
class Clip:
    """CLIP: the text encoders of a model, one or (SDXL) two: ViT-L first.

    `layer` is the layer to stop at, counted from the end (-1 the last), None the family's.
    """

    handles: tuple[ModelHandle, ...]
    layer: int | None = None

    @property
    def family(self) -> str:
        """The family whose prompts it encodes."""
        return self.handles[0].family

    def patched(self, *patches: Patch) -> Clip:
        """The same encoders, each with `patches` applied."""
        return replace(self, handles=tuple(handle.patched(*patches) for handle in self.handles))

    def __digest__(self) -> tuple[Any, ...]:
        return (self.handles, self.layer)


@dataclass(frozen=True, slots=True)
class Vae:
    """VAE: the autoencoder between pictures and latents."""

    handle: ModelHandle
    latent: LatentSpec = field(default_factory=LatentSpec)

    def __digest__(self) -> tuple[Any, ...]:
        return (self.handle, *_fields(self.latent))


@dataclass(frozen=True, slots=True)
class ControlNet:
    """CONTROL_NET: a network that steers a denoiser by a picture; `mode` is what the picture shows, for union files."""

    wire_name = "CONTROL_NET"

    handle: ModelHandle
    mode: str = "auto"

    def __digest__(self) -> tuple[Any, ...]:
        return (self.handle, self.mode)


@dataclass(frozen=True, slots=True)
class DepthModel:
    """DEPTH_MODEL: a network that estimates depth."""

    wire_name = "DEPTH_MODEL"

    handle: ModelHandle


@dataclass(frozen=True, slots=True)
class EdgeModel:
    """EDGE_MODEL: a network that finds soft edges."""

    wire_name = "EDGE_MODEL"

    handle: ModelHandle


@dataclass(frozen=True, slots=True)
class UpscaleModel:
    """UPSCALE_MODEL: a network that enlarges pictures `scale` times."""

    wire_name = "UPSCALE_MODEL"

    handle: ModelHandle
    scale: int = 4


@dataclass(frozen=True, slots=True)
class Guider:
    """GUIDER: a model and the rule that combines its branches."""

    model: Model
    rule: Cfg | RescaledCfg | Single


def _fields(value: ModelSampling | LatentSpec | Wants) -> tuple[Hashable, ...]:
    return tuple(getattr(value, name) for name in value.__dataclass_fields__)
