"""What a network's output says about the clean latent, by what it was trained to predict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

Scale = Callable[[Tensor], Tensor]
Clean = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Prediction:
    """`scale(sigma)` is what x is multiplied with before it enters the network (c_in of Karras et al. 2022);
    `clean(x, output, sigma)` is the clean latent.  Sigma is shaped to broadcast over x."""

    scale: Scale
    clean: Clean


def _unit_variance(sigma: Tensor) -> Tensor:
    return (sigma**2 + 1).rsqrt()


PREDICTIONS: Mapping[str, Prediction] = {
    # The noise itself (Ho et al. 2020).
    "eps": Prediction(_unit_variance, lambda x, out, sigma: x - sigma * out),
    # alpha * noise - sigma * clean on the unit-variance circle (Salimans and Ho 2022).
    "v": Prediction(_unit_variance, lambda x, out, sigma: x / (sigma**2 + 1) - out * sigma * (sigma**2 + 1).rsqrt()),
    # The clean latent.
    "x0": Prediction(_unit_variance, lambda x, out, sigma: out),
    # noise - clean along a straight line (Liu et al. 2023).
    "flow": Prediction(lambda sigma: sigma.new_ones(()), lambda x, out, sigma: x - sigma * out),
}
