"""Stable Diffusion's three networks, built from the tensors of a file: diffusers' and transformers' modules.

A network is made on the meta device, where it costs nothing; then each parameter is filled from the mapped file by one
copy that casts and lays it out, so that loading needs little memory beside the result.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from engine.models import ldm_keys
from engine.models.build_text import make_clip
from engine.models.detect import PART_TITLES
from engine.models.families import Family, Found
from engine.models.fill import Numbers, Unfilled, fill, store_as
from engine.models.handle import Part, Storage
from engine.models.header import ModelFileError, Shape
from engine.models.layout import ClipLayout, UNetLayout, VaeLayout, clip_layout, unet_layout, vae_layout
from engine.models.libraries import light
from engine.models.precision import Policy

log = logging.getLogger("inkwater.models")

GROUPS = 32
"""Groups of every group norm of these families."""

WAVE = 256
"""Numbers that stand for each size, place or score that SDXL reads beside the text."""

EXPECTED_EXTRA = ("position_ids", "model_ema", "num_batches_tracked")
"""Names of tensors that many files carry and no network needs."""

OLD_ATTENTION = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""Names that diffusers gave the autoencoder's attention before 2023, and now."""


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A network on the meta device, and the name in the file (without prefix) of each of its parameters."""

    module: nn.Module
    names: Mapping[str, str]
    original: Mapping[str, str] = field(default_factory=dict)
    """The original code's name (without prefix) of each parameter, whatever names the file uses."""


def blueprint(found: Found, shapes: Mapping[str, Shape], family: Family) -> Blueprint:
    """The network that a part's tensors describe; `shapes` by names without prefix."""
    return _BLUEPRINTS[found.part](shapes, found.naming, family)


def _unet(shapes: Mapping[str, Shape], naming: str, family: Family) -> Blueprint:
    layout = unet_layout(shapes, naming)
    module = make_unet(layout, family)
    original = unet_names(layout)
    names = original if naming == "ldm" else {}
    return Blueprint(module, {name: names.get(name, name) for name, _ in module.named_parameters()}, original)


def unet_names(layout: UNetLayout) -> Mapping[str, str]:
    """diffusers' name of each tensor of a denoiser to the original code's, without prefix."""
    return ldm_keys.unet_keys(
        len(layout.widths),
        layout.layers,
        layout.attention,
        layout.widths,
        middle=layout.middle,
        vector=layout.vector > 0,
    )


