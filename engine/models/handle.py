"""Handles: recipes for weights, and the socket values that carry them.  Torch-free; small, hashable, sendable."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from engine.diffusion.types import LatentSpec, ModelSampling
from engine.files import FileRef
from engine.graph.keys import digest

if TYPE_CHECKING:
    from engine.diffusion.guidance import Cfg, Single

Part = Literal["denoiser", "text", "vae"]
PARTS: tuple[Part, ...] = ("denoiser", "text", "vae")

Storage = Literal["default", "fp8_e4m3fn", "fp8_e5m2"]
"""How the weights are kept between uses; "default" is the dtype of the precision policy."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A change to a part's weights (a LoRA): file and strength, applied in the order of `ModelHandle.patches`."""

    source: FileRef
    strength: float

    def __digest__(self) -> tuple[Any, ...]:
        return (self.source, self.strength)


@dataclass(frozen=True, slots=True)
class ModelHandle:
    """One part of a model file: what to load, not the weights.  Two handles with equal `key` share weights."""

    source: FileRef
    family: str
    part: Part
    patches: tuple[Patch, ...] = ()
    storage: Storage = "default"
    _key: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_key", digest("model", *self.__digest__()))

    def __digest__(self) -> tuple[Any, ...]:
        return (self.source, self.family, self.part, self.patches, self.storage)

    @property
    def key(self) -> bytes:
        """Digest of everything that decides the weights; the file's name is not part of it."""
        return self._key

    def patched(self, *patches: Patch) -> ModelHandle:
        """The same part with `patches` applied after those it already has."""
        return replace(self, patches=(*self.patches, *patches))


@dataclass(frozen=True, slots=True)
class Model:
    """MODEL: a denoiser, how its noise is scheduled and what its latents look like."""

    handle: ModelHandle
    sampling: ModelSampling = field(default_factory=ModelSampling)
    latent: LatentSpec = field(default_factory=LatentSpec)

    def __digest__(self) -> tuple[Any, ...]:
        return (self.handle, *_fields(self.sampling), *_fields(self.latent))


@dataclass(frozen=True, slots=True)
class Clip:
    """CLIP: a text encoder; `layer` is the layer to stop at, counted from the end (-1 the last), None the family's."""

    handle: ModelHandle
    layer: int | None = None

    def __digest__(self) -> tuple[Any, ...]:
        return (self.handle, self.layer)


@dataclass(frozen=True, slots=True)
class Vae:
    """VAE: the autoencoder between pictures and latents."""

    handle: ModelHandle
    latent: LatentSpec = field(default_factory=LatentSpec)

    def __digest__(self) -> tuple[Any, ...]:
        return (self.handle, *_fields(self.latent))


@dataclass(frozen=True, slots=True)
class Guider:
    """GUIDER: a model and the rule that combines its branches."""

    model: Model
    rule: Cfg | Single


def _fields(value: ModelSampling | LatentSpec) -> tuple[Hashable, ...]:
    return tuple(getattr(value, name) for name in value.__dataclass_fields__)
