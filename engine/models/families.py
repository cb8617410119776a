"""Model families as rows: what tells one from another, and what the engine must know about each.  Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.diffusion.types import LatentSpec, ModelSampling, VectorName, Wants
from engine.models.handle import Part
from engine.models.header import Shape
from engine.models.vocabulary import END_ID

Naming = str
"""How a file names a part's tensors: "ldm" (the original code's), "diffusers", "hf" (transformers), "openclip" (whose
attention has one matrix for queries, keys and values)."""

ORDER: tuple[Part, ...] = ("denoiser", "text_g", "text", "vae")
"""What a checkpoint may hold, in the order in which its parts name its family."""

TEXTS: tuple[Part, ...] = ("text", "text_g")
"""Text encoders, in the order in which the denoiser reads them."""


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
_TEXT_G = (*(f"text_model.{name}" for name in _TEXT), "text_projection.weight")
_OPENCLIP = ("token_embedding.weight", "positional_embedding", "transformer.resblocks.0.attn.in_proj_weight")

LAYOUTS: tuple[Layout, ...] = (
    Layout("denoiser", "ldm", "model.diffusion_model.", _UNET_LDM),
    Layout("denoiser", "ldm", "", _UNET_LDM),
    Layout("denoiser", "diffusers", "", _UNET_DIFFUSERS),
    Layout("text", "hf", "cond_stage_model.transformer.text_model.", _TEXT),
    Layout("text", "hf", "cond_stage_model.transformer.", _TEXT),
    Layout("text", "hf", "conditioner.embedders.0.transformer.text_model.", _TEXT),
    Layout("text", "hf", "clip_l.transformer.text_model.", _TEXT),
    Layout("text", "hf", "text_model.", _TEXT),
    Layout("text", "hf", "", _TEXT),
    Layout("text", "openclip", "cond_stage_model.model.", _OPENCLIP),
    Layout("text", "openclip", "", _OPENCLIP),
    Layout("text_g", "openclip", "conditioner.embedders.1.model.", _OPENCLIP),
    Layout("text_g", "openclip", "conditioner.embedders.0.model.", _OPENCLIP),
    Layout("text_g", "openclip", "", _OPENCLIP),
    Layout("text_g", "hf", "clip_g.transformer.", _TEXT_G),
    Layout("text_g", "hf", "", _TEXT_G),
    Layout("vae", "ldm", "first_stage_model.", _VAE_LDM),
    Layout("vae", "ldm", "", _VAE_LDM),
    Layout("vae", "diffusers", "", _VAE_DIFFUSERS),
)
"""Tried in this order; the first of a part wins."""

_ATTN2 = "transformer_blocks.0.attn2.to_k.weight"

LANDMARKS: Mapping[tuple[Part, Naming], Mapping[str, str]] = {
    ("denoiser", "ldm"): {
        "input": "input_blocks.0.0.weight",
        "context": f"middle_block.1.{_ATTN2}",
        "vector": "label_emb.0.0.weight",
    },
    ("denoiser", "diffusers"): {
        "input": "conv_in.weight",
        "context": f"mid_block.attentions.0.{_ATTN2}",
        "vector": "add_embedding.linear_1.weight",
    },
    ("text", "hf"): {"tokens": "embeddings.token_embedding.weight"},
    ("text", "openclip"): {"tokens": "token_embedding.weight"},
    ("text_g", "hf"): {"tokens": "text_model.embeddings.token_embedding.weight"},
    ("text_g", "openclip"): {"tokens": "token_embedding.weight"},
    ("vae", "ldm"): {"latent": "decoder.conv_in.weight"},
    ("vae", "diffusers"): {"latent": "decoder.conv_in.weight"},
}
"""The tensors whose shapes tell families apart, by a name of their own that holds in every naming."""

Mark = tuple[int | tuple[int, ...] | None, ...]
"""A shape to match; None is any size, a tuple one of several."""


@dataclass(frozen=True, slots=True)
class TextKind:
    """What is fixed about a text encoder and not seen in its tensors."""

    head: int = 64
    """Width of one attention head."""
    activation: str = "quick_gelu"
    pad: int = END_ID
    """Token that fills a chunk after its end."""
    layer: int = -1
    """The layer whose states the denoiser reads, from the end: -1 the last."""
    normed: bool = True
    """Whether the final norm is applied to those states."""


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of model: marks by part and landmark, sampling and latents; the most specific match wins."""

    name: str
    title: str
    marks: Mapping[Part, Mapping[str, Mark]]
    texts: Mapping[Part, TextKind] = field(default_factory=lambda: {"text": TextKind()})
    """The text encoders whose vectors the denoiser reads, joined in this order."""
    sampling: ModelSampling = field(default_factory=ModelSampling)
    latent: LatentSpec = field(default_factory=LatentSpec)
    space: str = "sd"
    """Families of one space read each other's latents."""
    vector: VectorName = ""
    """Numbers that the denoiser reads beside pooled text."""
    heads: int | None = 8
    """Attention heads at every level of the denoiser; None is as many as `head` gives."""
    head: int = 64
    """Width of one attention head of a denoiser without fixed `heads`."""
    rgb: Sequence[tuple[float, float, float]] = ()
    """How latents look, roughly: red, green, blue, -1 to 1, of each channel in the sampler's units, and an offset."""

    def text_width(self, part: Part) -> int:
        """Width of the vectors of a text encoder."""
        width = self.marks[part]["tokens"][1]
        assert isinstance(width, int)
        return width

    def specific(self, part: Part) -> int:
        """How many sizes this family fixes for a part: the order among families that match."""
        return sum(size is not None for mark in self.marks.get(part, {}).values() for size in mark)


