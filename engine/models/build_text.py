"""CLIP text encoders built from the tensors of a file: transformers' modules, whatever names the file has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.models.detect import inspect_file, part_file, require
from engine.models.families import FAMILIES, TEXTS, Found, Inspected, TextKind
from engine.models.fill import Unfilled
from engine.models.handle import ModelHandle, Part
from engine.models.header import ModelFileError
from engine.models.layout import ClipLayout, clip_layout
from engine.models.libraries import light
from engine.models.openclip_keys import PROJECTION, as_transformers
from engine.models.precision import Policy
from engine.models.text_encoder import TextEncoder
from engine.models.weights import open_weights

MODEL = "text_model."
_PROJECTION = f"{PROJECTION}.weight"

CUT = 23
"""Layers of ViT-H in files that leave out the last of 24."""


def text(path: Path, handle: ModelHandle, policy: Policy) -> Unfilled:
    """A text encoder of a checkpoint, a folder, or a file of its own; raises ModelFileError."""
    inspected = inspect_file(path)
    kind = FAMILIES[handle.family].texts[handle.part]
    found = _found(inspected, handle.source.name, handle.family, handle.part)
    file = part_file(path, found.part) if path.is_dir() else path
    assert file is not None
    tensors = text_tensors(open_weights(file), found)
    module, names = text_module(tensors, kind, handle.source.name)
    cut = _cut(handle.family, module, folder=path.is_dir())
    filling = {name: tensors[own] for name, own in names.items()}
    return Unfilled(module, filling, lambda module: TextEncoder(module, kind, cut=cut), names)


def _found(inspected: Inspected, name: str, family: str, part: Part) -> Found:
    """The text encoder of the wanted width: a file of its own cannot tell which family it is for."""
    width = FAMILIES[family].text_width(part)
    here = next((other for other in (part, *TEXTS) if inspected.widths.get(other) == width), part)
    require(inspected, name, here)
    if (seen := inspected.widths.get(here)) != width:
        title = FAMILIES[family].title
        raise ModelFileError(
            "{name} holds a text encoder of width {seen}, and {title} takes one of width {width}.",
            name=name,
            seen=seen,
            title=title,
            width=width,
        )
    return inspected.parts[here]


def _cut(family: str, module: nn.Module, *, folder: bool) -> bool:
    """Whether the file leaves out the last layer, which Stable Diffusion 2 does not use; diffusers' folders do."""
    return family == "sd2" and (folder or layers(module) == CUT)


def text_tensors(weights: Mapping[str, Tensor], found: Found) -> dict[str, Tensor]:
    """The tensors of a text encoder by transformers' names, from `embeddings` on; views of the file's."""
    own = {key.removeprefix(found.prefix): tensor for key, tensor in weights.items() if key.startswith(found.prefix)}
    if found.naming == "openclip":
        return as_transformers(own)
    own = {key.removeprefix(MODEL): tensor for key, tensor in own.items()}
    beside = found.prefix.removesuffix(MODEL) + _PROJECTION
    return own | ({_PROJECTION: weights[beside]} if beside in weights else {})


def text_module(tensors: Mapping[str, Tensor], kind: TextKind, name: str) -> tuple[nn.Module, dict[str, str]]:
    """The module on the meta device, and the tensor that fills each parameter; ModelFileError names file `name`."""
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    try:
        layout = clip_layout(shapes)
    except ModelFileError as error:
        raise ModelFileError(
            "{name} is not a whole text encoder: {reason}.",
            name=name,
            reason=error.telling,
        ) from None
    projection = shapes.get(_PROJECTION)
    with torch.device("meta"):
        module = make_clip(layout, kind, projection[0] if projection else None).eval()
    names = {key: key.removeprefix(MODEL) for key, _ in module.named_parameters()}
    _complain(name, module, names, shapes)
    return module, names


def _complain(name: str, module: nn.Module, names: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]) -> None:
    missing = [own for own in names.values() if own not in shapes]
    if missing:
        some = ", ".join(f'"{own}"' for own in missing[:3])
        raise ModelFileError(
            "{name} lacks {count} of the {all} tensors its text encoder needs, such as {some}.",
            name=name,
            count=len(missing),
            all=len(names),
            some=some,
        )
    for key, parameter in module.named_parameters():
        if shapes[names[key]] != tuple(parameter.shape):
            seen, wanted = list(shapes[names[key]]), list(parameter.shape)
            raise ModelFileError(
                '{name}: "{tensor}" of its text encoder has shape {seen}, not {wanted}.',
                name=name,
                tensor=names[key],
                seen=seen,
                wanted=wanted,
            )


def make_clip(layout: ClipLayout, kind: TextKind, projection: int | None = None) -> nn.Module:
    """A CLIP text encoder of this layout, with weights on the current default device; it may project pooled text."""
    with light():
        from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=layout.vocabulary,
        hidden_size=layout.width,
        intermediate_size=layout.hidden,
        num_hidden_layers=layout.layers,
        num_attention_heads=max(1, layout.width // kind.head),
        max_position_embeddings=layout.positions,
        hidden_act=kind.activation,
        projection_dim=projection or layout.width,
    )
    return CLIPTextModelWithProjection(config) if projection else CLIPTextModel(config)


def layers(module: nn.Module) -> int:
    """Layers of a text encoder's transformer."""
    text: Any = getattr(module, "text_model", module)
    return len(text.encoder.layers)
