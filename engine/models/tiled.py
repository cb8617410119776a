"""The autoencoder in tiles, with the numbers of the autoencoder as a whole.

A group norm looks at the whole picture, so a picture decoded tile by tile on its own changes colour from tile to tile.
Here every layer is finished for all tiles before the next begins: the feature map lies whole on the host, each tile is
read with the one cell around it that a 3×3 convolution needs, and while a map is written its statistics are gathered
for the norm that comes next.  So the device holds one tile at a time, no overlap is computed or blended, and only
rounding differs from the plain way.  Cost: the host holds two maps of the largest level (2 × 256 channels × H × W in
the part's dtype for Stable Diffusion), and each map travels to the device and back once a layer.
Attention, at the latents' own size, runs whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SMALLEST = 16
"""Cells of the smallest tile's side."""


@dataclass(slots=True)
class Moments:
    """Mean and variance by picture and group, gathered from parts of a map."""

    groups: int
    counts: list[int] = field(default_factory=list)
    means: list[Tensor] = field(default_factory=list)
    variances: list[Tensor] = field(default_factory=list)

    def add(self, part: Tensor) -> None:
        """Take in a part [B, C, h, w] of the map."""
        values = part.reshape(part.shape[0], self.groups, -1).float()
        variance, mean = torch.var_mean(values, dim=2, correction=0)
        self.counts.append(values.shape[2])
        self.means.append(mean.cpu().double())
        self.variances.append(variance.cpu().double())

    def whole(self) -> tuple[Tensor, Tensor]:
        """Mean and variance [B, groups] over all parts (Chan, Golub and LeVeque 1979)."""
        share = torch.tensor(self.counts, dtype=torch.float64)[:, None, None] / sum(self.counts)
        means = torch.stack(self.means)
        mean = (share * means).sum(0)
        return mean, (share * (torch.stack(self.variances) + (means - mean).square())).sum(0)


@dataclass(slots=True)
class Map:
    """A whole feature map [B, C, H, W] on the host, with the moments of its groups."""

    data: Tensor
    moments: Moments


def decode(vae: Any, latent: Tensor, tile: int) -> Tensor:
    """Decode latents [B, C, h, w] with tiles of `tile` pixels; returns [B, 3, H, W] in -1..1 on the host."""
    decoder = vae.decoder
    scale = 2 ** (len(decoder.up_blocks) - 1)
    run = Tiles(vae, tile)
    x = run.conv(decoder.conv_in, run.start(vae.post_quant_conv, latent), scale)
    x = run.middle(decoder.mid_block, x, scale)
    for block in decoder.up_blocks:
        for resnet in block.resnets:
            x = run.resnet(resnet, x, scale)
        for upsampler in block.upsamplers or ():
            scale //= 2
            x = run.conv(upsampler.conv, x, scale, up=2)
    return run.conv(decoder.conv_out, x, scale, norm=decoder.conv_norm_out).data


def encode(vae: Any, picture: Tensor, tile: int) -> Tensor:
    """Encode pictures [B, 3, H, W] in -1..1 with tiles of `tile` pixels; returns the posterior's parameters."""
    encoder, scale = vae.encoder, 1
    run = Tiles(vae, tile)
    x = run.conv(encoder.conv_in, run.start(None, picture), scale)
    for block in encoder.down_blocks:
        for resnet in block.resnets:
            x = run.resnet(resnet, x, scale)
        for downsampler in block.downsamplers or ():
            scale *= 2
            x = run.conv(downsampler.conv, x, scale)
    x = run.middle(encoder.mid_block, x, scale)
    return run.start(vae.quant_conv, run.conv(encoder.conv_out, x, scale, norm=encoder.conv_norm_out).data).data


