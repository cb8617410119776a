"""Each prediction recovers the clean latent from what a perfect network would give."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from engine.diffusion.prediction import PREDICTIONS
from engine.diffusion.trajectory import Trajectory


def target(name: str, clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """What a network of this kind is trained to give."""
    angle = torch.atan(sigma)
    return {
        "eps": noise,
        "v": angle.cos() * noise - angle.sin() * clean,
        "x0": clean,
        "flow": noise - clean,
    }[name]


@pytest.mark.parametrize("name", list(PREDICTIONS))
def test_recovers_the_clean_latent(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 5, 4, 8, 8, dtype=torch.float64, generator=generator).unbind(0)
    sigma = torch.tensor([1e-3, 0.1, 0.5, 0.9, 1.0], dtype=torch.float64)[:, None, None, None]
    trajectory = Trajectory(1.0 if name == "flow" else 0.0)
    x = torch.cat([trajectory.noised(c[None], n[None], float(s)) for c, n, s in zip(clean, noise, sigma, strict=True)])
    found = PREDICTIONS[name].clean(x, target(name, clean, noise, sigma), sigma)
    torch.testing.assert_close(found, clean, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["eps", "v", "x0"])
def test_the_network_sees_unit_variance(name: str) -> None:
    sigma = torch.tensor([0.03, 1.0, 14.6])
    seen = PREDICTIONS[name].scale(sigma) * (1 + sigma**2).sqrt()
    torch.testing.assert_close(seen, torch.ones(3))
