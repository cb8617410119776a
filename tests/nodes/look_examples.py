"""Inputs for the nodes that tell what values, models and pictures are; the guard runs each of them twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from engine.diffusion.types import Cond, Conditioning, Image, Latent
from engine.models.tokens import tokenize_prompt
from nodes.loaders import Checkpoint
from tests.models.classifiers import write_classifier
from tests.nodes.desk import Desk


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def pictures(batch: int = 2) -> Image:
    return Image(noise(batch, 24, 16, 3).sigmoid())


def classifier(context: Desk) -> Any:
    """A small random classifier as a file."""
    root = context.library.folder("classifiers")
    if not (root / "tiny.safetensors").exists():
        write_classifier(root / "tiny.safetensors")
    return context.library.ref("classifiers", "tiny.safetensors")


EXAMPLES: dict[str, Callable[[Checkpoint, Desk], dict[str, Any]]] = {
    "TensorInfo": lambda p, c: {"value": Conditioning((Cond(noise(1, 77, 64), noise(1, 64)),))},
    "ModelInfo": lambda p, c: {"model": p.MODEL, "clip": p.CLIP, "vae": p.VAE},
    "ShowLatent": lambda p, c: {"latent": Latent(noise(2, 4, 6, 5)), "columns": 2},
    "LatentHistogram": lambda p, c: {"latent": Latent(noise(2, 4, 6, 5))},
    "ShowTokens": lambda p, c: {"tokens": tokenize_prompt("a (fox:1.2) trên nền vàng", p.CLIP.family)},
    "NearestTokens": lambda p, c: {"clip": p.CLIP, "word": "con cáo", "count": 3},
    "Compare": lambda p, c: {"a": pictures(), "b": pictures().flip(0)},
    "ImageGrid": lambda p, c: {"images": [pictures(), pictures(1)], "labels": "a\nnền vàng"},
    "ClassScores": lambda p, c: {"image": pictures(), "classifier_name": classifier(c)},
}
