"""Small random members of every family, in the real layout of full-size files: real names, levels and context widths,
few channels.  A member is written once per run of the tests; `member` gives a link to it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import torch

from engine.models.build_sd import make_unet, make_vae, unet_names, vae_names
from engine.models.families import FAMILIES
from engine.models.layout import UNetLayout, VaeLayout
from tests.models import make

Shapes = dict[str, tuple[int, ...]]

TOKENS = 49408


@dataclass(frozen=True)
class Text:
    """A text encoder: its prefix and naming in a single file, width, layers, width of the feed-forward's inside."""

    part: str
    prefix: str
    naming: str
    width: int
    layers: int
    hidden: int
    projection: bool = False


@dataclass(frozen=True)
class Member:
    """What a member's file holds, and its metadata."""

    family: str
    unet: UNetLayout
    texts: tuple[Text, ...]
    vae: VaeLayout
    metadata: Mapping[str, str] = field(default_factory=dict)


V1 = UNetLayout(4, (32, 32, 64, 64), 2, (1, 1, 1, 0), 768, False)
V2 = UNetLayout(4, (64, 64, 64, 64), 2, (1, 1, 1, 0), 1024, True)
XL = UNetLayout(4, (64, 64, 64), 2, (0, 1, 2), 2048, True, middle=2, vector=2816)
REFINER = UNetLayout(4, (64, 64, 64, 64), 2, (0, 2, 2, 0), 1280, True, middle=2, vector=2560)
VAE = VaeLayout(3, (32, 32, 32, 64), 1, 4)

CLIP_L = Text("text", "cond_stage_model.transformer.text_model.", "hf", 768, 2, 64)
CLIP_H = Text("text", "cond_stage_model.model.", "openclip", 1024, 2, 64, projection=True)
XL_L = replace(CLIP_L, prefix="conditioner.embedders.0.transformer.text_model.")
XL_G = Text("text_g", "conditioner.embedders.1.model.", "openclip", 1280, 2, 64, projection=True)
REFINER_G = replace(XL_G, prefix="conditioner.embedders.0.model.")

V: Mapping[str, str] = {"modelspec.prediction_type": "v"}
EPS: Mapping[str, str] = {"modelspec.prediction_type": "epsilon"}

MEMBERS: Mapping[str, Member] = {
    "sd1": Member("sd1", V1, (CLIP_L,), VAE),
    "sd1_inpaint": Member("sd1", replace(V1, channels=9), (CLIP_L,), VAE),
    "sd2": Member("sd2", V2, (CLIP_H,), VAE, EPS),
    "sd2_v": Member("sd2", V2, (CLIP_H,), VAE, V),
    "sd2_inpaint": Member("sd2", replace(V2, channels=9), (CLIP_H,), VAE),
    "sd2_depth": Member("sd2", replace(V2, channels=5), (CLIP_H,), VAE),
    "sdxl": Member("sdxl", XL, (XL_L, XL_G), VAE),
    "sdxl_inpaint": Member("sdxl", replace(XL, channels=9), (XL_L, XL_G), VAE),
    "sdxl_refiner": Member("sdxl_refiner", REFINER, (REFINER_G,), VAE),
}
"""By name; `sd2` predicts eps, `sd2_v` v."""

FULL: Mapping[str, Member] = {
    name: replace(
        small,
        unet=replace(
            {
                "sd1": UNetLayout(4, (320, 640, 1280, 1280), 2, (1, 1, 1, 0), 768, False),
                "sd2": UNetLayout(4, (320, 640, 1280, 1280), 2, (1, 1, 1, 0), 1024, True),
                "sdxl": UNetLayout(4, (320, 640, 1280), 2, (0, 2, 10), 2048, True, 10, 2816),
                "sdxl_refiner": UNetLayout(4, (384, 768, 1536, 1536), 2, (0, 4, 4, 0), 1280, True, 4, 2560),
            }[small.family],
            channels=small.unet.channels,
        ),
        texts=tuple(
            replace(text, layers={768: 12, 1024: 24, 1280: 32}[text.width], hidden=4 * text.width)
            for text in small.texts
        ),
        vae=VaeLayout(3, (128, 256, 512, 512), 2, 4),
        metadata={},
    )
    for name, small in MEMBERS.items()
}
"""The same at full size: for headers over holes."""


def member(name: str, folder: Path, dtype: str = "fp32") -> Path:
    """`name`.safetensors in `folder`, a whole checkpoint; token tables are fp8 to be small."""
    return _linked(_written(name, dtype), folder / f"{name}.safetensors")


