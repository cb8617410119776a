"""What a denoiser was trained to predict, as far as its file tells; else a guess, told as such.  Torch-free."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from engine.diffusion.types import ModelSampling, PredictionName
from engine.models.beside import MAX_CONFIG
from engine.models.families import FAMILIES, Found
from engine.models.header import Header, ModelFileError
from engine.models.peek import numbers

PREDICTIONS: Mapping[str, PredictionName] = {
    "eps": "eps",
    "epsilon": "eps",
    "v": "v",
    "v_prediction": "v",
    "velocity": "v",
    "sample": "x0",
    "x0": "x0",
}
"""What files, configurations and metadata call the predictions."""

V_TENSOR, ZSNR_TENSOR = "v_pred", "ztsnr"
"""Tensors of no use but to say what the model predicts, and that its last noise level is all noise."""

EDM_TENSORS = ("edm_mean", "edm_std", "edm_vpred.sigma_max")
"""Tensors of models whose noise levels are those of Karras et al. (2022), which no schedule here has."""

TELLING = {
    "ldm": "output_blocks.11.1.transformer_blocks.0.norm1.bias",
    "diffusers": "up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias",
}
TELLING_DEVIATION = 0.09
"""Stable Diffusion 2's v-predicting models have a higher deviation in this tensor than the others."""

UNSURE = ("sd2",)
"""Families that were published with two predictions."""

_PARAMETERIZATION = re.compile(r"""^\s*parameterization:\s*["']?(\w+)""", re.MULTILINE)


def declared(path: Path) -> str:
    """What a configuration beside the file, or in the folder `configs` of its models, says; empty if there is none."""
    for config in _configs(path):
        try:
            if config.is_file() and config.stat().st_size <= MAX_CONFIG:
                told = _PARAMETERIZATION.search(config.read_text("utf-8", errors="replace"))
                return told[1] if told else "eps"
        except OSError:
            continue
    return ""


def _configs(path: Path) -> Iterator[Path]:
    for ending in (".yaml", ".yml"):
        yield path.with_suffix(ending)
        for folder in path.parents[:4]:
            yield folder / "configs" / f"{path.stem}{ending}"


def sampling(path: Path, header: Header, found: Found, channels: int, config: str) -> tuple[ModelSampling, str]:
    """How the denoiser in a file is sampled, and a sentence where that is a guess; raises ModelFileError.

    Args:
        found: the denoiser. channels: of its input. config: what `declared` found.
    """
    family = FAMILIES[found.family]
    if edm := [name for name in EDM_TENSORS if name in header.tensors]:
        raise ModelFileError(
            '{name} is trained on the noise levels of EDM (it has the tensor "{edm}"), and no sampler '
            "here knows them; use a model that predicts eps or v.",
            name=path.name,
            edm=edm[0],
        )
    told = _told(header) or PREDICTIONS.get(config.lower())
    zsnr = ZSNR_TENSOR in header.tensors or header.metadata.get("ss_zero_terminal_snr", "").lower() == "true"
    if told is not None:
        return replace(family.sampling, prediction=told, zsnr=zsnr), ""
    if found.family not in UNSURE or channels != family.latent.channels:
        return replace(family.sampling, zsnr=zsnr), ""
    guess, why = _guess(path, header, found)
    return replace(family.sampling, prediction=guess, zsnr=zsnr), (
        f"{path.name} does not say what it predicts; {why}. If pictures come out wrong, set the other prediction with "
        "ModelSamplingDiscrete."
    )


def _told(header: Header) -> PredictionName | None:
    if V_TENSOR in header.tensors:
        return "v"
    meta = header.metadata
    if (named := PREDICTIONS.get(meta.get("modelspec.prediction_type", "").lower())) is not None:
        return named
    flag = meta.get("ss_v_parameterization", "").lower()
    return {"true": "v", "false": "eps"}.get(flag)  # type: ignore[return-value]


def _guess(path: Path, header: Header, found: Found) -> tuple[PredictionName, str]:
    entry = header.tensors.get(found.prefix + TELLING[found.naming])
    values = numbers(path, entry) if entry is not None else None
    if not values:
        return "eps", "taken to predict the noise (eps), as its numbers could not be read"
    deviation = statistics.pstdev(values)
    if deviation > TELLING_DEVIATION:
        return "v", "its numbers look like those of a model that predicts v, so it is taken for one"
    return "eps", "its numbers look like those of a model that predicts the noise (eps), so it is taken for one"
