"""Examples for the guard: nodes that take diffusion apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from engine.diffusion.traces import Trace
from engine.diffusion.types import Cond, Conditioning, Image, Latent, Noise, Sigmas
from nodes.loaders import Checkpoint
from nodes.trace import sampler_trace
from tests.nodes.desk import Desk, call

Values = dict[str, Any]


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def prompts() -> Values:
    return {"positive": prompt(1), "negative": prompt(2)}


def prompt(seed: int) -> Conditioning:
    return Conditioning((Cond(torch.randn(1, 77, 64, generator=torch.Generator().manual_seed(seed))),))


def latent(batch: int = 1) -> Latent:
    return Latent(noise(batch, 4, 4, 6))


def sigmas() -> Sigmas:
    return Sigmas(torch.tensor([14.0, 5.0, 1.0, 0.0]))


def trace(parts: Checkpoint, context: Desk, **changes: Any) -> Trace:
    values = prompts() | {"model": parts.MODEL, "steps": 3, "cfg": 3.0, "latent_image": latent()} | changes
    made: Trace = call(sampler_trace, context=context, **values).trace
    return made


EXAMPLES: dict[str, Callable[[Checkpoint, Desk], Values]] = {
    "AddNoise": lambda p, c: {
        "model": p.MODEL,
        "noise": Noise(3),
        "sigmas": sigmas(),
        "latent_image": latent(2),
        "step": 1,
    },
    "AddNoiseToImage": lambda p, c: {"image": Image(noise(2, 16, 8, 3).sigmoid()), "noise_seed": 2**64 - 1},
    "PredictNoise": lambda p, c: prompts() | {"model": p.MODEL, "latent_image": latent(), "sigmas": sigmas()},
    "SamplerStep": lambda p, c: (
        prompts()
        | {"model": p.MODEL, "latent_image": latent(2), "sigmas": sigmas(), "step": 1, "sampler_name": "dpmpp_2m_sde"}
    ),
    "CleanFromNoise": lambda p, c: {"noisy": latent(), "noise": latent(), "sigmas": sigmas(), "step": 1},
    "SamplerTrace": lambda p, c: (
        prompts() | {"model": p.MODEL, "steps": 2, "latent_image": latent(), "sampler_name": "euler_ancestral"}
    ),
    "TraceStepAt": lambda p, c: {"trace": trace(p, c), "step": 2},
    "TraceBranch": lambda p, c: prompts() | {"trace": trace(p, c), "model": p.MODEL, "step": 1, "seed": 4},
    "TraceFrames": lambda p, c: {"trace": trace(p, c), "view": "x", "vae": p.VAE},
    "TracePlot": lambda p, c: {"trace": trace(p, c)},
    "MeasureStep": lambda p, c: {"model": p.MODEL, "positive": prompt(1), "latent_image": latent(), "repeats": 2},
    "PlotSigmas": lambda p, c: {"sigmas": sigmas(), "other": sigmas(), "log": True, "labels": "one\n"},
}
