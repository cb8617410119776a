"""What a depth estimator's file is, from its header: MiDaS's DPT or Depth Anything, and its sizes.  Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Literal

from engine.graph.told import Telling, telling
from engine.models.beside import CONFIG, configuration, remembered
from engine.models.detect import read_header
from engine.models.dpt_keys import Source, sources
from engine.models.header import Header, ModelFileError, Shape, first_names
from engine.models.mistaken import mistaken

DepthKind = Literal["dpt", "dpt_hybrid", "depth_anything"]
DepthFamily = Literal["dpt", "depth_anything_v1", "depth_anything_v2", "depth_anything_v2_metric"]
"""What decides the numbers beside the tensors: which layers are read, and whether far is large (metric)."""

KNOWN = "MiDaS DPT-hybrid, MiDaS DPT-large, Depth Anything V1, Depth Anything V2"

PREFIXES = ("", "module.", "model.", "depth_model.model.", "depth_estimator.")
"""What may stand before every name; `depth_model.model.` in checkpoints of Stable Diffusion 2 depth."""

ANCHORS: Mapping[str, DepthKind] = {
    "pretrained.model.cls_token": "dpt",
    "dpt.embeddings.cls_token": "dpt",
    "pretrained.cls_token": "depth_anything",
    "backbone.embeddings.cls_token": "depth_anything",
}

OTHERS: Mapping[str, Telling] = {
    "pretrained.model.blocks.0.attn.relative_position_bias_table": telling("a MiDaS model with a BEiT backbone"),
    "pretrained.model.layers.0.blocks.0.attn.qkv.weight": telling("a MiDaS model with a Swin backbone"),
    "pretrained.layer1.0.weight": telling("a MiDaS model of version 2"),
    "pretrained.layer1.0.conv_dw.weight": telling("a small MiDaS model of version 2"),
    "core.core.pretrained.model.cls_token": telling("a ZoeDepth model"),
    "backbone.encoder.layer.0.attention.attention.relative_position_bias.relative_position_bias_table": telling(
        "a DPT or ZoeDepth model with a BEiT backbone"
    ),
}
"""Estimators of depth that are told apart only to be named."""


@dataclass(frozen=True, slots=True)
class DepthLayout:
    """The sizes of a depth estimator: transformer, maps of four depths, fusion and head.

    `stages` are depth and channels of each stage of a hybrid's convolutional backbone, `stem` its first channels.
    """

    kind: DepthKind
    width: int
    layers: int
    hidden: int
    patch: int
    positions: int
    neck: tuple[int, ...]
    fusion: int
    head: int = 32
    stem: int = 0
    stages: tuple[tuple[int, int], ...] = ()
    mask_token: bool = True


@dataclass(frozen=True, slots=True)
class DepthFile:
    """A depth estimator's file: its family, sizes, the prefix of its names, and its bytes as stored."""

    family: DepthFamily
    layout: DepthLayout
    prefix: str
    nbytes: int


@remembered
def inspect_depth(path: Path) -> DepthFile:
    """What the file holds; raises ModelFileError with one clear sentence.  A config.json beside it is read too."""
    header = read_header(path)
    prefix, kind = _anchored(path.name, header)
    own = {name.removeprefix(prefix): entry for name, entry in header.tensors.items() if name.startswith(prefix)}
    layout = depth_layout(path.name, kind, {name: entry.shape for name, entry in own.items()})
    family = "dpt" if kind == "dpt" else _version(path, layout.layers, _config(path.parent))
    return DepthFile(family, layout, prefix, sum(entry.nbytes for entry in own.values()))


def _anchored(name: str, header: Header) -> tuple[str, DepthKind]:
    for prefix in PREFIXES:
        for other, title in OTHERS.items():
            if prefix + other in header.tensors:
                raise ModelFileError(
                    "{name} is {title}, which cannot be used; use one of: {known}.",
                    name=name,
                    title=title,
                    known=KNOWN,
                )
        for anchor, kind in ANCHORS.items():
            if prefix + anchor in header.tensors:
                return prefix, kind
    raise mistaken(name, header, "DepthModelLoader") or ModelFileError(
        "{name} is not a depth estimator ({known}); its tensors are named like {some}.",
        name=name,
        known=KNOWN,
        some=first_names(header),
    )


