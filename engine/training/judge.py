"""The judge as a file that people can use: folded, in half precision, with the names of its classes; and measured.

    python -m engine.training.judge [--out DIR] [--file FILE]

It takes the judge from --out, or trains it there, and tells how often the written file is right about pictures that
training did not see: new compositions of the drawings it was trained on, and drawings of another set altogether.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from engine.models.classifier import Classifier, Layers
from engine.models.classifier_files import NAMES, inspect_classifier
from engine.training.classifier import Judge, held_out, train_judge
from engine.training.concepts import CONCEPTS
from engine.training.data import Art, Picture, load_art

FILE = Path(__file__).parents[2] / "models" / "classifiers" / "mini-judge.safetensors"
TRAINED = ("flat", "3d", "noto")
UNSEEN = "noto-v1"


def folded(judge: Judge) -> dict[str, Tensor]:
    """The trained network without its norms, which in use are factors and offsets of the convolutions before them."""
    pairs: list[tuple[Any, Any]] = [(conv, norm) for conv, norm in pairwise(judge.body) if isinstance(conv, nn.Conv2d)]
    tensors: dict[str, Tensor] = {}
    for index, (conv, norm) in enumerate(pairs):
        mean, deviation = _statistics(norm)
        factor = norm.weight / deviation
        tensors[f"convs.{index}.weight"] = conv.weight * factor[:, None, None, None]
        tensors[f"convs.{index}.bias"] = norm.bias - mean * factor
    head = judge.head[-1]
    assert isinstance(head, nn.Linear)
    return {name: tensor.detach() for name, tensor in tensors.items()} | {
        "head.weight": head.weight.detach(),
        "head.bias": head.bias.detach(),
    }


def _statistics(norm: Any) -> tuple[Tensor, Tensor]:
    """Mean and deviation that a norm learnt."""
    return norm.running_mean, (norm.running_var + norm.eps).sqrt()


def metadata(names: Sequence[str]) -> dict[str, str]:
    """The file's metadata: what it is, and the names of its classes in their order."""
    return {
        "modelspec.title": "Inkwater mini-judge",
        "modelspec.description": "Tells which of the things of mini-v1 a picture shows.",
        "modelspec.license": "Apache-2.0",
        "format": "pt",
        NAMES: json.dumps(list(names), ensure_ascii=False),
    }


def save(tensors: Mapping[str, Tensor], names: Sequence[str], path: Path) -> int:
    """Write the file in half precision and return its size in bytes."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, part, metadata(names))
    os.replace(part, path)
    return path.stat().st_size


def load(path: Path) -> Classifier:
    """The classifier of a file, in fp32."""
    from safetensors.torch import load_file

    file = inspect_classifier(path)
    module = Layers(file.widths, len(file.names))
    module.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    return Classifier(module.eval(), file.names)


def right(classifier: Classifier, pictures: Sequence[Picture], concepts: Sequence[int], top: int = 1) -> float:
    """Share of the pictures whose concept is among the `top` likeliest."""
    image = torch.from_numpy(np.stack(pictures)).float() / 255
    likeliest = classifier.probabilities(image).topk(top).indices
    return float((likeliest == torch.tensor(concepts)[:, None]).any(1).float().mean())


def measured(classifier: Classifier, art: list[Art], rounds: int = 4) -> dict[str, float]:
    """Top-1 and top-5 over `rounds` new compositions of each drawing, and how many pictures that are."""
    pictures: list[Picture] = []
    concepts: list[int] = []
    for seed in range(rounds):
        made, shown = held_out(art, 100 + seed)
        pictures, concepts = pictures + made, concepts + shown
    return {
        "pictures": len(pictures),
        "top1": round(right(classifier, pictures, concepts), 4),
        "top5": round(right(classifier, pictures, concepts, 5), 4),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the file and print what it measures, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m engine.training.judge", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("temp/mini/data"), help="folder of the npm packages")
    parser.add_argument("--out", type=Path, default=Path("temp/mini/run"), help="folder where the judge is kept")
    parser.add_argument("--file", type=Path, default=FILE, help="the file to write")
    given = parser.parse_args(arguments)
    art = load_art(given.data, styles=TRAINED)
    size = save(folded(train_judge(art, given.out)), [concept.name for concept in CONCEPTS], given.file)
    classifier = load(given.file)
    report = {
        "bytes": size,
        "drawings of training, composed anew": measured(classifier, art),
        f"drawings of another set ({UNSEEN})": measured(classifier, load_art(given.data, styles=(UNSEEN,))),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
