"""Losses of the recipe, as plain mathematics."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d


def gradient_l1(a: Tensor, b: Tensor) -> Tensor:
    """Return the L1 between the finite differences of two pictures [B, C, H, W]: asks for sharp edges."""
    gap = a - b
    return (gap[..., 1:] - gap[..., :-1]).abs().mean() + (gap[..., 1:, :] - gap[..., :-1, :]).abs().mean()


def picture_loss(made: Tensor, real: Tensor) -> Tensor:
    """Return L1 at three scales plus the gradient L1, for pictures in [-1, 1]."""
    loss = (made - real).abs().mean() + gradient_l1(made, real)
    for factor in (4, 8):
        loss = loss + 0.5 * avg_pool2d(made - real, factor).abs().mean()
    return loss


def velocity(clean: Tensor, noise: Tensor, alpha: Tensor) -> Tensor:
    """Return what the network learns to say, v = sqrt(alpha) noise - sqrt(1 - alpha) clean (Salimans & Ho 2022)."""
    return alpha.sqrt() * noise - (1 - alpha).sqrt() * clean


def clean_from_velocity(noisy: Tensor, v: Tensor, alpha: Tensor) -> Tensor:
    """Return the clean latent of a noisy one, sqrt(alpha) clean + sqrt(1 - alpha) noise, and its velocity."""
    return alpha.sqrt() * noisy - (1 - alpha).sqrt() * v


def velocity_weight(snr: Tensor, gamma: float = 5.0) -> Tensor:
    """Return the weight of the v loss, gamma / (snr + gamma): a soft min-SNR (Hang et al. 2023).

    An error of the clean latent then counts gamma (snr + 1) / (snr + gamma): gamma where there is little noise, 1 at
    pure noise, where the prompt alone decides. (The eps loss counts it snr there: next to nothing.)
    """
    return gamma / (snr + gamma)


def scaled_linear_alphas(steps: int = 1000, start: float = 0.00085, end: float = 0.012) -> Tensor:
    """Return the cumulative products of alpha of Stable Diffusion's scaled-linear schedule, [steps] in float64."""
    betas = torch.linspace(start**0.5, end**0.5, steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)
