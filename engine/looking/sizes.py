"""How large each part of a model file is and how it is built, from the file's header: nothing is loaded."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.models.detect import inspect_file, part_file, read_header
from engine.models.families import TEXTS, Found
from engine.models.handle import ModelHandle
from engine.models.header import Entry, ModelFileError, Shape
from engine.models.layout import clip_layout, unet_layout, vae_layout
from engine.models.tiny_files import tiny_family

FLOATS = frozenset({"F8_E4M3", "F8_E5M2", "F16", "BF16", "F32", "F64"})
"""Stored types of parameters; whole numbers in a file count places and the like."""

Told = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PartInfo:
    """One part: its parameters, its bytes as stored, bytes by stored type, and rows that tell of its layers."""

    parameters: int
    nbytes: int
    dtypes: Mapping[str, int]
    layout: Told = ()


def part_info(path: Path, handle: ModelHandle) -> PartInfo:
    """The part of a file that a handle names; raises ModelFileError."""
    if handle.part == "vae" and not path.is_dir() and tiny_family(path, handle.source.name):
        return _summed(read_header(path).tensors, (("layout", "small autoencoder (TAESD)"),))
    inspected = inspect_file(path)
    found = next((inspected.parts[part] for part in (handle.part, *TEXTS) if part in inspected.parts), None)
    file = part_file(path, handle.part) if path.is_dir() else path
    if found is None or file is None:
        raise ModelFileError("{name} has no part {part}.", name=handle.source.name, part=handle.part)
    header = read_header(file)
    own = {name: entry for name, entry in header.tensors.items() if name.startswith(found.prefix)}
    return _summed(own, _layout(found, {name.removeprefix(found.prefix): e.shape for name, e in own.items()}))


def _summed(tensors: Mapping[str, Entry], layout: Told) -> PartInfo:
    floats = [entry for entry in tensors.values() if entry.dtype in FLOATS]
    dtypes: dict[str, int] = {}
    for entry in floats:
        dtypes[entry.dtype] = dtypes.get(entry.dtype, 0) + entry.nbytes
    parameters = sum(math.prod(entry.shape) for entry in floats)
    return PartInfo(parameters, sum(entry.nbytes for entry in tensors.values()), dtypes, layout)


def _layout(found: Found, shapes: Mapping[str, Shape]) -> Told:
    """Rows for a part whose layout is understood; none for another, which is no fault of who asks."""
    try:
        return _LAYOUTS[found.part](found, shapes)
    except (KeyError, ModelFileError):
        return ()


def _unet(found: Found, shapes: Mapping[str, Shape]) -> Told:
    layout = unet_layout(shapes, found.naming)
    return (
        ("widths", _row(layout.widths)),
        ("residual blocks", f"{layout.layers} a level"),
        ("attention", f"{_row(layout.attention)} blocks by level, {layout.middle} in the middle"),
        ("reads text vectors", f"of width {layout.context}"),
        ("reads channels", str(layout.channels)),
    )


def _text(found: Found, shapes: Mapping[str, Shape]) -> Told:
    layout = clip_layout({name.removeprefix("text_model."): shape for name, shape in shapes.items()})
    return (
        ("width", str(layout.width)),
        ("layers", str(layout.layers)),
        ("vocabulary", f"{layout.vocabulary} tokens"),
        ("places", f"{layout.positions} a chunk"),
    )


def _vae(found: Found, shapes: Mapping[str, Shape]) -> Told:
    layout = vae_layout(shapes, found.naming)
    return (
        ("widths", _row(layout.widths)),
        ("residual blocks", f"{layout.layers} a level, one more in the decoder"),
        ("latent channels", str(layout.latent)),
    )


def _row(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))


_LAYOUTS: Mapping[str, Callable[[Found, Mapping[str, Shape]], Told]] = {
    "denoiser": _unet,
    "text": _text,
    "text_g": _text,
    "vae": _vae,
}
