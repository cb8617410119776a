"""Losses of the recipe, as plain mathematics."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d


def gradient_l1(a: Tensor, b: Tensor) -> Tensor:
    """Return the mean absolute difference of the finite differences of two pictures [B, C, H, W]: asks for sharp edges."""
    gap = a - b
    return (gap[..., 1:] - gap[..., :-1]).abs().mean() + (gap[..., 1:, :] - gap[..., :-1, :]).abs().mean()


def picture_loss(made: Tensor, real: Tensor) -> Tensor:
    """Return L1 at three scales plus the gradient L1, for pictures in [-1, 1]."""
    loss = (made - real).abs().mean() + gradient_l1(made, real)
    for factor in (4, 8):
        loss = loss + 0.5 * avg_pool2d(made - real, factor).abs().mean()
    return loss


def min_snr_weight(snr: Tensor, gamma: float = 5.0) -> Tensor:
    """Return the weight of the eps loss, min(snr, gamma) / snr (Hang et al. 2023)."""
    return snr.clamp(max=gamma) / snr


def denoiser_weight(snr: Tensor) -> Tensor:
    """Return the weight of the eps loss: min-SNR, and above sigma 1 times sigma.

    The latents of a simple picture are so smooth that its content shows through even strong noise; only where noise is
    strongest must the network read the prompt, and there plain min-SNR gives errors of the clean latent next to no weight.
    """
    return min_snr_weight(snr) * snr.clamp(max=1.0).rsqrt()


def scaled_linear_alphas(steps: int = 1000, start: float = 0.00085, end: float = 0.012) -> Tensor:
    """Return the cumulative products of alpha of Stable Diffusion's scaled-linear schedule, [steps] in float64."""
    betas = torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)
