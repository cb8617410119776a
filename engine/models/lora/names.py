"""Which layer each trainer means: all names under which LoRA files speak of a network's layers.  Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.models.handle import Part
from engine.models.openclip_keys import openclip_names

PREFIXES: Mapping[Part, tuple[str, ...]] = {
    "denoiser": (
        "lora_unet_", "lycoris_", "unet.", "diffusion_model.", "model.diffusion_model.", "base_model.model.", "",
    ),
    "text": (
        "lora_te_", "lora_te1_", "text_encoder.", "clip_l.transformer.", "text_encoders.clip_l.transformer.",
        "clip_h.transformer.", "text_encoders.clip_h.transformer.", "base_model.model.", "",
    ),
    "text_g": ("lora_te2_", "text_encoder_2.", "clip_g.transformer.", "text_encoders.clip_g.transformer."),
}  # fmt: skip
"""What stands before a layer's name; after a prefix that ends in "_" its dots are written "_" too."""

_TEXT_ALIASES = {"q_proj": "to_q", "k_proj": "to_k", "v_proj": "to_v", "out_proj": "to_out"}
"""Names that diffusers gave attention processors of text encoders in early 2023."""


class Slot(NamedTuple):
    """A layer of our network; `third` is which third of the file's layer it is, where that holds three of ours."""

    layer: str
    third: int | None = None


def slots(part: Part, parameters: Iterable[str], original: Mapping[str, str]) -> dict[str, tuple[Slot, ...]]:
    """Every stem that means a layer of this network -> the layers it means.

    Args:
        parameters: names of the network's parameters, diffusers' or transformers'.
        original: the original code's names of parameters, where they have one.
    """
    found: dict[str, tuple[Slot, ...]] = {}
    prefixes = [(prefix, prefix.endswith("_")) for prefix in PREFIXES.get(part, ())]
    for name, slot in _named(part, list(parameters), original):
        flat = name.replace(".", "_")
        for prefix, flattened in prefixes:
            stem = prefix + (flat if flattened else name)
            found[stem] = (*found.get(stem, ()), slot)
    return found


def _named(part: Part, parameters: list[str], original: Mapping[str, str]) -> Iterator[tuple[str, Slot]]:
    """Each layer by all its names, once for each."""
    layers = dict.fromkeys(_layer(name) for name in parameters)
    own = {_layer(ours): _layer(theirs) for ours, theirs in original.items()}
    for layer in layers:
        names = [layer, own.get(layer, layer)] if part == "denoiser" else list(_text_names(layer))
        names += [name.removesuffix(".0") for name in names if name.endswith("to_out.0")]
        yield from ((name, Slot(layer)) for name in dict.fromkeys(names))
    if part != "denoiser":
        yield from _openclip(layers)


def _layer(parameter: str) -> str:
    return parameter.rpartition(".")[0]


def _text_names(layer: str) -> Iterator[str]:
    bare = layer.removeprefix("text_model.")
    yield from (bare, f"text_model.{bare}")
    owner, _, leaf = bare.rpartition(".")
    if leaf in _TEXT_ALIASES:
        yield f"text_model.{owner}.{_TEXT_ALIASES[leaf]}"


def _openclip(layers: Iterable[str]) -> Iterator[tuple[str, Slot]]:
    """The names of OpenCLIP, under "model." or not."""
    by_bare = {layer.removeprefix("text_model."): layer for layer in layers}
    depth = 1 + max((int(bare.split(".")[2]) for bare in by_bare if bare.startswith("encoder.layers.")), default=-1)
    for ours, (theirs, third) in openclip_names(depth).items():
        layer = by_bare.get(_layer(ours))
        if layer is not None and ours.endswith(".weight"):
            name = theirs.removesuffix("_weight" if third is not None else ".weight")
            yield from ((prefix + name, Slot(layer, third)) for prefix in ("", "model."))
