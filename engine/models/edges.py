"""Soft edges: holistically nested edge detection (HED, Xie and Tu 2015) with a file that the user brings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.edge_files import CONVS, HedNaming, hed_names, inspect_edges
from engine.models.fill import Unfilled
from engine.models.gather import gathered
from engine.models.handle import ModelHandle
from engine.models.precision import Policy
from engine.models.weights import open_weights
from engine.models.working import careful, home, resized, working_size

MEAN = (122.67891434, 116.66876762, 104.00698793)
"""Red, green and blue of ImageNet's mean, which the network of naming "vgg" takes off; the other has its own."""


class Hed(nn.Module):
    """Five blocks of VGG-16, each of which scores edges; [B, 3, H, W] RGB in 0..255 to scores [B, 1, H, W]."""

    def __init__(self, naming: HedNaming, widths: Sequence[int]) -> None:
        super().__init__()
        ins = (3, *widths)
        self.vgg = naming == "vgg"
        self.blocks = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(width if i else ins[b], width, 3, padding=1) for i in range(CONVS[b]))
            for b, width in enumerate(widths)
        )
        self.scores = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in widths)
        if self.vgg:
            self.combine = nn.Conv2d(len(widths), 1, 1)
        else:
            self.norm = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """How sure the network is of an edge at each pixel, before the sigmoid."""
        size = x.shape[-2:]
        x = (x - x.new_tensor(MEAN)[:, None, None]).flip(1) if self.vgg else x - self.norm
        found = []
        for i, (block, score) in enumerate(zip(self.blocks, self.scores, strict=True)):
            x = F.max_pool2d(x, 2) if i else x
            for conv in block:  # type: ignore[attr-defined]
                x = F.relu(conv(x))
            found.append(F.interpolate(score(x), size=size, mode="bilinear", align_corners=False))
        joined = torch.cat(found, 1)
        answer: Tensor = self.combine(joined) if self.vgg else joined.mean(1, keepdim=True)
        return answer


MULTIPLE = 16
"""Sides of a working picture are multiples of what the network halves four times."""


class EdgeFinder:
    """Finds soft edges in pictures [B, H, W, C] in 0..1; float32 on the host outside."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    @torch.no_grad()
    def find(self, image: Tensor, side: int = 512) -> Tensor:
        """[B, H, W] in 0..1, 1 on an edge; each picture is looked at with sides of about `side` pixels."""
        height, width = image.shape[1:3]
        size = working_size(height, width, side, MULTIPLE)
        found = []
        for picture in image[..., :3].permute(0, 3, 1, 2):
            small = resized(picture[None].float(), size).clamp(0, 1) * 255
            scores = careful(self.module, partial(self._scores, small), "The edge model")
            found.append(resized(scores.cpu().sigmoid(), (height, width)).clamp(0, 1)[:, 0])
        return torch.cat(found)

    def _scores(self, small: Tensor) -> Tensor:
        scores: Tensor = self.module(home(self.module, small))
        return scores


def edges(path: Path, handle: ModelHandle, policy: Policy) -> Unfilled:
    """The network of a file that finds soft edges; raises ModelFileError."""
    file = inspect_edges(path)
    weights, names = open_weights(path), hed_names(file.naming)
    with torch.device("meta"):
        module = Hed(file.naming, file.widths)
    tensors = gathered(handle.source.name, "HED", module, lambda name: weights.get(names[name]))
    return Unfilled(module.eval(), tensors, EdgeFinder)
