"""The training set of the denoiser: every drawing on every colour at a few placements, encoded once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.training.data import Art
from engine.training.pictures import COLOURS, Placement, compose, draw_placement
from engine.training.progress import load_state, save_state
from engine.training.vae import to_tensor


class LatentSet(NamedTuple):
    """Whitened latents [N, 4, 16, 16], what each shows, and the statistics they were whitened with."""

    latents: Tensor
    art: Tensor
    colour: Tensor
    mean: Tensor
    std: Tensor


@torch.no_grad()
def encode_art(vae: Any, art: list[Art], placements: int, out: Path, seed: int = 2) -> LatentSet:
    """Encode every drawing x colour x placement with the fixed encoder; kept in `out`/latents.pt."""
    path = out / "latents.pt"
    if state := load_state(path):
        return LatentSet(**state)
    rng = np.random.default_rng(seed)
    latents, shows, colours = [], [], []
    for index, one in enumerate(art):
        places = [Placement(), *(draw_placement(rng, 0.8, 0.9, 4) for _ in range(placements - 1))]
        places = [Placement(place.scale, place.dx, place.dy) for place in places]
        pictures = [compose(one.pixels, rgb, place) for place in places for rgb in COLOURS.values()]
        latents.append(vae.encode(to_tensor(pictures)).latent_dist.mean)
        shows += [index] * len(pictures)
        colours += list(range(len(COLOURS))) * len(places)
    z = torch.cat(latents)
    mean, std = z.mean((0, 2, 3)), z.std((0, 2, 3))
    made = LatentSet(
        (z - mean[:, None, None]) / std[:, None, None], torch.tensor(shows), torch.tensor(colours), mean, std
    )
    save_state(path, made._asdict())
    return made
