"""What is known of model files before a run, and which values do not fit together.  Torch-free."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from engine.files import FileRef, Library
from engine.graph.facts import NOTHING, Describe, Facts, Judge, barred, same
from engine.graph.problems import Refused
from engine.graph.told import Telling, beside, telling
from engine.models.detect import inspect_file, require
from engine.models.families import FAMILIES, Inspected
from engine.models.handle import Part
from engine.models.header import ModelFileError
from engine.models.tiny_files import tiny_facts, tiny_family
from engine.models.vae_space import told_space

NEEDED: Mapping[str, tuple[Part, ...]] = {
    "checkpoints": ("denoiser",),
    "diffusers": ("denoiser",),
    "diffusion_models": ("denoiser",),
    "text_encoders": ("text", "text_g"),
    "vae": ("vae",),
}
"""Parts of which a file must hold one to be of use as each kind; files of other kinds are not looked into."""

DESCRIBERS: Mapping[str, str] = {
    "classifiers": "engine.models.classifier_files:facts",
    "controlnet": "engine.models.control_files:facts",
    "depth_estimators": "engine.models.depth_files:facts",
    "edge_models": "engine.models.edge_files:facts",
    "hypernetworks": "engine.models.hypernetwork_file:facts",
    "loras": "engine.models.lora.file:facts",
    "upscale_models": "engine.models.upscale_files:facts",
}
"""What tells the facts of files of other kinds: "module:function" from path and name, torch-free; the function raises
ModelFileError for a file that is of no use as that kind."""

MASK_AND_PICTURE = 5
"""Channels beside the latent of an inpainting model, which repaints everything where a conditioning brings none."""


def beside_fits(reads: int, brings: int) -> bool:
    """Whether a denoiser that reads so many channels beside the latent can do with those that a prompt brings.

    Inpainting conditionings serve plain models too, by the mask of their latent; depth that nobody reads would be lost.
    """
    return reads == brings or {reads, brings} == {0, MASK_AND_PICTURE}


class Beside(Judge):
    """The row for what is read beside the latent: each prompt of a conditioning must bring it."""

    def verdicts(self, inputs: Mapping[str, Facts]) -> Iterator[tuple[str, str, Any, Any]]:
        """As those of every row; `found` is what the first prompt that does not fit brings."""
        for first, second, reads, brings in super().verdicts(inputs):
            yield first, second, reads, next(n for n in brings if not beside_fits(reads, n))


JUDGES: tuple[Judge, ...] = (
    same("wrong_family", "family"),
    same("wrong_family", "space"),
    same("wrong_channels", "channels"),
    Beside("wrong_beside", "reads", "brings", lambda reads, brings: all(beside_fits(reads, n) for n in brings)),
    barred("missing_part", "absent"),
)
"""Facts that all inputs of a node must agree on, and the fact that a value stands for a part that is not there."""

LOADERS: Mapping[Part, str] = {"denoiser": "UNETLoader", "text": "CLIPLoader", "vae": "VAELoader"}
"""The node that loads each part alone."""


def describe(library: Library) -> Describe:
    """Facts of model files of a library, for `check`; a file that is of no use where it is named is a problem."""

    def told(ref: FileRef) -> Facts:
        if ref.kind not in NEEDED and ref.kind not in DESCRIBERS:
            return NOTHING
        path = library.path(ref.kind, ref.name)
        try:
            if (describer := DESCRIBERS.get(ref.kind)) is not None:
                return _describer(describer)(path, ref.name)
            if ref.kind == "vae" and (family := tiny_family(path, ref.name)):
                return tiny_facts(family)
            inspected = inspect_file(path)
            if not any(part in inspected.parts for part in NEEDED[ref.kind]):
                require(inspected, ref.name, NEEDED[ref.kind][0])
        except ModelFileError as error:
            raise Refused("bad_model_file", {"name": ref.name, **beside(error)}) from None
        return {**_lone(inspected, path, library), **file_facts(inspected), "lacks": _lacks(inspected, ref.name)}

    return told


def _describer(place: str) -> Callable[[Path, str], Facts]:
    module, _, name = place.partition(":")
    return cast(Callable[[Path, str], Facts], getattr(import_module(module), name))


def _lone(inspected: Inspected, path: Path, library: Library) -> Facts:
    """The space of an autoencoder in a file of its own, where more than its layout tells it."""
    if tuple(inspected.parts) != ("vae",):
        return NOTHING
    try:
        space = told_space(path, library.digests.whole)
    except OSError:
        return NOTHING
    return NOTHING if space is None else {"space": space}


def _lacks(inspected: Inspected, name: str) -> Mapping[Part, Telling]:
    """The parts that a file does not hold, each with what to tell whoever uses it all the same."""
    told: dict[Part, Telling] = {}
    for part, loader in LOADERS.items():
        try:
            require(inspected, name, *(FAMILIES[inspected.family].texts if part == "text" else (part,)))
        except ModelFileError as error:
            told[part] = telling(
                "{name} has no {missing}: it holds only {there}; take one from {node_type}.",
                name=name,
                missing=error.telling.values["missing"],
                there=error.telling.values["there"],
                node_type=loader,
            )
    return told


def file_facts(inspected: Inspected) -> Facts:
    """family and space where the file tells them, families that it may be of, parts, prediction, channels and downscale
    of its latents, the channels that its denoiser reads beside them, and the bytes of its weights as stored.
    """
    family = FAMILIES[inspected.family]
    told = {"family": family.name} if len(inspected.families) == 1 else {}
    space = {"space": family.space} if "denoiser" in inspected.parts else {}
    return {
        **told,
        **space,
        "families": inspected.families,
        "parts": tuple(inspected.parts),
        "prediction": inspected.sampling.prediction,
        "channels": inspected.latent.channels,
        "downscale": inspected.latent.downscale,
        "reads": inspected.wants.concat,
        "model_bytes": sum(inspected.nbytes.values()),
    }