def make_unet(layout: UNetLayout, family: Family) -> nn.Module:
    """A denoiser of this layout, with weights on the current default device."""
    with light():
        from diffusers import UNet2DConditionModel

    make: Any = UNet2DConditionModel
    depths = (*(depth or 1 for depth in layout.attention[:-1]), layout.middle)
    module: nn.Module = make(
        in_channels=layout.channels,
        out_channels=family.latent.channels,
        block_out_channels=layout.widths,
        layers_per_block=layout.layers,
        down_block_types=tuple("CrossAttnDownBlock2D" if here else "DownBlock2D" for here in layout.attention),
        up_block_types=tuple("CrossAttnUpBlock2D" if here else "UpBlock2D" for here in reversed(layout.attention)),
        transformer_layers_per_block=depths,
        cross_attention_dim=layout.context,
        attention_head_dim=family.heads or tuple(max(1, width // family.head) for width in layout.widths),
        use_linear_projection=layout.linear,
        norm_num_groups=GROUPS,
        **_vector(layout),
    )
    return module


def _vector(layout: UNetLayout) -> Mapping[str, Any]:
    """What diffusers calls a network that reads pooled text and numbers, each of those as a wave of `WAVE` numbers."""
    if not layout.vector:
        return {}
    return {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": WAVE,
        "projection_class_embeddings_input_dim": layout.vector,
    }


def _vae(shapes: Mapping[str, Shape], naming: str, family: Family) -> Blueprint:
    layout = vae_layout(shapes, naming)
    module = make_vae(layout)
    names = vae_names(layout) if naming == "ldm" else {_modern(name): name for name in shapes}
    return Blueprint(module, {name: names.get(name, name) for name, _ in module.named_parameters()})


def vae_names(layout: VaeLayout) -> Mapping[str, str]:
    """diffusers' name of each tensor of an autoencoder to the original code's, without prefix."""
    return ldm_keys.vae_keys(len(layout.widths), layout.layers, layout.widths)


def _modern(name: str) -> str:
    *path, owner, leaf = name.rsplit(".", 2)
    return ".".join((*path, OLD_ATTENTION.get(owner, owner), leaf)) if "attentions" in name else name


def make_vae(layout: VaeLayout) -> nn.Module:
    """An autoencoder of this layout, with weights on the current default device."""
    with light():
        from diffusers import AutoencoderKL

    levels = len(layout.widths)
    make: Any = AutoencoderKL
    module: nn.Module = make(
        in_channels=layout.channels,
        out_channels=layout.channels,
        block_out_channels=layout.widths,
        layers_per_block=layout.layers,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        latent_channels=layout.latent,
        norm_num_groups=GROUPS,
    )
    return module


def _text(shapes: Mapping[str, Shape], naming: str, family: Family) -> Blueprint:
    module = make_text(clip_layout(shapes), family)
    names = {name: name.removeprefix("text_model.") for name, _ in module.named_parameters()}
    return Blueprint(module, names, names)


def make_text(layout: ClipLayout, family: Family) -> nn.Module:
    """A CLIP text encoder of this layout, with weights on the current default device."""
    return make_clip(layout, family.texts["text"])


_BLUEPRINTS: Mapping[Part, Callable[[Mapping[str, Shape], str, Family], Blueprint]] = {
    "denoiser": _unet,
    "text": _text,
    "vae": _vae,
}


def unfilled(
    weights: Mapping[str, Tensor], found: Found, family: Family, name: str, wrap: Callable[[nn.Module], Any]
) -> Unfilled:
    """The network of one part and the tensors that fill it; raises ModelFileError naming file `name`."""
    own = {key.removeprefix(found.prefix): tensor for key, tensor in weights.items() if key.startswith(found.prefix)}
    shapes = {key: tuple(tensor.shape) for key, tensor in own.items()}
    try:
        with torch.device("meta"):
            plan = blueprint(found, shapes, family)
    except ModelFileError as error:
        raise ModelFileError(
            "{name} is not a whole {part}: {reason}.",
            name=name,
            part=PART_TITLES[found.part],
            reason=error.telling,
        ) from None
    _complain(name, found, plan, shapes)
    tensors = {key: own[source] for key, source in plan.names.items()}
    return Unfilled(plan.module.eval(), tensors, wrap, plan.original)


def build(
    weights: Mapping[str, Tensor], found: Found, family: Family, policy: Policy, storage: Storage, name: str
) -> nn.Module:
    """The network of one part with its weights on the policy's device; raises ModelFileError naming file `name`."""
    draft = unfilled(weights, found, family, name, lambda module: module)
    store_as(draft.module, storage, policy.dtype(found.part))
    fill(draft.module, Numbers(name, draft.tensors), policy, policy.dtype(found.part))
    return draft.module


def _complain(name: str, found: Found, plan: Blueprint, shapes: Mapping[str, Shape]) -> None:
    missing = [source for source in plan.names.values() if source not in shapes]
    if missing:
        some = ", ".join(f'"{found.prefix}{key}"' for key in missing[:3])
        raise ModelFileError(
            "{name} lacks {count} of the {all} tensors its {part} needs, such as {some}.",
            name=name,
            count=len(missing),
            all=len(plan.names),
            part=PART_TITLES[found.part],
            some=some,
        )
    for key, parameter in plan.module.named_parameters():
        shape = shapes[plan.names[key]]
        if _squeezed(shape) != _squeezed(tuple(parameter.shape)):
            raise ModelFileError(
                '{name}: "{tensor}" has shape {shape}, not {wanted}.',
                name=name,
                tensor=found.prefix + plan.names[key],
                shape=str(list(shape)),
                wanted=str(list(parameter.shape)),
            )
    extra = set(shapes) - set(plan.names.values())
    odd = sorted(key for key in extra if not any(word in key for word in EXPECTED_EXTRA))
    if odd and found.prefix:
        log.info("%s: %d tensors of its %s are not used, such as %s", name, len(odd), found.part, odd[0])


def _squeezed(shape: Shape) -> Shape:
    """A shape without trailing ones: 1×1 convolutions and linear layers hold the same numbers."""
    while len(shape) > 2 and shape[-1] == 1:
        shape = shape[:-1]
    return shape
