"""What a file that finds soft edges is, from its header: HED in the two forms that people have.  Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.models.beside import remembered
from engine.models.detect import read_header
from engine.models.header import Header, ModelFileError, first_names
from engine.models.mistaken import mistaken

HedNaming = Literal["blocks", "vgg"]
"""How a file names HED: ControlNet's own training ("blocks"), or the network as first published for torch ("vgg")."""

ANCHORS: Mapping[HedNaming, tuple[str, ...]] = {
    "blocks": ("norm", "block1.convs.0.weight", "block5.projection.weight"),
    "vgg": ("netVggOne.0.weight", "netScoreOne.weight", "netCombine.0.weight"),
}

CONVS = (2, 2, 3, 3, 3)
"""Convolutions of each block."""


@dataclass(frozen=True, slots=True)
class EdgeFile:
    """A file that finds soft edges: how it names its tensors, channels of its five blocks, its bytes as stored."""

    naming: HedNaming
    widths: tuple[int, ...]
    nbytes: int


@remembered
def inspect_edges(path: Path) -> EdgeFile:
    """What the file holds; raises ModelFileError with one clear sentence."""
    header = read_header(path)
    for naming, anchors in ANCHORS.items():
        if all(anchor in header.tensors for anchor in anchors):
            widths = tuple(_width(path.name, header, naming, block) for block in range(len(CONVS)))
            return EdgeFile(naming, widths, sum(entry.nbytes for entry in header.tensors.values()))
    raise mistaken(path.name, header) or ModelFileError(
        "{name} is not a network that finds soft edges (HED, such as ControlNetHED.pth); its tensors are named like "
        "{some}.",
        name=path.name,
        some=first_names(header),
    )


def _width(file: str, header: Header, naming: HedNaming, block: int) -> int:
    name = hed_names(naming)[f"blocks.{block}.0.weight"]
    shape = header.tensors[name].shape if name in header.tensors else ()
    if len(shape) != 4:
        raise ModelFileError(
            '{name} is not a whole HED network: it has no sound "{tensor}".',
            name=file,
            tensor=name,
        )
    return shape[0]


def hed_names(naming: HedNaming) -> Mapping[str, str]:
    """The file's name of each of our network's parameters."""
    words = ("One", "Two", "Thr", "Fou", "Fiv")
    names = {"combine.weight": "netCombine.0.weight", "combine.bias": "netCombine.0.bias"} if naming == "vgg" else {}
    names |= {"norm": "norm"} if naming == "blocks" else {}
    for block, convs in enumerate(CONVS):
        for leaf in ("weight", "bias"):
            for i in range(convs):
                place = 2 * i + (block > 0)  # pooling comes first in all but the first block
                file = f"block{block + 1}.convs.{i}" if naming == "blocks" else f"netVgg{words[block]}.{place}"
                names[f"blocks.{block}.{i}.{leaf}"] = f"{file}.{leaf}"
            file = f"block{block + 1}.projection" if naming == "blocks" else f"netScore{words[block]}"
            names[f"scores.{block}.{leaf}"] = f"{file}.{leaf}"
    return names


def facts(path: Path, name: str) -> Mapping[str, Any]:
    """What is known of an edge model before a run; raises ModelFileError."""
    return {"model_bytes": inspect_edges(path).nbytes}
