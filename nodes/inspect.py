"""What a value or a model is, in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.graph.context import Context
from engine.graph.define import Ui, node
from engine.graph.told import Told
from engine.looking.describe import describe
from engine.looking.numbers import numbers, parts, size_text
from engine.looking.report import report
from engine.looking.sizes import PartInfo, part_info
from engine.models.families import FAMILIES
from engine.models.handle import Clip, Model, ModelHandle, Vae

CATEGORY = "inspect"
TITLES = {"denoiser": "Denoiser (UNet)", "text": "Text encoder", "text_g": "Second text encoder", "vae": "Autoencoder"}


class Info(NamedTuple):
    """A value in numbers."""

    text: str
    bytes: int
    count: int  # type: ignore[assignment]  # the name hides tuple.count, which nobody calls here
    mean: float
    std: float
    ui: Ui


@node("TensorInfo", kind="sink", category=CATEGORY, label="Tensor Info")
def tensor_info(*, value: Any) -> Info:
    """Tell the shape of a value, each dimension by its name, its least, greatest and mean number, and its bytes.

    Args:
        value: A picture, mask, latent, conditioning, tokens, token vectors, sigmas or a trace; others are named.

    Returns:
        text: What was found, in words.
        bytes: Bytes of all its tensors together.
        count: How many numbers they hold.
        mean: The mean of its first tensor.
        std: The (population) standard deviation of its first tensor.
    """
    found = [numbers(part.tensor) for part in parts(value)]
    told = report(describe(value, pictures=0))
    mean, std = (found[0].mean, found[0].std) if found else (0.0, 0.0)
    return Info(told, sum(n.nbytes for n in found), sum(n.count for n in found), mean, std, Ui({"text": [told]}))


class Size(NamedTuple):
    """A model in numbers."""

    text: str
    parameters: int
    ui: Ui


@node("ModelInfo", kind="sink", runs_on="io", category=CATEGORY, label="Model Info")
def model_info(
    *, model: Model | None = None, clip: Clip | None = None, vae: Vae | None = None, context: Context
) -> Size:
    """Tell how many parameters each part of a model has, what it predicts and how it is built, from its file's header.

    Args:
        model: The denoiser to look at; LoRAs on it are named and not counted.
        clip: The text encoder to look at; models with two have both counted.
        vae: The autoencoder to look at.

    Returns:
        text: What was found, in words.
        parameters: Parameters of all the given parts together.
    """
    handles = [*_handles(model, clip, vae)]
    if not handles:
        raise Told("Nothing is connected: connect a model, a CLIP or a VAE to tell of.")
    infos = [part_info(context.path(handle.source), handle) for handle in handles]
    total = sum(info.parameters for info in infos)
    blocks = ["\n".join(_part(handle, info)) for handle, info in zip(handles, infos, strict=True)]
    if model is not None:
        blocks[0] += "\n" + "\n".join(_trained(model))
    if len(infos) > 1:
        blocks.append(f"Together: {_count(total)}, {size_text(sum(info.nbytes for info in infos))}")
    told = "\n\n".join(blocks)
    return Size(told, total, Ui({"text": [told]}))


def _handles(model: Model | None, clip: Clip | None, vae: Vae | None) -> Iterator[ModelHandle]:
    if model is not None:
        yield model.handle
    if clip is not None:
        yield from clip.handles
    if vae is not None:
        yield vae.handle


def _part(handle: ModelHandle, info: PartInfo) -> Iterator[str]:
    family = FAMILIES.get(handle.family)
    yield f"{TITLES.get(handle.part, handle.part)} of {family.title if family else handle.family}"
    yield f"  file: {handle.source.name}"
    yield f"  parameters: {_count(info.parameters)}"
    types = ", ".join(f"{name} {size_text(nbytes)}" for name, nbytes in sorted(info.dtypes.items()))
    yield f"  stored: {size_text(info.nbytes)} ({types})"
    for name, told in info.layout:
        yield f"  {name}: {told}"
    for patch in handle.patches:
        yield f"  changed by: {patch.source.name} × {patch.strength:g}"


def _trained(model: Model) -> Iterator[str]:
    sampling, latent = model.sampling, model.latent
    yield f"  predicts: {sampling.prediction}, on the schedule {sampling.schedule} of {sampling.steps} levels"
    side = latent.downscale
    yield f"  latent: {latent.channels} channels, {side} × {side} pixels a cell, × {latent.factor:g}"


def _count(parameters: int) -> str:
    """A number of parameters in full and in short."""
    for unit, size in (("B", 10**9), ("M", 10**6), ("k", 10**3)):
        if parameters >= size:
            return f"{parameters:,} ({parameters / size:.3g} {unit})"
    return str(parameters)
