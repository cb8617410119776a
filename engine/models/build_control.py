"""ControlNets built from the tensors of a file: diffusers' modules, whatever names the file has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.graph.told import telling
from engine.models.build_sd import GROUPS, WAVE
from engine.models.control import ControlModule
from engine.models.control_files import ControlFile, ControlLayout, inspect_control
from engine.models.control_keys import control_keys
from engine.models.families import FAMILIES, Family
from engine.models.fill import Unfilled
from engine.models.gather import gathered
from engine.models.handle import ModelHandle
from engine.models.header import ModelFileError
from engine.models.libraries import light
from engine.models.precision import Policy
from engine.models.weights import open_weights

MIXER_HEADS = 8
"""Heads of the attention in a union's transformer."""


def control(path: Path, handle: ModelHandle, policy: Policy) -> Unfilled:
    """A ControlNet of any naming; raises ModelFileError."""
    found = inspect_control(path)
    name = handle.source.name
    with torch.device("meta"):
        module = make_control(found.layout, FAMILIES[found.family])
    original = control_keys(found.layout)
    names = original if found.naming == "ldm" else {}
    weights = open_weights(path)
    tensors = gathered(
        name, telling("a ControlNet"), module, lambda key: weights.get(found.prefix + names.get(key, key))
    )
    return Unfilled(module.eval(), tensors, lambda module: _wrapped(module, found, name, policy), original)


def _wrapped(module: nn.Module, found: ControlFile, name: str, policy: Policy) -> ControlModule:
    return ControlModule(
        module,
        policy.denoiser,
        name=name,
        channels_last=policy.channels_last,
        pooled=found.pooled,
        bgr=found.bgr,
    )


def make_control(layout: ControlLayout, family: Family) -> nn.Module:
    """A ControlNet of this layout, with weights on the current default device."""
    context = family.marks["denoiser"]["context"][1]
    with light():
        from diffusers import ControlNetModel, ControlNetUnionModel

    make: Any = ControlNetUnionModel if layout.modes else ControlNetModel
    module: nn.Module = make(
        block_out_channels=layout.widths,
        layers_per_block=layout.layers,
        down_block_types=tuple("DownBlock2D" if d is None else "CrossAttnDownBlock2D" for d in layout.attention),
        transformer_layers_per_block=_depths(layout),
        cross_attention_dim=layout.context or context,
        attention_head_dim=family.heads or tuple(max(1, width // family.head) for width in layout.widths),
        use_linear_projection=layout.linear,
        norm_num_groups=GROUPS,
        conditioning_embedding_out_channels=layout.hint,
        **_vector(layout),
        **(_union(layout) if layout.modes else _single(layout)),
    )
    return module


def _depths(layout: ControlLayout) -> tuple[int, ...]:
    """diffusers has one number for the last level and the middle."""
    last, middle = layout.attention[-1], layout.middle
    if last is not None and middle is not None and last != middle:
        raise ModelFileError(
            "it has {last} transformer blocks in a row at its last level, {middle} in the middle, and "
            "only the same number is understood",
            last=last,
            middle=middle,
        )
    return (*(depth or 0 for depth in layout.attention[:-1]), (last if middle is None else middle) or 0)


def _vector(layout: ControlLayout) -> Mapping[str, Any]:
    text_time = {"addition_embed_type": "text_time", "projection_class_embeddings_input_dim": layout.vector}
    return {"addition_time_embed_dim": WAVE} | (text_time if layout.vector else {})


def _single(layout: ControlLayout) -> Mapping[str, Any]:
    return {"mid_block_type": "UNetMidBlock2D" if layout.middle is None else "UNetMidBlock2DCrossAttn"}


def _union(layout: ControlLayout) -> Mapping[str, Any]:
    return {
        "num_control_type": layout.modes,
        "num_trans_channel": layout.mixer,
        "num_trans_head": MIXER_HEADS,
        "num_trans_layer": layout.mixers,
        "num_proj_channel": layout.widths[0],
    }
