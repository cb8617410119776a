"""What a classifier's file is, from its header: the layout of mini-judge, its classes in the metadata.  Torch-free."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.models.beside import remembered
from engine.models.detect import read_header
from engine.models.header import ModelFileError, Shape, first_names
from engine.models.mistaken import mistaken

NAMES = "inkwater.classes"
"""The entry of the metadata that holds the names of the classes, a JSON list."""
SIZE = 128
"""Side of the pictures that it looks at."""
POOLED = 2
"""Side of the map that the last layer reads."""
COLOURS = 3
MOST_CLASSES, LONGEST_NAME = 10_000, 200


@dataclass(frozen=True, slots=True)
class ClassifierFile:
    """A classifier: channels of its convolutions from the first input on, its classes' names, its bytes as stored."""

    widths: tuple[int, ...]
    names: tuple[str, ...]
    nbytes: int


@remembered
def inspect_classifier(path: Path) -> ClassifierFile:
    """What the file holds; raises ModelFileError with one clear sentence."""
    header = read_header(path)
    shapes = header.shapes()
    count = sum(1 for name in shapes if re.fullmatch(r"convs\.\d+\.weight", name))
    if not count or "head.weight" not in shapes:
        raise mistaken(path.name, header) or ModelFileError(
            "{name} is not a classifier of mini-judge's layout (convolutions convs.0, convs.1, … and one "
            "layer head); its tensors are named like {some}.",
            name=path.name,
            some=first_names(header),
        )
    names = _names(path.name, header.metadata.get(NAMES, ""))
    widths = _widths(path.name, shapes, count)
    if shapes["head.weight"] != (len(names), widths[-1] * POOLED * POOLED):
        raise ModelFileError(
            "{name} is damaged: its last layer has shape {shape}, and {count} classes need {expected}.",
            name=path.name,
            shape=str(list(shapes["head.weight"])),
            count=len(names),
            expected=str([len(names), widths[-1] * POOLED * POOLED]),
        )
    return ClassifierFile(widths, names, sum(entry.nbytes for entry in header.tensors.values()))


def _widths(file: str, shapes: Mapping[str, Shape], count: int) -> tuple[int, ...]:
    widths = [COLOURS]
    for index in range(count):
        shape = shapes.get(f"convs.{index}.weight", ())
        if len(shape) != 4 or shape[1:] != (widths[-1], 3, 3) or not shape[0]:
            raise ModelFileError(
                '{name} is damaged: its "convs.{index}.weight" has shape {shape}, and {channels} channels come '
                "into 3×3 cells there.",
                name=file,
                index=index,
                shape=str(list(shape)),
                channels=widths[-1],
            )
        widths.append(shape[0])
    return tuple(widths)


def _names(file: str, text: str) -> tuple[str, ...]:
    try:
        read = json.loads(text) if text else None
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, list) or not read or len(read) > MOST_CLASSES or not all(map(_is_name, read)):
        raise ModelFileError(
            '{name} does not name its classes: the entry "{entry}" of its metadata is no list of them.',
            name=file,
            entry=NAMES,
        )
    return tuple(read)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME


def facts(path: Path, name: str) -> Mapping[str, Any]:
    """What is known of a classifier before a run; raises ModelFileError."""
    return {"model_bytes": inspect_classifier(path).nbytes}
