"""From trained modules to one single-file checkpoint with Stable Diffusion 1.x's tensor names, and back."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.models.ldm_keys import (
    TEXT_PREFIX,
    UNET_PREFIX,
    VAE_MATRICES,
    VAE_PREFIX,
    inverted,
    text_keys,
    unet_keys,
    vae_keys,
)
from engine.training.networks import MiniShape
from engine.training.tokens import TokenRows
from engine.training.vae import fold_norms, fold_whitening

TOKEN_TABLE = TEXT_PREFIX + "text_model.embeddings.token_embedding.weight"


def file_names(shape: MiniShape) -> dict[str, Mapping[str, str]]:
    """Return for each part of the file (by its prefix) the mapping module name -> name after the prefix."""
    return {
        UNET_PREFIX: unet_keys(len(shape.unet), 1, shape.attention, shape.unet),
        VAE_PREFIX: vae_keys(len(shape.vae), 1, shape.vae),
        TEXT_PREFIX: text_keys(shape.text_layers),
    }


def finished_vae(vae: Any, mean: Tensor, std: Tensor) -> Any:
    """Return a copy of the trained autoencoder in the file's form: latents whitened, norms standard."""
    done = copy.deepcopy(vae).eval()
    for module in done.modules():
        vars(module).pop("forward", None)
    fold_whitening(done, mean, std)
    fold_norms(done)
    return done


def checkpoint_tensors(shape: MiniShape, vae: Any, unet: Any, text: Any, rows: TokenRows) -> dict[str, Tensor]:
    """Return every fp32 tensor of the file by its name; `vae` is in the file's form, `text` has the short table."""
    tensors: dict[str, Tensor] = {}
    modules = {UNET_PREFIX: unet, VAE_PREFIX: vae, TEXT_PREFIX: text}
    for prefix, names in file_names(shape).items():
        state = modules[prefix].state_dict()
        tensors |= {prefix + there: state[here].detach().float().cpu() for here, there in names.items()}
    for name in (f"{VAE_PREFIX}{side}.{matrix}" for side in ("encoder", "decoder") for matrix in VAE_MATRICES):
        tensors[name] = tensors[name][:, :, None, None]
    tensors[TOKEN_TABLE] = rows.scatter(tensors[TOKEN_TABLE])
    return tensors


def save_checkpoint(tensors: Mapping[str, Tensor], path: Path, facts: Mapping[str, str]) -> int:
    """Write the file (fp16, the token table fp8_e4m3) and return its size in bytes."""
    from safetensors.torch import save_file

    kinds = {name: torch.float8_e4m3fn if name == TOKEN_TABLE else torch.float16 for name in tensors}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file({name: tensor.to(kinds[name]).contiguous() for name, tensor in tensors.items()}, part, dict(facts))
    os.replace(part, path)
    return path.stat().st_size


def metadata(note: str, recipe: Mapping[str, Any]) -> dict[str, str]:
    """Return the file's metadata in modelspec's names."""
    return {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "stable-diffusion-v1",
        "modelspec.implementation": "https://github.com/CompVis/stable-diffusion",
        "modelspec.title": "Inkwater mini-v1",
        "modelspec.description": note,
        "modelspec.license": "Apache-2.0",
        "modelspec.prediction_type": "v",
        "modelspec.resolution": "128x128",
        "modelspec.usage_hint": "128x128, euler, 20 to 30 steps, cfg 4; 3d render of a fox on a blue background",
        "format": "pt",
        "inkwater.recipe": json.dumps(dict(recipe), sort_keys=True),
    }


def load_checkpoint(path: Path, shape: MiniShape) -> tuple[Any, Any, Any]:
    """Return (vae, unet, text) in fp32 with the weights of an exported file."""
    from safetensors.torch import load_file

    from engine.models.vocabulary import TOKENS
    from engine.training.networks import build_text, build_unet, build_vae

    stored = load_file(path)
    modules = {UNET_PREFIX: build_unet(shape), VAE_PREFIX: build_vae(shape), TEXT_PREFIX: build_text(shape, TOKENS)}
    for prefix, names in file_names(shape).items():
        state = modules[prefix].state_dict()
        for there, here in inverted(names).items():
            state[here] = stored[prefix + there].float().reshape(state[here].shape)
        modules[prefix].load_state_dict(state)
        modules[prefix].eval()
    return modules[VAE_PREFIX], modules[UNET_PREFIX], modules[TEXT_PREFIX]
