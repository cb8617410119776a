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
    """One part of a model file: its numbers, their bytes as stored, and of a denoiser the width of its first level."""

    family: str
    part: Part
    numbers: int
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
        entries = [e for name, e in header.tensors.items() if name.startswith(found.prefix)]
        first = LANDMARKS[part, found.naming].get("input") if part == "denoiser" else None
        width = header.tensors[found.prefix + first].shape[0] if first else 0
        numbers = sum(math.prod(e.shape) for e in entries)
        sizes[part] = PartSize(inspected.family, part, numbers, sum(e.nbytes for e in entries), width)
    return sizes