def depth_layout(file: str, kind: DepthKind, shapes: Mapping[str, Shape]) -> DepthLayout:
    """Sizes from the shapes of tensors (names without prefix); raises ModelFileError naming `file`."""
    stem = "backbone" if kind == "depth_anything" else "dpt"
    first = "fc1" if kind == "depth_anything" else "dense"
    mlp = "mlp" if kind == "depth_anything" else "intermediate"

    def of(name: str, axis: int = 0) -> int:
        shape = find(shapes, name)
        if shape is None or len(shape) <= axis:
            raise ModelFileError(
                '{name} is not a whole depth estimator: it has no sound "{tensor}".',
                name=file,
                tensor=sources(name)[0].name,
            )
        return shape[axis]

    bit = "dpt.embeddings.backbone.bit."
    hybrid = find(shapes, f"{bit}embedder.convolution.weight") is not None
    norm = "norm1" if kind == "depth_anything" else "layernorm_before"
    patch = "embeddings.patch_embeddings.projection.weight"
    return DepthLayout(
        "dpt_hybrid" if hybrid else kind,
        width=of(f"{stem}.embeddings.cls_token", 2),
        layers=_run(shapes, stem + ".encoder.layer.{}." + norm + ".weight"),
        hidden=of(f"{stem}.encoder.layer.0.{mlp}.{first}.weight"),
        patch=16 if hybrid else of(f"{stem}.{patch}", 2),
        positions=of(f"{stem}.embeddings.position_embeddings", 1) - 1,
        neck=tuple(of(f"neck.convs.{i}.weight", 1) for i in range(4)),
        fusion=of("neck.convs.0.weight"),
        head=of("head.conv2.weight") if kind == "depth_anything" else 32,
        stem=of(f"{bit}embedder.convolution.weight") if hybrid else 0,
        stages=tuple(_stages(shapes, f"{bit}encoder.stages.", of)) if hybrid else (),
        mask_token=find(shapes, f"{stem}.embeddings.mask_token") is not None,
    )


def _stages(shapes: Mapping[str, Shape], stem: str, of: Any) -> list[tuple[int, int]]:
    depths = [
        _run(shapes, f"{stem}{i}.layers.{{}}.conv3.weight")
        for i in range(_run(shapes, stem + "{}.layers.0.conv3.weight"))
    ]
    return [(depth, of(f"{stem}{i}.layers.0.conv3.weight")) for i, depth in enumerate(depths)]


def _run(shapes: Mapping[str, Shape], pattern: str) -> int:
    """How many tensors of this name there are, numbered from 0."""
    return sum(1 for _ in takewhile(lambda i: find(shapes, pattern.format(i)) is not None, count()))


def find(shapes: Mapping[str, Shape], name: str) -> Shape | None:
    """Shape of the tensor that transformers calls `name`, whatever the file calls it."""
    source = source_in(shapes, name)
    return shapes[source.name] if source is not None else None


def source_in(shapes: Mapping[str, Any], name: str) -> Source | None:
    """Where in a file the tensor is that transformers calls `name`."""
    return next((source for source in sources(name) if source.name in shapes), None)


def _config(folder: Path) -> Mapping[str, Any]:
    """The configuration beside the file, if it is Depth Anything's."""
    value = configuration(folder / CONFIG)
    return value if value.get("model_type") == "depth_anything" else {}


def _version(path: Path, layers: int, config: Mapping[str, Any]) -> DepthFamily:
    """The tensors of all versions are alike: the config tells, else the name that the file was published under."""
    name = path.name.lower()
    if config.get("depth_estimation_type") == "metric" or "metric" in name:
        return "depth_anything_v2_metric"
    backbone = config.get("backbone_config")
    indices = backbone.get("out_indices") if isinstance(backbone, dict) else None
    if indices is not None:
        return "depth_anything_v1" if list(indices) == list(read_layers(layers, last=True)) else "depth_anything_v2"
    return "depth_anything_v1" if "depth_anything_vit" in name else "depth_anything_v2"


def read_layers(layers: int, last: bool = False) -> tuple[int, ...]:
    """Numbers from 1 of the four layers that Depth Anything reads: the last ones (V1), or spread evenly (V2)."""
    if last:
        return tuple(range(layers - 3, layers + 1))
    if layers == 24:
        return (5, 12, 18, 24)
    return tuple((i + 1) * layers // 4 for i in range(4))


def facts(path: Path, name: str) -> Mapping[str, Any]:
    """What is known of a depth estimator before a run; raises ModelFileError."""
    found = inspect_depth(path)
    return {"model_bytes": found.nbytes}
