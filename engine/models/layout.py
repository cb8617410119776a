"""The shape of each network, inferred from the names and sizes of its tensors.  Torch-free.

A file says nothing about its widths and depths except through its tensors; every function here takes the shapes of
one part, names without prefix, and raises ModelFileError when they do not make a whole network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from engine.graph.told import Telling, telling
from engine.models.header import ModelFileError, Shape

Shapes = Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class UNetLayout:
    """A denoiser: `widths` and `attention` by level, `layers` residual blocks a level on the way down."""

    channels: int
    widths: tuple[int, ...]
    layers: int
    attention: tuple[int, ...]
    """Transformer blocks in a row at each level; 0 (or False) is none."""
    context: int
    linear: bool
    """Whether the projections around attention are linear layers or 1×1 convolutions."""
    middle: int = 1
    """Transformer blocks in the middle."""
    vector: int = 0
    """Length of the vector that is read beside the text; 0 is none."""


@dataclass(frozen=True, slots=True)
class VaeLayout:
    """An autoencoder: `widths` by level, `layers` residual blocks a level in the encoder (one more in the decoder)."""

    channels: int
    widths: tuple[int, ...]
    layers: int
    latent: int


@dataclass(frozen=True, slots=True)
class ClipLayout:
    """A CLIP text encoder."""

    vocabulary: int
    positions: int
    width: int
    hidden: int
    layers: int


_MIDDLE = {
    "ldm": ("input_blocks.0.0.weight", "middle_block.1", "label_emb.0.0.weight"),
    "diffusers": ("conv_in.weight", "mid_block.attentions.0", "add_embedding.linear_1.weight"),
}
_DEPTH = "transformer_blocks.{}.attn2.to_k.weight"


def unet_layout(shapes: Shapes, naming: str) -> UNetLayout:
    """Infer a denoiser's layout from its tensors' names, in the original code's or diffusers' naming."""
    levels = list(_unet_levels_ldm(shapes) if naming == "ldm" else _unet_levels_diffusers(shapes))
    conv_in, middle, vector = _MIDDLE[naming]
    context = _size(shapes, f"{middle}.{_DEPTH.format(0)}", 2)[1]
    layout = UNetLayout(
        channels=_size(shapes, conv_in, 4)[1],
        widths=tuple(width for width, _, _ in levels),
        layers=_same(telling("residual blocks"), [layers for _, layers, _ in levels]),
        attention=tuple(attention for _, _, attention in levels),
        context=context,
        linear=len(_size(shapes, f"{middle}.proj_in.weight")) == 2,
        middle=_depth(shapes, middle),
        vector=_size(shapes, vector, 2)[1] if vector in shapes else 0,
    )
    if layout.attention[-1] not in (0, layout.middle):
        raise ModelFileError(
            "its last level has {last} transformer blocks in a row and its middle {middle}, and only "
            "the same number is understood",
            last=layout.attention[-1],
            middle=layout.middle,
        )
    return layout


def _depth(shapes: Shapes, attention: str) -> int:
    """Transformer blocks in a row at a place; 0 where there is no attention."""
    return len(list(_run(shapes, f"{attention}.{_DEPTH}")))


def _unet_levels_ldm(shapes: Shapes) -> Iterator[tuple[int, int, int]]:
    """Input blocks after the first are residual blocks; one that holds only `op` ends a level."""
    width, layers, depths = 0, 0, set[int]()
    for i in count(1):
        shape = shapes.get(f"input_blocks.{i}.0.in_layers.2.weight")
        if shape is not None:
            width, layers = shape[0], layers + 1
            depths.add(_depth(shapes, f"input_blocks.{i}.1"))
            continue
        if layers:
            yield width, layers, _same(telling("transformer blocks"), list(depths))
        if f"input_blocks.{i}.0.op.weight" not in shapes:
            return
        layers, depths = 0, set()


def _unet_levels_diffusers(shapes: Shapes) -> Iterator[tuple[int, int, int]]:
    for i in count():
        widths = list(_run(shapes, f"down_blocks.{i}.resnets.{{}}.conv1.weight"))
        if not widths:
            return
        depths = {_depth(shapes, f"down_blocks.{i}.attentions.{layer}") for layer in range(len(widths))}
        yield widths[-1][0], len(widths), _same(telling("transformer blocks"), list(depths))


def vae_layout(shapes: Shapes, naming: str) -> VaeLayout:
    """Infer an autoencoder's layout from its tensors' names, in the original code's or diffusers' naming."""
    block = {"ldm": "encoder.down.{}.block.{{}}", "diffusers": "encoder.down_blocks.{}.resnets.{{}}"}[naming]
    levels: list[list[Shape]] = []
    while level := list(_run(shapes, block.format(len(levels)) + ".conv1.weight")):
        levels.append(level)
    return VaeLayout(
        channels=_size(shapes, "encoder.conv_in.weight", 4)[1],
        widths=tuple(level[-1][0] for level in levels),
        layers=_same(telling("residual blocks"), [len(level) for level in levels]),
        latent=_size(shapes, "decoder.conv_in.weight", 4)[1],
    )


def clip_layout(shapes: Shapes) -> ClipLayout:
    """Infer a CLIP text encoder's layout from its tensors' names."""
    vocabulary, width = _size(shapes, "embeddings.token_embedding.weight", 2)
    return ClipLayout(
        vocabulary=vocabulary,
        positions=_size(shapes, "embeddings.position_embedding.weight", 2)[0],
        width=width,
        hidden=_size(shapes, "encoder.layers.0.mlp.fc1.weight", 2)[0],
        layers=len(list(_run(shapes, "encoder.layers.{}.mlp.fc1.weight"))),
    )


def _run(shapes: Shapes, pattern: str) -> Iterator[Shape]:
    """Shapes of pattern.format(0), pattern.format(1), … as long as they are there."""
    for i in count():
        shape = shapes.get(pattern.format(i))
        if shape is None:
            return
        yield shape


def _size(shapes: Shapes, name: str, dimensions: int | None = None) -> Shape:
    shape = shapes.get(name)
    if shape is None:
        raise ModelFileError(
            'the tensor "{name}" is missing',
            name=name,
        )
    if dimensions is not None and len(shape) != dimensions:
        raise ModelFileError(
            'the tensor "{name}" has shape {shape}, not {dimensions} dimensions',
            name=name,
            shape=str(list(shape)),
            dimensions=dimensions,
        )
    return shape


def _same(what: Telling, counts: list[int]) -> int:
    if len(set(counts)) != 1:
        raise ModelFileError(
            "its levels have {counts} {what}, and only the same number is understood",
            counts=str(counts),
            what=what,
        )
    return counts[0]
