"""Which files hold small autoencoders (TAESD), and whose latents they decode.  Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from engine.files import Library
from engine.graph.facts import Facts
from engine.models.detect import read_header
from engine.models.families import FAMILIES
from engine.models.header import Header, ModelFileError

OFFSETS: Mapping[str, int] = {"encoder": 0, "decoder": 1}
"""How much higher the original counts the layers of each half than diffusers."""

BARE: Mapping[str, str] = {"encoder": "1.conv.0.weight", "decoder": "3.conv.0.weight"}
"""A tensor of each half where names have no prefix; the first that is there tells which half it is."""


def half_of(header: Header) -> str:
    """Which half a file holds in the original's names (encoder, decoder), "both" in diffusers', empty for neither."""
    names = header.tensors
    if all(f"{half}.layers.{number + 1}.conv.0.weight" in names for half, number in OFFSETS.items()):
        return "both"
    return next((half for half, mark in BARE.items() if mark in names), "")


def tiny_family(path: Path, name: str) -> str:
    """The family that a small autoencoder's file is for, by its name: v1's and XL's differ in nothing else.

    Empty where it is no such file, or cannot be read.
    """
    try:
        found = half_of(read_header(path))
    except ModelFileError:
        return ""
    return ("sdxl" if "xl" in name.lower() else "sd1") if found else ""


DECODERS: Mapping[str, str] = {"sd": "taesd", "sdxl": "taesdxl"}
"""The small autoencoder for latents of each space."""


def decoder_file(library: Library, family: str) -> Path | None:
    """The file in vae_approx whose decoder makes pictures of a family's latents."""
    name = DECODERS.get(FAMILIES[family].space)
    known = (n for n in library.names("vae_approx") if name and Path(n).stem in (f"{name}_decoder", name))
    return next((library.path("vae_approx", n) for n in known), None)


def tiny_facts(family: str) -> Facts:
    """What is known of a small autoencoder of a family before a run."""
    row = FAMILIES[family]
    return {"space": row.space, "channels": row.latent.channels, "downscale": row.latent.downscale}


def partner(path: Path) -> Path | None:
    """The file of the other half, beside that of one."""
    for half, other in (("decoder", "encoder"), ("encoder", "decoder")):
        if half in path.stem:
            found = path.with_name(path.name.replace(half, other))
            return found if found.is_file() else None
    return None
