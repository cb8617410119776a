"""An upscaler at work: pictures tile by tile, with what neighbours both see blended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor, nn

from engine.models.working import careful, home

OVERLAP = 32
"""Pixels that neighbouring tiles both see; their answers fade into each other there."""
SMALLEST = 64
"""Side of the smallest tile."""
TILE = {"cpu": 256}
TILE_ELSEWHERE = 512

Told = Callable[[int, int], None]


class Upscaler:
    """Enlarges pictures [B, H, W, 3] in 0..1 to [B, scale·H, scale·W, 3]; float32 on the host outside."""

    def __init__(self, module: nn.Module, scale: int) -> None:
        self.module = module
        self.scale = scale

    @torch.no_grad()
    def enlarge(self, image: Tensor, told: Told | None = None, tile: int = 0) -> Tensor:
        """The pictures, one after the other, in tiles of `tile` pixels (0: by the device); `told` gets (done, total).

        When memory runs out the tile is halved and the picture begun again.
        """
        tile = tile or TILE.get(next(self.module.parameters()).device.type, TILE_ELSEWHERE)
        pictures = image[..., :3].permute(0, 3, 1, 2)
        out = pictures.new_empty(len(pictures), 3, *(side * self.scale for side in pictures.shape[-2:]))
        for i, picture in enumerate(pictures):
            tile = self._one(picture, out[i], tile, _of_batch(told, i, len(out)))
        return out.permute(0, 2, 3, 1).contiguous()

    def _one(self, picture: Tensor, out: Tensor, tile: int, told: Told) -> int:
        """Fill `out` with the enlarged `picture`; the side of the tiles that did it."""
        while True:
            try:
                self._tiles(picture, out, tile, told)
                return tile
            except torch.OutOfMemoryError:
                if tile <= SMALLEST:
                    raise
            tile = max(tile // 2, SMALLEST)
            if torch.accelerator.is_available():
                torch.accelerator.empty_cache()

    def _tiles(self, picture: Tensor, out: Tensor, tile: int, told: Told) -> None:
        rows, columns = (spans(size, tile, OVERLAP) for size in picture.shape[-2:])
        if len(rows) == len(columns) == 1:
            out.copy_(self._run(picture))
            told(1, 1)
            return
        out.zero_()
        weights = [ramps(axis, OVERLAP, self.scale) for axis in (rows, columns)]
        places = list(product(zip(rows, weights[0], strict=True), zip(columns, weights[1], strict=True)))
        for done, ((row, down), (column, across)) in enumerate(places, 1):
            part = self._run(picture[:, row, column]) * down[:, None] * across
            out[:, _times(row, self.scale), _times(column, self.scale)] += part
            told(done, len(places))
        out.clamp_(0, 1)

    def _run(self, part: Tensor) -> Tensor:
        made = careful(self.module, lambda: self.module(home(self.module, part[None])), "The upscaler")
        return made[0].clamp(0, 1).cpu()


def spans(size: int, tile: int, overlap: int) -> Sequence[slice]:
    """Slices of at most `tile` that cover `size`, neighbours sharing at least `overlap`; all are equally long."""
    if size <= tile:
        return [slice(0, size)]
    count = -(-(size - overlap) // (tile - overlap))
    starts = [round(i * (size - tile) / (count - 1)) for i in range(count)]
    return [slice(start, start + tile) for start in starts]


def ramps(axis: Sequence[slice], overlap: int, scale: int) -> Sequence[Tensor]:
    """How much each of the slices counts, at each place after enlarging: neighbours add up to one everywhere."""
    size = axis[-1].stop * scale
    rising = []
    for span in axis:
        weight = torch.zeros(size, dtype=torch.float64)
        length = (span.stop - span.start) * scale
        ramp = (torch.arange(length, dtype=torch.float64) + 0.5) / (overlap * scale)
        left = ramp.clamp(max=1) if span.start else torch.ones(length, dtype=torch.float64)
        right = ramp.flip(0).clamp(max=1) if span.stop * scale < size else torch.ones(length, dtype=torch.float64)
        weight[_times(span, scale)] = left * right
        rising.append(weight)
    total = torch.stack(rising).sum(0)
    return [(weight / total)[_times(span, scale)].float() for weight, span in zip(rising, axis, strict=True)]


def _times(span: slice, scale: int) -> slice:
    return slice(span.start * scale, span.stop * scale)


def _of_batch(told: Told | None, before: int, count: int) -> Told:
    """Tells of one picture's tiles as of those of `count` pictures, `before` of which are done."""

    def tell(done: int, total: int) -> None:
        if told is not None:
            told(done + before * total, count * total)

    return tell
