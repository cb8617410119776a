"""The shape of each network, inferred from the names and sizes of its tensors.  Torch-free.

A file says nothing about its widths and depths except through its tensors; every function here takes the shapes of
one part, names without prefix, and raises ModelFileError when they do not make a whole network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from engine.models.header import ModelFileError, Shape

Shapes = Mapping[str, Shape]


@dataclass(frozen=True, slots=True)
class UNetLayout:
    """A denoiser: `widths` and `attention` by level, `layers` residual blocks a level on the way down."""

    channels: int
    widths: tuple[int, ...]
    layers: int
    attention: tuple[bool, ...]
    context: int
    linear: bool
    """Whether the projections around attention are linear layers or 1×1 convolutions."""


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


def unet_layout(shapes: Shapes, naming: str) -> UNetLayout:
    """Infer a denoiser's layout from its tensors' names, in the original code's or diffusers' naming."""
    levels = list(_unet_levels_ldm(shapes) if naming == "ldm" else _unet_levels_diffusers(shapes))
    conv_in, middle = {
        "ldm": ("input_blocks.0.0.weight", "middle_block.1"),
        "diffusers": ("conv_in.weight", "mid_block.attentions.0"),
    }[naming]
    return UNetLayout(
        channels=_size(shapes, conv_in, 4)[1],
        widths=tuple(width for width, _, _ in levels),
        layers=_same("residual blocks", [layers for _, layers, _ in levels]),
        attention=tuple(attention for _, _, attention in levels),
        context=_size(shapes, f"{middle}.transformer_blocks.0.attn2.to_k.weight", 2)[1],
        linear=len(_size(shapes, f"{middle}.proj_in.weight")) == 2,
    )


def _unet_levels_ldm(shapes: Shapes) -> Iterator[tuple[int, int, bool]]:
    """Input blocks after the first are residual blocks; one that holds only `op` ends a level."""
    width, layers, attention = 0, 0, False
    for i in count(1):
        shape = shapes.get(f"input_blocks.{i}.0.in_layers.2.weight")
        if shape is not None:
            width, layers = shape[0], layers + 1
            attention = attention or f"input_blocks.{i}.1.proj_in.weight" in shapes
            continue
        if layers:
            yield width, layers, attention
        if f"input_blocks.{i}.0.op.weight" not in shapes:
            return
        layers, attention = 0, False


def _unet_levels_diffusers(shapes: Shapes) -> Iterator[tuple[int, int, bool]]:
    for i in count():
        widths = list(_run(shapes, f"down_blocks.{i}.resnets.{{}}.conv1.weight"))
        if not widths:
            return
        yield widths[-1][0], len(widths), f"down_blocks.{i}.attentions.0.proj_in.weight" in shapes


def vae_layout(shapes: Shapes, naming: str) -> VaeLayout:
    """Infer an autoencoder's layout from its tensors' names, in the original code's or diffusers' naming."""
    block = {"ldm": "encoder.down.{}.block.{{}}", "diffusers": "encoder.down_blocks.{}.resnets.{{}}"}[naming]
    levels: list[list[Shape]] = []
    while level := list(_run(shapes, block.format(len(levels)) + ".conv1.weight")):
        levels.append(level)
    return VaeLayout(
        channels=_size(shapes, "encoder.conv_in.weight", 4)[1],
        widths=tuple(level[-1][0] for level in levels),
        layers=_same("residual blocks", [len(level) for level in levels]),
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
        raise ModelFileError(f'the tensor "{name}" is missing')
    if dimensions is not None and len(shape) != dimensions:
        raise ModelFileError(f'the tensor "{name}" has shape {list(shape)}, not {dimensions} dimensions')
    return shape


def _same(what: str, counts: list[int]) -> int:
    if len(set(counts)) != 1:
        raise ModelFileError(f"its levels have {counts} {what}, and only the same number at each is understood")
    return counts[0]
