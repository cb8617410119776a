"""Small denoisers for tests: one with a known exact answer, one a real UNet whose weights are a formula."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.samplers.protocol import Ask, Denoised, Steps
from engine.diffusion.trajectory import Trajectory
from engine.diffusion.types import Cond, Conditioning, ControlRows


def conditioning(value: float = 0.1, length: int = 77, width: int = 8, **fields: Any) -> Conditioning:
    """One `Cond` of constant vectors."""
    return Conditioning((Cond(torch.full((1, length, width), value), **fields),))


class Counting:
    """A network that answers with a smooth function of x, timestep and conditioning, and keeps what it was asked."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.timesteps: list[list[float]] = []

    def __call__(
        self,
        x: Tensor,
        timestep: Tensor,
        embeds: Tensor,
        *,
        pooled: Tensor | None = None,
        concat: Tensor | None = None,
        extras: Mapping[str, Tensor] | None = None,
        controls: Sequence[ControlRows] = (),
    ) -> Tensor:
        assert x.shape[0] == timestep.shape[0] == embeds.shape[0]
        self.shapes.append((*x.shape, embeds.shape[1]))
        self.timesteps.append(timestep.tolist())
        return torch.tanh(x) * 0.7 + embeds.mean((1, 2))[:, None, None, None] + timestep[:, None, None, None] / 5000

    @property
    def calls(self) -> int:
        return len(self.shapes)


@contextmanager
def leased(network: Any, handle: Hashable) -> Iterator[Any]:
    yield network


@cache
def formula_unet() -> torch.nn.Module:
    """A bare diffusers UNet of 60,000 parameters whose weights are sines, so that its numbers need no file."""
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 24),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=8,
        attention_head_dim=2,
        norm_num_groups=8,
    )
    for index, (name, parameter) in enumerate(sorted(unet.named_parameters())):
        count = parameter.numel()
        wave = torch.sin(torch.arange(count, dtype=torch.float64) * (1 + index * 0.37) + index)
        fan = max(parameter[0].numel(), 1) if parameter.ndim > 1 else 4
        values = 1 + 0.1 * wave if "norm" in name and name.endswith("weight") else wave * (2 / fan) ** 0.5
        parameter.data.copy_(values.reshape(parameter.shape))
    return unet.eval().requires_grad_(False)


def unet_network(
    x: Tensor,
    timestep: Tensor,
    embeds: Tensor,
    *,
    pooled: Tensor | None = None,
    concat: Tensor | None = None,
    extras: Mapping[str, Tensor] | None = None,
    controls: Sequence[ControlRows] = (),
) -> Tensor:
    """`formula_unet` as the loop calls a network."""
    out: Tensor = formula_unet()(x, timestep, embeds, return_dict=False)[0]
    return out


def formula_noise(shape: Sequence[int]) -> Tensor:
    """Numbers that look like unit noise and need no generator."""
    count = torch.Size(shape).numel()
    return (torch.sin(torch.arange(count, dtype=torch.float64) ** 2 * 0.731) * 1.4).reshape(tuple(shape)).float()


def drive(steps: Steps, denoise: Any) -> Tensor:
    """Run a bare sampler on `denoise(x, sigma) -> clean`."""
    try:
        ask: Ask = next(steps)
        while True:
            ask = steps.send(Denoised(denoise(ask.x, ask.sigma), {}))
    except StopIteration as end:
        final: Tensor = end.value
        return final


class Gaussian:
    """Data that is normal(mean, spread): the best denoiser and the exact solution of the ODE are known."""

    def __init__(self, trajectory: Trajectory, mean: float = 0.5, spread: float = 0.8) -> None:
        self.trajectory, self.mean, self.spread = trajectory, mean, spread

    def deviation(self, sigma: float) -> float:
        """Standard deviation of x at sigma."""
        return float(((self.trajectory.alpha(sigma) * self.spread) ** 2 + sigma**2) ** 0.5)

    def denoise(self, x: Tensor, sigma: float) -> Tensor:
        alpha = self.trajectory.alpha(sigma)
        gain = alpha * self.spread**2 / self.deviation(sigma) ** 2
        return self.mean + (x - alpha * self.mean) * gain

    def flow(self, x: Tensor, sigma: float, to: float) -> Tensor:
        """Where the probability-flow ODE carries x from sigma to `to`."""
        scale = self.deviation(to) / self.deviation(sigma)
        return self.trajectory.alpha(to) * self.mean + (x - self.trajectory.alpha(sigma) * self.mean) * scale
