"""Tensor names of OpenCLIP's text encoders (ViT-H of Stable Diffusion 2, ViT-bigG of SDXL) against transformers' names.

OpenCLIP keeps the three projections of an attention in one tensor, and the projection of pooled text turned round.
Names are without the file's prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

ANCHORS = ("token_embedding.weight", "positional_embedding", "transformer.resblocks.0.attn.in_proj_weight")
"""Tensors that show that an OpenCLIP text encoder is there."""

PROJECTION = "text_projection"

_WHOLE = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.weight": "ln_final.weight",
    "final_layer_norm.bias": "ln_final.bias",
}
_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_FUSED = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")


def openclip_names(layers: int) -> dict[str, tuple[str, int | None]]:
    """transformers' name of each parameter to OpenCLIP's and, where that holds three of them, which third it is."""
    names: dict[str, tuple[str, int | None]] = {ours: (theirs, None) for ours, theirs in _WHOLE.items()}
    for layer in range(layers):
        here, there = f"encoder.layers.{layer}", f"transformer.resblocks.{layer}"
        for kind in ("weight", "bias"):
            names |= {f"{here}.{ours}.{kind}": (f"{there}.{theirs}.{kind}", None) for ours, theirs in _LAYER.items()}
            fused = f"{there}.attn.in_proj_{kind}"
            names |= {f"{here}.{ours}.{kind}": (fused, third) for third, ours in enumerate(_FUSED)}
    return names


def as_transformers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """An OpenCLIP text encoder's tensors by transformers' names: views, no copies; what has no such name is left out.

    Tensors that are missing are missing in the answer too.
    """
    layers = next(i for i in count() if f"transformer.resblocks.{i}.attn.in_proj_weight" not in tensors)
    return dict(_views(tensors, layers))


def _views(tensors: Mapping[str, Tensor], layers: int) -> Iterator[tuple[str, Tensor]]:
    for ours, (theirs, third) in openclip_names(layers).items():
        if (tensor := tensors.get(theirs)) is not None:
            yield ours, tensor if third is None else _third(tensor, third)
    if (projection := tensors.get(PROJECTION)) is not None:
        yield f"{PROJECTION}.weight", projection.T


def _third(tensor: Tensor, which: int) -> Tensor:
    rows = len(tensor) // 3
    return tensor[which * rows : (which + 1) * rows]
