"""What a ControlNet's file is, from its header: family, sizes and naming.  Torch-free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Literal

from engine.graph.told import Telling, telling
from engine.models.beside import CONFIG, configuration, remembered
from engine.models.detect import read_header
from engine.models.families import FAMILIES
from engine.models.header import Header, ModelFileError, Shape, first_names
from engine.models.mistaken import mistaken

Shapes = Mapping[str, Shape]
ControlNaming = Literal["ldm", "diffusers"]

MODES: tuple[str, ...] = (
    "openpose",
    "depth",
    "hed/pidi/scribble/ted",
    "canny/lineart/anime_lineart/mlsd",
    "normal",
    "segment",
    "tile",
    "repaint",
)
"""What a hint can show, by the number that union ControlNets know it by; the first unions know six."""

AUTO = "auto"
"""The mode that leaves it to the ControlNet."""

HINT_CHANNELS = 3
LATENT_CHANNELS = 4
POOLED_NAMES = ("_shuffle", "_shuffle_fp16")
"""Ends of the names under which ControlNets were published whose residuals are averaged over the picture."""

ANCHORS: tuple[tuple[ControlNaming, str, str], ...] = (
    ("ldm", "control_model.", "input_hint_block.0.weight"),
    ("ldm", "", "input_hint_block.0.weight"),
    ("diffusers", "", "controlnet_cond_embedding.conv_in.weight"),
    ("diffusers", "controlnet.", "controlnet_cond_embedding.conv_in.weight"),
)
"""Naming, prefix, and the tensor that shows it."""

OTHERS: tuple[tuple[str, Telling], ...] = (
    (
        "lora_controlnet",
        telling("a Control-LoRA, which changes the denoiser's own weights; use the whole ControlNet instead"),
    ),
    ("lllite_", telling("a ControlNet-LLLite, which no node takes; use a ControlNet of the same kind instead")),
    ("body.0.in_conv.weight", telling("a T2I-Adapter, which no node takes; use a ControlNet of the same kind instead")),
    ("body.0.resnets.", telling("a T2I-Adapter, which no node takes; use a ControlNet of the same kind instead")),
    ("adapter.body.", telling("a T2I-Adapter, which no node takes; use a ControlNet of the same kind instead")),
    ("image_proj.", telling("an IP-Adapter, which is no ControlNet")),
    ("ip_adapter.", telling("an IP-Adapter, which is no ControlNet")),
    (
        "controlnet_blocks.",
        telling("a ControlNet for Stable Diffusion 3, Flux or the like, and none of these is loaded here"),
    ),
    ("lora_unet_", telling("a LoRA; load it with LoraLoader")),
)
"""Beginnings of names in files that steer pictures in other ways, and what such a file is."""

CHECKPOINT = ("model.diffusion_model.", telling("a checkpoint; load it with CheckpointLoaderSimple"))
"""A checkpoint that holds no ControlNet; some hold both."""

DIFFERENCE = "difference"
"""A tensor in files that hold only how the weights differ from those of the denoiser they were trained with."""


@dataclass(frozen=True, slots=True)
class ControlLayout:
    """A ControlNet: the way down of a denoiser, and what reads the hint.

    `attention` is the number of transformer blocks by level, None where there is no attention (0 is one without
    blocks); `middle` the same in the middle.  `hint` are the widths of the hint's convolutions.
    """

    widths: tuple[int, ...]
    layers: int
    attention: tuple[int | None, ...]
    middle: int | None
    context: int
    linear: bool
    hint: tuple[int, ...]
    vector: int = 0
    modes: int = 0
    """Kinds of hints that a union knows apart; 0 for a ControlNet of one kind."""
    mixer: int = 0
    """Width of a union's transformer."""
    mixers: int = 0
    """Layers of it."""


@dataclass(frozen=True, slots=True)
class ControlFile:
    """A ControlNet's file: how it names its tensors, and what it holds."""

    family: str
    layout: ControlLayout
    naming: ControlNaming
    prefix: str
    nbytes: int
    pooled: bool = False
    """Whether its residuals are averaged over the picture."""
    bgr: bool = False
    """Whether it reads blue, green, red."""
    difference: bool = False
    """Whether the weights are to be added to those of a denoiser."""


