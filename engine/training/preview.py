"""Pictures from prompts with the bare modules: what training looks at and what the quality is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.training.data import Picture
from engine.training.losses import clean_from_velocity, scaled_linear_alphas
from engine.training.vae import LATENT_FACTOR


@dataclass(frozen=True, slots=True)
class Painter:
    """The three networks of one checkpoint and the rule that turns texts into token rows."""

    vae: Any
    unet: Any
    text: Any
    encode: Any

    @torch.no_grad()
    def latents(self, prompts: list[str], seeds: list[int], *, steps: int = 20, scale: float = 5.0) -> Tensor:
        """Return latents of unit scale [B, 4, 16, 16]: Euler's method on uniformly spaced time steps with guidance."""
        device = next(self.unet.parameters()).device
        hidden = self.text(input_ids=self.encode(prompts).to(device)).last_hidden_state
        empty = self.text(input_ids=self.encode([""]).to(device)).last_hidden_state
        context = torch.cat([hidden, empty.expand_as(hidden)])
        alphas = scaled_linear_alphas()
        times = torch.linspace(999, 0, steps).round().long()
        sigmas = [*((1 - alphas[times]) / alphas[times]).sqrt().tolist(), 0.0]
        noise = [torch.randn(4, 16, 16, generator=torch.Generator("cpu").manual_seed(seed)) for seed in seeds]
        x: Tensor = torch.stack(noise).to(device) * (1 + sigmas[0] ** 2) ** 0.5
        for time, here, there in zip(times.tolist(), sigmas, sigmas[1:], strict=False):
            noisy = x * alphas[time].sqrt().float().to(device)
            given = noisy.repeat(2, 1, 1, 1)
            yes, no = self.unet(given, torch.tensor(time, device=device), encoder_hidden_states=context).sample.chunk(2)
            clean = clean_from_velocity(noisy, no + scale * (yes - no), alphas[time].float().to(device))
            x = x + (there - here) / here * (x - clean)
        return x

    @torch.no_grad()
    def decode(self, latents: Tensor) -> list[Picture]:
        """Return pictures [128, 128, 3] of latents of unit scale."""
        made = self.vae.decode(latents / LATENT_FACTOR).sample
        return list(((made.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy())

    def paint(self, prompts: list[str], seeds: list[int], *, batch: int = 20, **how: Any) -> list[Picture]:
        """Return one picture for each prompt and seed."""
        pictures: list[Picture] = []
        for start in range(0, len(prompts), batch):
            part = slice(start, start + batch)
            pictures += self.decode(self.latents(prompts[part], seeds[part], **how))
        return pictures


def sheet(pictures: list[Picture], columns: int) -> Picture:
    """Return one picture of many, row by row."""
    blank = np.zeros_like(pictures[0])
    padded = [*pictures, *[blank] * (-len(pictures) % columns)]
    rows = [np.concatenate(padded[at : at + columns], axis=1) for at in range(0, len(padded), columns)]
    return np.concatenate(rows, axis=0)
