"""Loaders: from a file in a models folder to handles of its parts.  Only headers are read; weights load when used."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Annotated, NamedTuple

from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.sockets import Choice, File
from engine.models.clip_files import clip_family, paired
from engine.models.detect import inspect_file, require
from engine.models.families import CLIP_TYPES, FAMILIES, Inspected
from engine.models.handle import Clip, Model, ModelHandle, Storage, Vae
from engine.models.tiny_files import tiny_family
from nodes.clip_facts import one_encoder, two_encoders
from nodes.facts import loaded

log = logging.getLogger("inkwater.models")

STORAGE: dict[str, Storage] = {
    "default": "default",
    "fp8_e4m3fn": "fp8_e4m3fn",
    "fp8_e4m3fn_fast": "fp8_e4m3fn",
    "fp8_e5m2": "fp8_e5m2",
}


class Checkpoint(NamedTuple):
    """The three parts of a checkpoint."""

    MODEL: Model
    CLIP: Clip
    VAE: Vae


@node(
    "CheckpointLoaderSimple",
    runs_on="io",
    category="loaders",
    label="Load Checkpoint",
    facts=loaded("ckpt_name", "denoiser", "text", "vae"),
)
def checkpoint_loader_simple(*, ckpt_name: Annotated[FileRef, File("checkpoints")], context: Context) -> Checkpoint:
    """Load a whole Stable Diffusion model: denoiser, text encoder and VAE from one file.

    Args:
        ckpt_name: A file in models/checkpoints.

    Returns:
        MODEL: The denoiser, for the samplers.
        CLIP: The text encoder, for prompts.
        VAE: The autoencoder between pictures and latents.
    """
    return _checkpoint(ckpt_name, inspect_file(context.path(ckpt_name)))


@node(
    "DiffusersLoader",
    runs_on="io",
    category="advanced/loaders/deprecated",
    label="DiffusersLoader",
    facts=loaded("model_path", "denoiser", "text", "vae"),
)
def diffusers_loader(*, model_path: Annotated[FileRef, File("diffusers")], context: Context) -> Checkpoint:
    """Load a model that is a folder in the layout of the diffusers library.

    Args:
        model_path: A folder in models/diffusers that holds model_index.json.

    Returns:
        MODEL: The denoiser, for the samplers.
        CLIP: The text encoder, for prompts.
        VAE: The autoencoder between pictures and latents.
    """
    return _checkpoint(model_path, inspect_file(context.path(model_path)))


@node(
    "UNETLoader",
    runs_on="io",
    category="advanced/loaders",
    label="Load Diffusion Model",
    facts=loaded("unet_name", "denoiser"),
)
def unet_loader(
    *,
    unet_name: Annotated[FileRef, File("diffusion_models")],
    weight_dtype: Annotated[str, Choice(tuple(STORAGE))] = "default",
    context: Context,
) -> Model:
    """Load a denoiser alone.

    Args:
        unet_name: A file in models/diffusion_models or models/unet.
        weight_dtype: How weights are kept in memory; fp8 halves them and costs some quality.
    """
    inspected = inspect_file(context.path(unet_name))
    require(inspected, unet_name.name, "denoiser")
    return _model(unet_name, inspected, STORAGE[weight_dtype])


@node(
    "CLIPLoader",
    runs_on="io",
    category="advanced/loaders",
    label="Load CLIP",
    facts=one_encoder,
)
def clip_loader(
    *,
    clip_name: Annotated[FileRef, File("text_encoders")],
    type: Annotated[str, Choice(tuple(CLIP_TYPES))] = "stable_diffusion",
    device: Annotated[str, Choice(("default", "cpu"))] = "default",
    context: Context,
) -> Clip:
    """Load a text encoder alone.

    Args:
        clip_name: A file in models/text_encoders or models/clip.
        type: The kind of model whose prompts it encodes.
        device: Where ComfyUI would run it; here the model manager decides, and the numbers are the same.
    """
    inspected = inspect_file(context.path(clip_name))
    return _clip(clip_name, replace(inspected, family=clip_family(inspected, clip_name.name, type)))


@node(
    "DualCLIPLoader",
    runs_on="io",
    category="advanced/loaders",
    label="DualCLIPLoader",
    facts=two_encoders,
)
def dual_clip_loader(
    *,
    clip_name1: Annotated[FileRef, File("text_encoders")],
    clip_name2: Annotated[FileRef, File("text_encoders")],
    type: Annotated[str, Choice(("sdxl",))] = "sdxl",
    device: Annotated[str, Choice(("default", "cpu"))] = "default",
    context: Context,
) -> Clip:
    """Load the two text encoders of SDXL, each from a file of its own.

    Args:
        clip_name1: One of them, in models/text_encoders or models/clip; which is which is seen in the files.
        clip_name2: The other.
        type: The kind of model whose prompts they encode.
        device: Where ComfyUI would run them; here the model manager decides, and the numbers are the same.
    """
    files = [(ref, inspect_file(context.path(ref))) for ref in (clip_name1, clip_name2)]
    return Clip(tuple(ModelHandle(ref, type, part) for part, ref in paired(files, type).items()))


@node("VAELoader", runs_on="io", category="loaders", label="Load VAE", facts=loaded("vae_name", "vae"))
def vae_loader(*, vae_name: Annotated[FileRef, File("vae")], context: Context) -> Vae:
    """Load an autoencoder alone.

    Args:
        vae_name: A file in models/vae; taesd and taesdxl are small, rough ones for Stable Diffusion 1 and 2 and for
            XL, from models/vae_approx.
    """
    path = context.path(vae_name)
    if family := tiny_family(path, vae_name.name):
        return Vae(ModelHandle(vae_name, family, "vae"), FAMILIES[family].latent)
    inspected = inspect_file(path)
    require(inspected, vae_name.name, "vae")
    return _vae(vae_name, inspected)


def _checkpoint(ref: FileRef, inspected: Inspected) -> Checkpoint:
    """Handles of all parts; a part that the file lacks is named when its weights are wanted."""
    require(inspected, ref.name, "denoiser")
    return Checkpoint(_model(ref, inspected), _clip(ref, inspected), _vae(ref, inspected))


def _model(ref: FileRef, inspected: Inspected, storage: Storage = "default") -> Model:
    handle = ModelHandle(ref, inspected.family, "denoiser", storage=storage)
    for note in inspected.notes:
        log.warning("%s", note)
    return Model(handle, inspected.sampling, inspected.latent, inspected.wants)


def _clip(ref: FileRef, inspected: Inspected) -> Clip:
    texts = FAMILIES[inspected.family].texts
    return Clip(tuple(ModelHandle(ref, inspected.family, part) for part in texts))


def _vae(ref: FileRef, inspected: Inspected) -> Vae:
    return Vae(ModelHandle(ref, inspected.family, "vae"), inspected.latent)