def part(name: str, which: str, folder: Path, naming: str = "ldm") -> Path:
    """`name`-`which`.safetensors in `folder`: one part alone ("denoiser", "text", "text_g", "vae").

    `naming` "ldm" has bare names, "diffusers" those of diffusers and transformers.
    """
    return _linked(_part(name, which, naming), folder / f"{name}-{which}.safetensors")


def shapes(found: Member) -> Shapes:
    """Shape of every tensor of a single file, by its name there."""
    table = {make.PREFIXES["denoiser"] + name: shape for name, shape in unet_shapes(found).items()}
    for text in found.texts:
        table |= {text.prefix + name: shape for name, shape in text_shapes(text, text.naming).items()}
    return table | {make.PREFIXES["vae"] + name: shape for name, shape in vae_shapes(found).items()}


def unet_shapes(found: Member, naming: str = "ldm") -> Shapes:
    """Shape of each tensor of the denoiser, without prefix."""
    with torch.device("meta"):
        module = make_unet(found.unet, FAMILIES[found.family])
    names = unet_names(found.unet) if naming == "ldm" else {}
    return {names.get(name, name): tuple(parameter.shape) for name, parameter in module.named_parameters()}


def vae_shapes(found: Member, naming: str = "ldm") -> Shapes:
    """Shape of each tensor of the autoencoder, without prefix."""
    with torch.device("meta"):
        module = make_vae(found.vae)
    names = vae_names(found.vae) if naming == "ldm" else {}
    table: Shapes = {}
    for name, parameter in module.named_parameters():
        shape = tuple(parameter.shape)
        matrix = naming == "ldm" and "attentions" in name and len(shape) == 2
        table[names.get(name, name)] = (*shape, 1, 1) if matrix else shape
    return table


def text_shapes(text: Text, naming: str) -> Shapes:
    """Shape of each tensor of a text encoder, without the prefix of its naming ("hf" or "openclip")."""
    d, hidden = text.width, text.hidden
    if naming == "openclip":
        table: Shapes = {"token_embedding.weight": (TOKENS, d), "positional_embedding": (77, d)}
        for i in range(text.layers):
            at = f"transformer.resblocks.{i}"
            table |= _linear(f"{at}.mlp.c_fc", d, hidden) | _linear(f"{at}.mlp.c_proj", hidden, d)
            table |= _norm(f"{at}.ln_1", d) | _norm(f"{at}.ln_2", d) | _linear(f"{at}.attn.out_proj", d, d)
            table |= {f"{at}.attn.in_proj_weight": (3 * d, d), f"{at}.attn.in_proj_bias": (3 * d,)}
        return table | _norm("ln_final", d) | ({"text_projection": (d, d)} if text.projection else {})
    table = {"embeddings.token_embedding.weight": (TOKENS, d), "embeddings.position_embedding.weight": (77, d)}
    for i in range(text.layers):
        at = f"encoder.layers.{i}"
        table |= _linear(f"{at}.mlp.fc1", d, hidden) | _linear(f"{at}.mlp.fc2", hidden, d)
        table |= _norm(f"{at}.layer_norm1", d) | _norm(f"{at}.layer_norm2", d)
        for leaf in ("q_proj", "k_proj", "v_proj", "out_proj"):
            table |= _linear(f"{at}.self_attn.{leaf}", d, d)
    return table | _norm("final_layer_norm", d)


def _linear(name: str, inside: int, out: int) -> Shapes:
    return {f"{name}.weight": (out, inside), f"{name}.bias": (out,)}


def _norm(name: str, width: int) -> Shapes:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


@cache
def _store() -> Path:
    """A folder of this run of the tests, removed with the process."""
    import atexit

    path = Path(tempfile.mkdtemp(prefix="inkwater-members-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@cache
def _written(name: str, dtype: str) -> Path:
    found = MEMBERS[name]
    return make.write(_store() / f"{name}-{dtype}", shapes(found), dtype, metadata=found.metadata, tokens="fp8")


@cache
def _part(name: str, which: str, naming: str) -> Path:
    found = MEMBERS[name]
    if which in ("text", "text_g"):
        text = next(text for text in found.texts if text.part == which)
        own = text_shapes(text, text.naming if naming == "ldm" else "hf")
        table = {
            ("" if naming == "ldm" and text.naming == "openclip" else "text_model.") + n: s for n, s in own.items()
        }
        if text.projection and naming != "ldm":
            table["text_projection.weight"] = (text.width, text.width)
    else:
        table = unet_shapes(found, naming) if which == "denoiser" else vae_shapes(found, naming)
    return make.write(_store() / f"{name}-{which}-{naming}", table, metadata=found.metadata, tokens="fp8")


def _linked(source: Path, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    try:
        os.link(source, path)
    except OSError:
        shutil.copyfile(source, path)
    return path
