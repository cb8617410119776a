"""Small random classifiers as files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.models.classifier_files import NAMES

WIDTHS = (3, 4, 6)
CLASSES = ("fox", "cat", "con cáo")


def tensors(widths: Sequence[int] = WIDTHS, classes: int = len(CLASSES)) -> dict[str, Tensor]:
    """The numbers of a classifier, drawn with a fixed seed."""
    rng = torch.Generator().manual_seed(5)
    found = {}
    for index, (before, after) in enumerate(pairwise(widths)):
        found[f"convs.{index}.weight"] = torch.randn(after, before, 3, 3, generator=rng)
        found[f"convs.{index}.bias"] = torch.randn(after, generator=rng)
    found["head.weight"] = torch.randn(classes, widths[-1] * 4, generator=rng)
    found["head.bias"] = torch.randn(classes, generator=rng)
    return found


def write_classifier(
    path: Path, state: Mapping[str, Tensor] | None = None, names: Sequence[str] | str = CLASSES
) -> Path:
    """Write a classifier's file; `names` as a text is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = names if isinstance(names, str) else json.dumps(list(names))
    save_file(dict(tensors() if state is None else state), path, {NAMES: listed})
    return path
