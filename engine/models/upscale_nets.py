"""Networks that enlarge pictures: RRDBNet and SRVGGNetCompact.  All take and give [B, 3, H, W] in 0..1."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.upscale_files import COLOURS, UpscaleLayout

RESIDUAL = 0.2
SLOPE = 0.2


class DenseBlock(nn.Module):
    """Five convolutions, each of which reads all before it; with `plus` the shortcut of Rakotonirina et al. 2020."""

    def __init__(self, channels: int, growth: int, plus: bool) -> None:
        super().__init__()
        self.conv1x1 = nn.Conv2d(channels, growth, 1, bias=False) if plus else None
        self.conv1 = nn.Conv2d(channels, growth, 3, padding=1)
        self.conv2 = nn.Conv2d(channels + growth, growth, 3, padding=1)
        self.conv3 = nn.Conv2d(channels + 2 * growth, growth, 3, padding=1)
        self.conv4 = nn.Conv2d(channels + 3 * growth, growth, 3, padding=1)
        self.conv5 = nn.Conv2d(channels + 4 * growth, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] to the same shape."""
        one = _act(self.conv1(x))
        two = _act(self.conv2(torch.cat((x, one), 1)))
        if self.conv1x1 is not None:
            two = two + self.conv1x1(x)
        three = _act(self.conv3(torch.cat((x, one, two), 1)))
        four = _act(self.conv4(torch.cat((x, one, two, three), 1)))
        if self.conv1x1 is not None:
            four = four + two
        five: Tensor = self.conv5(torch.cat((x, one, two, three, four), 1))
        return five * RESIDUAL + x


class ResidualBlock(nn.Module):
    """Residual in residual dense block (Wang et al. 2018)."""

    def __init__(self, channels: int, growth: int, plus: bool) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(channels, growth, plus)
        self.rdb2 = DenseBlock(channels, growth, plus)
        self.rdb3 = DenseBlock(channels, growth, plus)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] to the same shape."""
        out: Tensor = self.rdb3(self.rdb2(self.rdb1(x)))
        return out * RESIDUAL + x


class RRDBNet(nn.Module):
    """ESRGAN's and Real-ESRGAN's generator (Wang et al. 2018, 2021)."""

    def __init__(self, layout: UpscaleLayout) -> None:
        super().__init__()
        channels, self.shuffle = layout.channels, layout.shuffle
        self.conv_first = nn.Conv2d(COLOURS * layout.shuffle**2, channels, 3, padding=1)
        blocks = (ResidualBlock(channels, layout.growth, layout.plus) for _ in range(layout.blocks))
        self.body = nn.Sequential(*blocks)
        self.conv_body = nn.Conv2d(channels, channels, 3, padding=1)
        self.ups = tuple(f"conv_up{i}" for i in range(1, layout.doublings + 1))
        for name in self.ups:
            self.add_module(name, nn.Conv2d(channels, channels, 3, padding=1))
        self.conv_hr = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_last = nn.Conv2d(channels, COLOURS, 3, padding=1)
        self.scale = layout.scale

    def forward(self, x: Tensor) -> Tensor:
        """[B, 3, H, W] to [B, 3, scale·H, scale·W]; sides are filled up inside to what the shuffle takes."""
        height, width = x.shape[-2:]
        if self.shuffle > 1:
            x = F.pad(x, (0, -width % self.shuffle, 0, -height % self.shuffle), mode="replicate")
            x = F.pixel_unshuffle(x, self.shuffle)
        first = self.conv_first(x)
        x = first + self.conv_body(self.body(first))
        for name in self.ups:
            x = _act(self.get_submodule(name)(F.interpolate(x, scale_factor=2, mode="nearest")))
        out: Tensor = self.conv_last(_act(self.conv_hr(x)))
        return out[..., : height * self.scale, : width * self.scale]


class Compact(nn.Module):
    """SRVGGNetCompact: plain convolutions at the small size, and what they add to the enlarged picture."""

    def __init__(self, layout: UpscaleLayout) -> None:
        super().__init__()
        channels, self.scale = layout.channels, layout.scale
        layers: list[nn.Module] = [nn.Conv2d(COLOURS, channels, 3, padding=1), nn.PReLU(channels)]
        for _ in range(layout.blocks):
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.PReLU(channels)]
        self.body = nn.Sequential(*layers, nn.Conv2d(channels, COLOURS * layout.scale**2, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        """[B, 3, H, W] to [B, 3, scale·H, scale·W]."""
        added: Tensor = F.pixel_shuffle(self.body(x), self.scale)
        return added + F.interpolate(x, scale_factor=self.scale, mode="nearest")


def _act(x: Tensor) -> Tensor:
    return F.leaky_relu(x, SLOPE)
