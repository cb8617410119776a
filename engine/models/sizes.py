"""How much memory models take, told from headers before anything is loaded.  Torch-free."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.models.detect import inspect_file, part_file, read_header
from engine.models.families import LANDMARKS
from engine.models.handle import Part
from engine.models.header import Header

MAPS = 64
"""Feature maps of a denoiser's first level that are alive at a time, skips and the feed-forward's inside counted."""


def row_bytes(width: int, channels: int, cells: int, itemsize: int) -> int:
    """About what one row of x takes beside the weights while it is denoised.

    Args:
        width: channels of the denoiser's first level. channels, cells: of x. itemsize: bytes of one number.
    """
    return cells * (width * MAPS + channels) * itemsize


@dataclass(frozen=True, slots=True)
class PartSize:
    """One part of a model file: its numbers, how many of them must be on the device at a time where layers are
    streamed, their bytes as stored, and of a denoiser the width of its first level."""

    family: str
    part: Part
    numbers: int
    least: int
    nbytes: int
    width: int = 0


def part_sizes(path: Path) -> Mapping[Part, PartSize]:
    """The parts that a model file or diffusers folder holds; raises ModelFileError. Remembered as `inspect_file` is."""
    stat = (path / "model_index.json" if path.is_dir() else path).stat()
    return _sizes(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _sizes(path: Path, size: int, mtime: int) -> Mapping[Part, PartSize]:
    inspected = inspect_file(path)
    sizes: dict[Part, PartSize] = {}
    whole = None if path.is_dir() else read_header(path)
    for part, found in inspected.parts.items():
        file = part_file(path, part) if whole is None else path
        header: Header = whole or read_header(file or path)
        first = LANDMARKS[part, found.naming].get("input") if part == "denoiser" else None
        width = header.tensors[found.prefix + first].shape[0] if first else 0
        sizes[part] = _size(inspected.family, part, header, found.prefix, width)
    return sizes


def _size(family: str, part: Part, header: Header, prefix: str = "", width: int = 0) -> PartSize:
    entries = {name: e for name, e in header.tensors.items() if name.startswith(prefix)}
    numbers = sum(math.prod(e.shape) for e in entries.values())
    layers = [math.prod(e.shape) for n, e in entries.items() if len(e.shape) > 1 and "embedding" not in n]
    least = numbers - sum(layers) + max(layers, default=0)
    return PartSize(family, part, numbers, least, sum(e.nbytes for e in entries.values()), width)


LONE: Mapping[str, Part] = {
    "controlnet": "control",
    "depth_estimators": "depth",
    "edge_models": "edges",
    "upscale_models": "upscaler",
    "classifiers": "classifier",
}
"""Kinds of files that hold one network and nothing else."""


def lone_size(path: Path, part: Part) -> PartSize:
    """The only part of a file of a kind in `LONE`; raises ModelFileError."""
    stat = path.stat()
    return _lone(path, part, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _lone(path: Path, part: Part, size: int, mtime: int) -> PartSize:
    return _size("", part, read_header(path))