@remembered
def inspect_control(path: Path) -> ControlFile:
    """What the file holds; raises ModelFileError with one clear sentence.  A config.json beside it is read too."""
    header = read_header(path)
    naming, prefix = _anchored(path.name, header)
    own = {name.removeprefix(prefix): entry for name, entry in header.tensors.items() if name.startswith(prefix)}
    shapes = {name: entry.shape for name, entry in own.items()}
    try:
        layout = control_layout(shapes, naming)
    except ModelFileError as error:
        raise ModelFileError(
            "{name} is not a whole ControlNet: {reason}.",
            name=path.name,
            reason=error.telling,
        ) from None
    config = _config(path.parent)
    return ControlFile(
        _family(path.name, layout),
        layout,
        naming,
        prefix,
        sum(entry.nbytes for entry in own.values()),
        pooled=bool(config.get("global_pool_conditions")) or path.stem.endswith(POOLED_NAMES),
        bgr=config.get("controlnet_conditioning_channel_order") == "bgr",
        difference=DIFFERENCE in header.tensors,
    )


def _anchored(name: str, header: Header) -> tuple[ControlNaming, str]:
    """Naming and prefix.  Some other files hold a hint's layers too, so these are looked for first."""
    _refuse(name, header, OTHERS)
    for naming, prefix, anchor in ANCHORS:
        if prefix + anchor in header.tensors:
            return naming, prefix
    _refuse(name, header, (CHECKPOINT,))
    raise mistaken(name, header, "ControlNetLoader") or ModelFileError(
        "{name} is not a ControlNet; its tensors are named like {some}.",
        name=name,
        some=first_names(header),
    )


def _refuse(name: str, header: Header, others: Sequence[tuple[str, Telling]]) -> None:
    for start, title in others:
        if any(key.startswith(start) for key in header.tensors):
            raise ModelFileError(
                "{name} is {title}.",
                name=name,
                title=title,
            )


def _config(folder: Path) -> Mapping[str, Any]:
    """The configuration beside the file, if it is a ControlNet's."""
    value = configuration(folder / CONFIG)
    return value if str(value.get("_class_name", "")).startswith("ControlNet") else {}


def _family(name: str, layout: ControlLayout) -> str:
    """The family whose denoisers read the same text and vector; without attention the vector alone tells."""
    for family in FAMILIES.values():
        marks = family.marks.get("denoiser", {})
        context, vector = marks["context"][1], marks.get("vector", (None, 0))[1]
        if layout.context in (context, 0) and layout.vector == vector and (layout.context or vector):
            return family.name
    known = ", ".join(family.title for family in FAMILIES.values())
    raise ModelFileError(
        "{name} is a ControlNet of no known family ({known}): it reads text of width {context} and a "
        "vector of {vector}.",
        name=name,
        known=known,
        context=layout.context,
        vector=layout.vector,
    )


_MIDDLE: Mapping[ControlNaming, tuple[str, str, str]] = {
    "ldm": ("input_blocks.0.0.weight", "middle_block.1", "label_emb.0.0.weight"),
    "diffusers": ("conv_in.weight", "mid_block.attentions.0", "add_embedding.linear_1.weight"),
}
_TO_K = "{}.transformer_blocks.{{}}.attn2.to_k.weight"


