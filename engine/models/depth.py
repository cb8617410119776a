"""A depth estimator at work: pictures in, how near each pixel is out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.depth_files import DepthFamily
from engine.models.working import careful, home, resized, working_size

MEAN = {"dpt": (0.5, 0.5, 0.5)}
DEVIATION = {"dpt": (0.5, 0.5, 0.5)}
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)

Told = Callable[[int, int], None]


class DepthEstimator:
    """Estimates the depth of pictures [B, H, W, C] in 0..1; float32 on the host outside.

    Args:
        side: pixels of the pictures that it was trained on. multiple: of which its pictures' sides must be.
    """

    def __init__(self, module: nn.Module, family: DepthFamily, side: int, multiple: int) -> None:
        self.module: Any = module
        self._family = family
        self._side, self._multiple = side, multiple

    @torch.no_grad()
    def estimate(self, image: Tensor, side: int = 0, told: Told | None = None) -> Tensor:
        """[B, H, W] from 0 (the farthest of each picture) to 1 (its nearest); 0 throughout where all is as near.

        Args:
            side: pixels of the pictures that the network sees, about; 0 is what it was trained on.
        """
        height, width = image.shape[1:3]
        size = working_size(height, width, side or self._side, self._multiple)
        depths = []
        for done, picture in enumerate(image[..., :3].permute(0, 3, 1, 2), 1):
            small = resized(picture[None].float(), size).clamp(0, 1)
            near = self.nearness(small)
            near = F.interpolate(near[:, None], size=(height, width), mode="bicubic", align_corners=False)
            depths.append(spread(near[:, 0]))
            if told is not None:
                told(done, len(image))
        return torch.cat(depths)

    def nearness(self, pictures: Tensor) -> Tensor:
        """What the network says of pictures [B, 3, h, w] of a size it takes: [B, h, w], on the host, large is near."""
        mean, deviation = (
            pictures.new_tensor(numbers.get(self._family, other))[:, None, None]
            for numbers, other in ((MEAN, IMAGENET_MEAN), (DEVIATION, IMAGENET_DEVIATION))
        )
        x = home(self.module, (pictures - mean) / deviation)
        run = dpt if self._family == "dpt" else depth_anything
        answer = careful(self.module, lambda: run(self.module, x), "The depth estimator").cpu()
        # A metric estimator gives metres; one over them is what the others give, but for scale and shift.
        return 1 / answer.clamp(min=1e-6) if self._family == "depth_anything_v2_metric" else answer


def spread(depth: Tensor) -> Tensor:
    """Each of [B, H, W] moved and scaled to 0..1; zeros where it is the same everywhere."""
    low, high = depth.amin((-2, -1), keepdim=True), depth.amax((-2, -1), keepdim=True)
    return torch.where(high > low, (depth - low) / (high - low).clamp(min=torch.finfo(depth.dtype).tiny), 0.0)


def depth_anything(module: Any, x: Tensor) -> Tensor:
    """[B, h, w] of pictures [B, 3, h, w] whose sides are multiples of 14."""
    depth: Tensor = module(pixel_values=x).predicted_depth
    return depth


def dpt(module: Any, x: Tensor) -> Tensor:
    """[B, h, w] of pictures [B, 3, h, w] whose sides are multiples of 32.

    transformers' own call takes squares only, and of a hybrid one size only; MiDaS takes all.
    """
    config, vit = module.config, module.dpt
    height, width = (size // config.patch_size for size in x.shape[-2:])
    embedded = vit.embeddings(x, interpolate_pos_encoding=True) if config.is_hybrid else vit.embeddings(x)
    maps = list(embedded.intermediate_activations or ())
    wanted = config.backbone_out_indices[len(maps) :]
    hidden = embedded.last_hidden_states
    for i, layer in enumerate(vit.encoder.layer):
        hidden = layer(hidden)
        if i in wanted:
            maps.append(hidden)
    depth: Tensor = module.head(module.neck(maps, height, width))
    return depth
