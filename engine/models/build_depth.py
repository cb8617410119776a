"""Depth estimators, built from the tensors of a file: transformers' networks of DPT and Depth Anything."""

from __future__ import annotations

from math import isqrt
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from engine.graph.told import telling
from engine.models.depth import DepthEstimator
from engine.models.depth_files import DepthFamily, DepthLayout, inspect_depth, read_layers, source_in
from engine.models.fill import Unfilled
from engine.models.gather import gathered
from engine.models.handle import ModelHandle
from engine.models.libraries import light
from engine.models.precision import Policy
from engine.models.weights import open_weights

HEAD = 64
"""Width of one attention head in all of these."""
DOWNSCALE = 32
"""What the sides of DPT's pictures must be multiples of: its deepest map is so much smaller."""


def depth(path: Path, handle: ModelHandle, policy: Policy) -> Unfilled:
    """The network of a depth estimator's file; raises ModelFileError."""
    file = inspect_depth(path)
    layout, family = file.layout, cast(DepthFamily, handle.family)
    with torch.device("meta"):
        module = make_depth(layout, family)
    weights = open_weights(path)
    own = {name.removeprefix(file.prefix): w for name, w in weights.items() if name.startswith(file.prefix)}

    def find(name: str) -> Tensor | None:
        source = source_in(own, name)
        if source is None:
            return None
        tensor = own[source.name]
        return tensor if source.third is None else tensor.chunk(3)[source.third]

    side = isqrt(layout.positions) * layout.patch
    multiple = layout.patch if layout.kind == "depth_anything" else DOWNSCALE
    tensors = gathered(handle.source.name, telling("a depth estimator of its layout"), module, find)
    return Unfilled(module.eval(), tensors, lambda filled: DepthEstimator(filled, family, side, multiple))


def make_depth(layout: DepthLayout, family: DepthFamily) -> nn.Module:
    """A depth estimator of this layout, with weights on the current default device."""
    return _depth_anything(layout, family) if layout.kind == "depth_anything" else _dpt(layout)


def _dpt(layout: DepthLayout) -> nn.Module:
    with light():
        from transformers import BitConfig, DPTConfig, DPTForDepthEstimation

    hybrid = layout.kind == "dpt_hybrid"
    make_resnet: Any = BitConfig
    resnet = make_resnet(
        embedding_size=layout.stem or 64,
        depths=[depth for depth, _ in layout.stages] or [1],
        hidden_sizes=[width for _, width in layout.stages] or [64],
        layer_type="bottleneck",
        global_padding="same",
        embedding_dynamic_padding=True,
        out_features=[f"stage{i + 1}" for i in range(len(layout.stages))] or ["stage1"],
    )
    side = isqrt(layout.positions)
    config = DPTConfig(
        hidden_size=layout.width,
        num_hidden_layers=layout.layers,
        num_attention_heads=max(1, layout.width // HEAD),
        intermediate_size=layout.hidden,
        image_size=side * layout.patch,
        patch_size=layout.patch,
        is_hybrid=hybrid,
        backbone_config=resnet if hybrid else None,
        backbone_featmap_shape=[1, layout.stages[-1][1] if hybrid else 1, side, side],
        backbone_out_indices=[(i + 1) * layout.layers // 4 - 1 for i in range(4)],
        reassemble_factors=[1, 1, 1, 0.5] if hybrid else [4, 2, 1, 0.5],
        neck_hidden_sizes=list(layout.neck),
        fusion_hidden_size=layout.fusion,
    )
    return DPTForDepthEstimation(config)


def _depth_anything(layout: DepthLayout, family: DepthFamily) -> nn.Module:
    with light():
        from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    make_backbone: Any = Dinov2Config
    backbone = make_backbone(
        hidden_size=layout.width,
        num_hidden_layers=layout.layers,
        num_attention_heads=max(1, layout.width // HEAD),
        mlp_ratio=layout.hidden // layout.width,
        image_size=isqrt(layout.positions) * layout.patch,
        patch_size=layout.patch,
        use_mask_token=layout.mask_token,
        reshape_hidden_states=False,
        out_indices=list(read_layers(layout.layers, last=family == "depth_anything_v1")),
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        patch_size=layout.patch,
        reassemble_hidden_size=layout.width,
        neck_hidden_sizes=list(layout.neck),
        fusion_hidden_size=layout.fusion,
        head_hidden_size=layout.head,
        depth_estimation_type="metric" if family == "depth_anything_v2_metric" else "relative",
    )
    return DepthAnythingForDepthEstimation(config)