def control_layout(shapes: Shapes, naming: ControlNaming) -> ControlLayout:
    """Infer the layout from shapes by names without prefix; raises ModelFileError."""
    levels = list(_levels_ldm(shapes) if naming == "ldm" else _levels_diffusers(shapes))
    conv_in, middle, vector = _MIDDLE[naming]
    if not levels:
        raise ModelFileError("it has no residual blocks")
    if (channels := _size(shapes, conv_in, 1)) != LATENT_CHANNELS:
        raise ModelFileError(
            "it reads latents of {channels} channels, and only {expected} are understood",
            channels=channels,
            expected=LATENT_CHANNELS,
        )
    places = [level.place for level in levels if level.depth is not None] + [middle]
    layers = {level.layers for level in levels}
    if len(layers) != 1:
        raise ModelFileError(
            "its levels have {layers} residual blocks, and only the same number is understood",
            layers=str(sorted(layers)),
        )
    return ControlLayout(
        widths=tuple(level.width for level in levels),
        layers=layers.pop(),
        attention=tuple(level.depth for level in levels),
        middle=_depth(shapes, middle),
        context=next((_size(shapes, key, 1) for p in places if (key := _TO_K.format(p).format(0)) in shapes), 0),
        linear=any(len(shapes.get(f"{place}.proj_in.weight", ())) == 2 for place in places),
        hint=_hint(shapes, naming),
        vector=_size(shapes, vector, 1) if vector in shapes else 0,
        modes=_size(shapes, "task_embedding", 0) if "task_embedding" in shapes else 0,
        mixer=_size(shapes, "task_embedding", 1) if "task_embedding" in shapes else 0,
        mixers=_run(shapes, "transformer_layes.{}.ln_1.weight"),
    )


@dataclass(frozen=True, slots=True)
class _Level:
    width: int
    layers: int
    depth: int | None
    place: str
    """Its first attention."""


def _levels_ldm(shapes: Shapes) -> Iterator[_Level]:
    """Input blocks after the first are residual blocks; one that holds only `op` ends a level."""
    first = 1
    for i in count(1):
        if f"input_blocks.{i}.0.in_layers.2.weight" in shapes:
            continue
        if i > first:
            width = _size(shapes, f"input_blocks.{i - 1}.0.in_layers.2.weight", 0)
            place = f"input_blocks.{first}.1"
            yield _Level(width, i - first, _depth(shapes, place), place)
        if f"input_blocks.{i}.0.op.weight" not in shapes:
            return
        first = i + 1


def _levels_diffusers(shapes: Shapes) -> Iterator[_Level]:
    for i in count():
        layers = _run(shapes, f"down_blocks.{i}.resnets.{{}}.conv1.weight")
        if not layers:
            return
        width = _size(shapes, f"down_blocks.{i}.resnets.0.conv1.weight", 0)
        place = f"down_blocks.{i}.attentions.0"
        yield _Level(width, layers, _depth(shapes, place), place)


def _depth(shapes: Shapes, place: str) -> int | None:
    """Transformer blocks in a row at a place, None where there is no attention."""
    return _run(shapes, _TO_K.format(place)) if f"{place}.proj_in.weight" in shapes else None


_HINT: Mapping[ControlNaming, tuple[str, str, int, int]] = {
    "ldm": ("input_hint_block.0.weight", "input_hint_block.{}.weight", 4, 0),
    "diffusers": (
        "controlnet_cond_embedding.conv_in.weight",
        "controlnet_cond_embedding.blocks.{}.weight",
        2,
        1,
    ),
}
"""The first convolution; those that halve the picture, numbered step * i - offset for i from 1."""


def _hint(shapes: Shapes, naming: ControlNaming) -> tuple[int, ...]:
    """Widths of the hint's convolutions: the first, and each that halves the picture."""
    first, later, step, offset = _HINT[naming]
    if (channels := _size(shapes, first, 1)) != HINT_CHANNELS:
        raise ModelFileError(
            "it reads hints of {channels} channels, and only pictures of three colours are understood",
            channels=channels,
        )
    names = (later.format(step * i - offset) for i in count(1))
    halves = [_size(shapes, name, 0) for name in takewhile(shapes.__contains__, names)]
    return (_size(shapes, first, 0), *halves)


def _run(shapes: Shapes, pattern: str) -> int:
    """How many tensors of this name there are, numbered from 0."""
    return sum(1 for _ in takewhile(lambda i: pattern.format(i) in shapes, count()))


def _size(shapes: Shapes, name: str, axis: int) -> int:
    shape = shapes.get(name)
    if shape is None or len(shape) <= axis:
        raise ModelFileError(
            'the tensor "{name}" is missing or has another form',
            name=name,
        )
    return shape[axis]


def facts(path: Path, name: str) -> Mapping[str, Any]:
    """What is known of a ControlNet before a run; raises ModelFileError."""
    found = inspect_control(path)
    return {
        "family": found.family,
        "model_bytes": found.nbytes,
        "modes": found.layout.modes,
        "difference": found.difference,
    }
