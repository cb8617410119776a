"""Changes of a model that leave its weights alone: what it predicts, how its guidance is scaled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from engine.diffusion.types import PredictionName
from engine.graph.define import node
from engine.graph.sockets import Choice, Range
from engine.models.handle import Model
from nodes.facts import passed, predicting

SAMPLING: Mapping[str, PredictionName] = {"eps": "eps", "v_prediction": "v", "lcm": "lcm", "x0": "x0"}
"""What ComfyUI calls the predictions."""

LCM_EVERY = 20
"""Latent consistency models are distilled on 50 of the 1000 noise levels."""


@node("ModelSamplingDiscrete", category="advanced/model", label="ModelSamplingDiscrete", facts=predicting(SAMPLING))
def model_sampling_discrete(
    *,
    model: Model,
    sampling: Annotated[str, Choice(tuple(SAMPLING))] = "eps",
    zsnr: bool = False,
) -> Model:
    """Say what a model was trained to predict, where its file does not: a wrong setting gives noise or flat colours.

    Args:
        model: The denoiser.
        sampling: eps: the noise (most models). v_prediction: noise and picture mixed (Stable Diffusion 2 at 768). lcm:
            distilled to a few steps, for the lcm sampler. x0: the clean picture.
        zsnr: The first step starts from noise alone; for models trained so, whose pictures may be all dark or bright.
    """
    prediction = SAMPLING[sampling]
    every = LCM_EVERY if prediction == "lcm" else 1
    return replace(model, sampling=replace(model.sampling, prediction=prediction, zsnr=zsnr, every=every))


@node("RescaleCFG", category="advanced/model", label="RescaleCFG", facts=passed("model"))
def rescale_cfg(*, model: Model, multiplier: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.7) -> Model:
    """Keep high guidance from washing colours out: bring the guided prediction back to the contrast of the positive's.

    Args:
        model: The denoiser; made for those that predict v.
        multiplier: Share of the rescaled prediction; 0 leaves guidance as it is.
    """
    return replace(model, rescale=multiplier)