class Tiles:
    """Runs an autoencoder's layers one after the other, each over all tiles."""

    def __init__(self, vae: Any, tile: int) -> None:
        weight = vae.decoder.conv_in.weight
        self._device, self._dtype, self._tile = weight.device, weight.dtype, tile
        self._groups = vae.decoder.conv_norm_out.num_groups

    def start(self, conv: nn.Conv2d | None, values: Tensor) -> Map:
        """A map of values that no norm will read, after a 1×1 convolution if there is one."""
        values = values.to(self._device, self._dtype)
        return Map((conv(values) if conv is not None else values).cpu(), Moments(self._groups))

    def middle(self, block: Any, x: Map, scale: int) -> Map:
        """The blocks at the latents' size: attention runs on the whole map."""
        x = self.resnet(block.resnets[0], x, scale)
        for attention, resnet in zip(block.attentions, block.resnets[1:], strict=True):
            if attention is not None:
                attended = attention(x.data.to(self._device))
                x = Map(attended.cpu(), Moments(self._groups))
                x.moments.add(attended)
            x = self.resnet(resnet, x, scale)
        return x

    def resnet(self, block: Any, x: Map, scale: int) -> Map:
        """A residual block; where widths agree the result takes the place of `x`."""
        hidden = self.conv(block.conv1, x, scale, norm=block.norm1)
        return self.conv(block.conv2, hidden, scale, norm=block.norm2, skip=x, shortcut=block.conv_shortcut)

    def conv(
        self,
        conv: nn.Conv2d,
        x: Map,
        scale: int,
        *,
        norm: nn.GroupNorm | None = None,
        up: int = 1,
        skip: Map | None = None,
        shortcut: nn.Conv2d | None = None,
    ) -> Map:
        """Norm and SiLU (if `norm`), nearest upsampling by `up`, convolution, and `skip` (through `shortcut`) added."""
        batch, _, height, width = x.data.shape
        affine = _affine(norm, x.moments) if norm is not None else None
        height, width = (_out(conv, size * up) for size in (height, width))
        if skip is not None and shortcut is None:
            out = skip.data
        else:
            out = torch.empty((batch, conv.out_channels, height, width), dtype=self._dtype)
        moments = Moments(self._groups)
        for rows, columns in _windows(height, width, max(SMALLEST, self._tile // scale)):
            part = self._window(conv, x.data, rows, columns, affine, up)
            if skip is not None:
                beside = skip.data[:, :, rows, columns].to(self._device)
                part = part + (shortcut(beside) if shortcut is not None else beside)
            out[:, :, rows, columns] = part.cpu()
            if conv.out_channels % self._groups == 0:
                moments.add(part)
        return Map(out, moments)

    def _window(
        self, conv: nn.Conv2d, data: Tensor, rows: slice, columns: slice, affine: tuple[Tensor, Tensor] | None, up: int
    ) -> Tensor:
        """One tile of a convolution's output: zeros stand only beyond the picture, never between tiles."""
        spans = [_span(conv, part, size * up) for part, size in zip((rows, columns), data.shape[2:], strict=True)]
        read = [slice(span.low // up, -(-span.high // up)) for span in spans]
        part = data[:, :, read[0], read[1]].to(self._device)
        if affine is not None:
            scale, shift = (value.to(self._device) for value in affine)
            part = F.silu(part.float() * scale + shift).to(self._dtype)
        if up > 1:
            part = F.interpolate(part, scale_factor=float(up), mode="nearest")
            y, x = (slice(s.low - r.start * up, s.high - r.start * up) for s, r in zip(spans, read, strict=True))
            part = part[:, :, y, x]
        part = F.pad(part, (spans[1].before, spans[1].after, spans[0].before, spans[0].after))
        return F.conv2d(part, conv.weight, conv.bias, conv.stride)


@dataclass(frozen=True, slots=True)
class Span:
    """What a tile reads along one axis: [low, high) of the input, and zeros before and after it."""

    low: int
    high: int
    before: int
    after: int


def _span(conv: nn.Conv2d, out: slice, size: int) -> Span:
    """An unpadded stride-2 convolution is the encoder's downsampling: it adds one zero after, none before."""
    lead = int(conv.padding[0])
    low = out.start * conv.stride[0] - lead
    high = (out.stop - 1) * conv.stride[0] - lead + conv.kernel_size[0]
    return Span(max(low, 0), min(high, size), max(-low, 0), max(high - size, 0))


def _out(conv: nn.Conv2d, size: int) -> int:
    """Cells of a convolution's output along an axis of `size` cells."""
    return size // conv.stride[0]


def _windows(height: int, width: int, side: int) -> Iterator[tuple[slice, slice]]:
    return iter(product(_slices(height, side), _slices(width, side)))


def _slices(size: int, side: int) -> Sequence[slice]:
    return [slice(start, min(start + side, size)) for start in range(0, size, side)]


def _affine(norm: nn.GroupNorm, moments: Moments) -> tuple[Tensor, Tensor]:
    """A group norm with known statistics as scale and shift [B, C, 1, 1]."""
    mean, variance = moments.whole()
    each = norm.num_channels // norm.num_groups
    inverse = (variance + norm.eps).rsqrt()
    scale = inverse.repeat_interleave(each, dim=1) * norm.weight.double().cpu()
    shift = norm.bias.double().cpu() - mean.repeat_interleave(each, dim=1) * scale
    return scale.float()[..., None, None], shift.float()[..., None, None]
