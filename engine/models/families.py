"""Model families as rows: what tells one from another, and what the engine must know about each.  Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.diffusion.types import LatentSpec, ModelSampling
from engine.models.handle import Part
from engine.models.header import Shape
from engine.models.vocabulary import END_ID

Naming = str
"""How a file names a part's tensors: "ldm" (the original code's), "diffusers", or "hf" (transformers)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A way in which files hold a part: the prefix of its names, and tensors that show it is there."""

    part: Part
    naming: Naming
    prefix: str
    anchors: tuple[str, ...]


_UNET_LDM = ("input_blocks.0.0.weight", "middle_block.0.in_layers.2.weight")
_UNET_DIFFUSERS = ("conv_in.weight", "mid_block.resnets.0.conv1.weight", "time_embedding.linear_1.weight")
_VAE_LDM = ("decoder.conv_in.weight", "decoder.mid.block_1.conv1.weight", "encoder.conv_in.weight")
_VAE_DIFFUSERS = ("decoder.conv_in.weight", "decoder.mid_block.resnets.0.conv1.weight", "encoder.conv_in.weight")
_TEXT = ("embeddings.token_embedding.weight", "encoder.layers.0.self_attn.q_proj.weight", "final_layer_norm.weight")

LAYOUTS: tuple[Layout, ...] = (
    Layout("denoiser", "ldm", "model.diffusion_model.", _UNET_LDM),
    Layout("denoiser", "ldm", "", _UNET_LDM),
    Layout("denoiser", "diffusers", "", _UNET_DIFFUSERS),
    Layout("text", "hf", "cond_stage_model.transformer.text_model.", _TEXT),
    Layout("text", "hf", "cond_stage_model.transformer.", _TEXT),
    Layout("text", "hf", "text_model.", _TEXT),
    Layout("text", "hf", "", _TEXT),
    Layout("vae", "ldm", "first_stage_model.", _VAE_LDM),
    Layout("vae", "ldm", "", _VAE_LDM),
    Layout("vae", "diffusers", "", _VAE_DIFFUSERS),
)
"""Tried in this order; the first of a part wins."""

_ATTN2 = "transformer_blocks.0.attn2.to_k.weight"

LANDMARKS: Mapping[tuple[Part, Naming], Mapping[str, str]] = {
    ("denoiser", "ldm"): {"input": "input_blocks.0.0.weight", "context": f"middle_block.1.{_ATTN2}"},
    ("denoiser", "diffusers"): {"input": "conv_in.weight", "context": f"mid_block.attentions.0.{_ATTN2}"},
    ("text", "hf"): {"tokens": "embeddings.token_embedding.weight"},
    ("vae", "ldm"): {"latent": "decoder.conv_in.weight"},
    ("vae", "diffusers"): {"latent": "decoder.conv_in.weight"},
}
"""The tensors whose shapes tell families apart, by a name of their own that holds in every naming."""

Mark = tuple[int | None, ...]
"""A shape to match; None is any size."""


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of model: marks by part and landmark, sampling and latents; the most specific match wins."""

    name: str
    title: str
    marks: Mapping[Part, Mapping[str, Mark]]
    sampling: ModelSampling = field(default_factory=ModelSampling)
    latent: LatentSpec = field(default_factory=LatentSpec)
    heads: int = 8
    """Attention heads at every level of the denoiser."""
    clip_head: int = 64
    """Width of one attention head of the text encoder."""
    activation: str = "quick_gelu"
    """Activation of the text encoder's layers."""
    pad: int = END_ID
    """Token that fills a chunk after its end."""
    rgb: Sequence[tuple[float, float, float]] = ()
    """How latents look, roughly: red, green, blue, -1 to 1, of each channel in the sampler's units, and an offset."""

    def specific(self, part: Part) -> int:
        """How many sizes this family fixes for a part: the order among families that match."""
        return sum(size is not None for mark in self.marks.get(part, {}).values() for size in mark)


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            "sd1",
            "Stable Diffusion 1.x",
            {
                "denoiser": {"input": (None, 4, 3, 3), "context": (None, 768)},
                "text": {"tokens": (None, 768)},
                "vae": {"latent": (512, 4, 3, 3)},
            },
            # Found by keturn on decoded pictures of Stable Diffusion 1.4 (2022).
            rgb=(
                (0.298, 0.207, 0.208),
                (0.187, 0.286, 0.173),
                (-0.158, 0.189, 0.264),
                (-0.184, -0.271, -0.473),
                (0.0, 0.0, 0.0),
            ),
        ),
        Family(
            "mini1",
            "mini-v1",
            {
                "denoiser": {"input": (None, 4, 3, 3), "context": (None, 64)},
                "text": {"tokens": (None, 64)},
                "vae": {"latent": (None, 4, 3, 3)},
            },
            sampling=ModelSampling(prediction="v"),
            # Least squares over 53 decoded pictures, one of each concept; they explain 96 to 98 % of the variance.
            rgb=(
                (0.509, 0.006, 0.004),
                (0.021, 0.448, -0.006),
                (0.010, -0.005, 0.519),
                (-0.002, 0.001, 0.0),
                (0.303, 0.080, -0.030),
            ),
        ),
    )
}
"""Every family the engine can load, by name."""

CLIP_TYPES: Mapping[str, tuple[str, ...]] = {"stable_diffusion": ("sd1", "mini1")}
"""CLIPLoader's `type` and the families a text encoder of that type may belong to."""


@dataclass(frozen=True, slots=True)
class Found:
    """A part seen in a file: its family, and how and under which prefix the file names its tensors."""

    part: Part
    family: str
    naming: Naming
    prefix: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """A model file as its header shows it: family, parts, bytes by part as stored, notes on what is odd."""

    family: str
    parts: Mapping[Part, Found]
    nbytes: Mapping[Part, int]
    sampling: ModelSampling = field(default_factory=ModelSampling)
    latent: LatentSpec = field(default_factory=LatentSpec)
    widths: Mapping[Part, int] = field(default_factory=dict)
    """Width of the text vectors that the denoiser reads or the text encoder makes."""


def match(part: Part, shapes: Mapping[str, Shape], naming: Naming, prefix: str) -> str | None:
    """Name of the most specific family whose marks for `part` fit these shapes; None if none does."""
    fitting = [f for f in FAMILIES.values() if part in f.marks and _fits(f.marks[part], part, shapes, naming, prefix)]
    return max(fitting, key=lambda family: family.specific(part)).name if fitting else None


def _fits(marks: Mapping[str, Mark], part: Part, shapes: Mapping[str, Shape], naming: Naming, prefix: str) -> bool:
    names = LANDMARKS[part, naming]
    return all(_agrees(shapes.get(prefix + names[landmark]), mark) for landmark, mark in marks.items())


def _agrees(shape: Shape | None, mark: Mark) -> bool:
    return (
        shape is not None
        and len(shape) == len(mark)
        and all(want is None or want == size for want, size in zip(mark, shape, strict=True))
    )
