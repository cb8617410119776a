"""A classifier at work: pictures in, how likely each of its classes is out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, relu

from engine.graph.told import telling
from engine.models.classifier_files import POOLED, SIZE, inspect_classifier
from engine.models.fill import Unfilled
from engine.models.gather import gathered
from engine.models.handle import ModelHandle
from engine.models.precision import Policy
from engine.models.weights import open_weights
from engine.models.working import careful, home, resized

AT_ONCE = 64


class Layers(nn.Module):
    """Logits [B, classes] of pictures [B, 3, 128, 128] in -1..1: convolutions, of which all but the last halve."""

    def __init__(self, widths: tuple[int, ...], classes: int) -> None:
        super().__init__()
        last = len(widths) - 2
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=2 if index < last else 1, padding=1)
            for index, (before, after) in enumerate(pairwise(widths))
        )
        self.head = nn.Linear(widths[-1] * POOLED * POOLED, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        x = avg_pool2d(pictures, 2)
        for conv in self.convs:
            x = relu(conv(x))
        logits: Tensor = self.head(adaptive_avg_pool2d(x, POOLED).flatten(1))
        return logits


class Classifier:
    """Tells what pictures [B, H, W, C] in 0..1 show; float32 on the host outside."""

    def __init__(self, module: nn.Module, names: tuple[str, ...]) -> None:
        self.module = module
        self.names = names

    @torch.no_grad()
    def probabilities(self, image: Tensor) -> Tensor:
        """How likely each class is, [B, classes], of each picture; of a long picture its middle square is looked at."""
        seen = square(image) * 2 - 1
        parts = [self._run(seen[at : at + AT_ONCE]) for at in range(0, len(seen), AT_ONCE)]
        return torch.cat(parts).softmax(-1)

    def _run(self, pictures: Tensor) -> Tensor:
        return careful(self.module, lambda: self.module(home(self.module, pictures)), "The classifier").cpu()


def square(image: Tensor) -> Tensor:
    """The middle square of pictures [B, H, W, C] at the size that is looked at: [B, 3, 128, 128], 0 to 1."""
    height, width = image.shape[1:3]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = image[:, top : top + side, left : left + side, :3].expand(-1, -1, -1, 3)
    return resized(middle.float().permute(0, 3, 1, 2), (SIZE, SIZE)).clamp(0, 1)


def classifier(path: Path, handle: ModelHandle, policy: Policy) -> Unfilled:
    """The network of a classifier's file; raises ModelFileError."""
    file = inspect_classifier(path)
    weights = open_weights(path)
    with torch.device("meta"):
        module = Layers(file.widths, len(file.names))
    tensors = gathered(handle.source.name, telling("a classifier of its layout"), module, weights.get)
    return Unfilled(module.eval(), tensors, lambda filled: Classifier(filled, file.names))