# Found by keturn on decoded pictures of Stable Diffusion 1.4 (2022).
_RGB_1 = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
    (0.0, 0.0, 0.0),
)
# Found by Vass on decoded pictures of SDXL (2023).
_RGB_XL = (
    (0.471, 0.471, 0.471),
    (-0.471, -0.039, 0.078),
    (0.196, 0.118, -0.039),
    (-0.549, -0.392, -0.275),
    (0.176, 0.098, 0.020),
)

_INPUT: Mark = (None, (4, 5, 9), 3, 3)
"""Plain models, those that also read depth, and those for inpainting."""
_KL: Mark = (512, 4, 3, 3)
_OPEN = TextKind(activation="gelu", pad=0, layer=-2)
_XL_L = TextKind(layer=-2, normed=False)
_XL_G = TextKind(activation="gelu", pad=0, layer=-2, normed=False)

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            "sd1",
            "Stable Diffusion 1.x",
            {
                "denoiser": {"input": _INPUT, "context": (None, 768)},
                "text": {"tokens": (None, 768)},
                "vae": {"latent": _KL},
            },
            rgb=_RGB_1,
        ),
        Family(
            "sd2",
            "Stable Diffusion 2.x",
            {
                "denoiser": {"input": _INPUT, "context": (None, 1024)},
                "text": {"tokens": (None, 1024)},
                "vae": {"latent": _KL},
            },
            texts={"text": _OPEN},
            heads=None,
            rgb=_RGB_1,
        ),
        Family(
            "sdxl",
            "Stable Diffusion XL",
            {
                "denoiser": {"input": _INPUT, "context": (None, 2048), "vector": (None, 2816)},
                "text": {"tokens": (None, 768)},
                "text_g": {"tokens": (None, 1280)},
                "vae": {"latent": _KL},
            },
            texts={"text": _XL_L, "text_g": _XL_G},
            latent=LatentSpec(factor=0.13025),
            space="sdxl",
            vector="sdxl",
            heads=None,
            rgb=_RGB_XL,
        ),
        Family(
            "sdxl_refiner",
            "Stable Diffusion XL refiner",
            {
                "denoiser": {"input": _INPUT, "context": (None, 1280), "vector": (None, 2560)},
                "text_g": {"tokens": (None, 1280)},
                "vae": {"latent": _KL},
            },
            texts={"text_g": _XL_G},
            latent=LatentSpec(factor=0.13025),
            space="sdxl",
            vector="refiner",
            heads=None,
            rgb=_RGB_XL,
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
            space="mini1",
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

CLIP_TYPES: Mapping[str, tuple[str, ...]] = {
    "stable_diffusion": ("sd1", "sd2", "sdxl_refiner", "mini1"),
    "sdxl": ("sdxl", "sdxl_refiner"),
}
"""The `type` of CLIPLoader and DualCLIPLoader, and the families a text encoder of that type may belong to."""


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
    wants: Wants = field(default_factory=Wants)
    """What the denoiser reads beside x, time and text."""
    families: tuple[str, ...] = ()
    """Every family that these parts may be of; a lone VAE or text encoder may serve several, `family` is the first."""
    notes: tuple[str, ...] = ()
    """Sentences for whoever loads it, such as a guess that can be overridden."""

    @property
    def texts(self) -> tuple[Part, ...]:
        """The text encoders it holds, in the order in which the denoiser reads them."""
        return tuple(part for part in TEXTS if part in self.parts)


def matches(part: Part, shapes: Mapping[str, Shape], naming: Naming, prefix: str) -> tuple[str, ...]:
    """Names of the most specific families whose marks for `part` fit these shapes; several where nothing tells."""
    fitting = [f for f in FAMILIES.values() if part in f.marks and _fits(f.marks[part], part, shapes, naming, prefix)]
    best = max((family.specific(part) for family in fitting), default=0)
    return tuple(family.name for family in fitting if family.specific(part) == best)


def _fits(marks: Mapping[str, Mark], part: Part, shapes: Mapping[str, Shape], naming: Naming, prefix: str) -> bool:
    names = LANDMARKS[part, naming]
    return all(_agrees(shapes.get(prefix + names[landmark]), mark) for landmark, mark in marks.items())


def _agrees(shape: Shape | None, mark: Mark) -> bool:
    return (
        shape is not None
        and len(shape) == len(mark)
        and all(
            want is None or (size in want if isinstance(want, tuple) else want == size)
            for want, size in zip(mark, shape, strict=True)
        )
    )
