"""Changes of models: LoRAs and hypernetworks.  Only headers are read here; weights change when they are used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, NamedTuple

from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.problems import Mend, Refused
from engine.graph.sockets import File, Range
from engine.graph.told import Told, beside
from engine.models.handle import Clip, Model, Patch
from engine.models.hypernetwork_file import inspect_hypernetwork
from engine.models.lora.blocks import BlockFactors, parse_blocks
from engine.models.lora.file import inspect_lora
from nodes.facts import passed

Strength = Annotated[float, Range(-100.0, 100.0, step=0.01)]
Lora = Annotated[FileRef, File("loras")]
BlockText = Annotated[str, BlockFactors()]


class Patched(NamedTuple):
    """A model and its text encoder with the same change."""

    MODEL: Model
    CLIP: Clip


@node("LoraLoader", runs_on="io", category="loaders", label="Load LoRA", facts=passed("model", "clip"))
def lora_loader(
    *,
    model: Model,
    clip: Clip,
    lora_name: Lora,
    strength_model: Strength = 1.0,
    strength_clip: Strength = 1.0,
    blocks: BlockText = "",
    context: Context,
) -> Patched:
    """Change a model's style or subject by a LoRA: small additions to the weights of denoiser and text encoder.

    Args:
        model: The denoiser to change.
        clip: The text encoder to change.
        lora_name: A file in models/loras.
        strength_model: How much of the change the denoiser gets; 0 is none, negative turns it round.
        strength_clip: How much of the change the text encoder gets; 0 is none, negative turns it round.
        blocks: Factors of the strengths by block, such as "input 0.5, middle 1, output_4 0"; blocks that are not named
            get the whole strength.

    Returns:
        MODEL: The changed denoiser.
        CLIP: The changed text encoder.
    """
    parts = inspect_lora(context.path(lora_name)).parts
    wide = any(handle.part in parts for handle in clip.handles)
    return Patched(
        _model(model, Patch(lora_name, strength_model, "lora", parse_blocks(blocks))) if "denoiser" in parts else model,
        clip.patched(Patch(lora_name, strength_clip, "lora", parse_blocks(blocks))) if wide and strength_clip else clip,
    )


def _changes_denoiser(known: Known) -> Sequence[Facts]:
    """The model's facts; a LoRA that says nothing of the denoiser is refused, as it would do nothing."""
    lora, name = known.facts("lora_name"), known.get("lora_name")
    if "denoiser" not in lora.get("changes", ("denoiser",)) and isinstance(name, FileRef):
        useless = Told(
            "{name} changes only text encoders, which this node leaves as they are: use LoraLoader.", name=name.name
        )
        mend = Mend("retype", {"options": ["LoraLoader"]})
        raise Refused("bad_model_file", {"name": name.name, **beside(useless)}, "lora_name", mend)
    return (known.facts("model"),)


@node("LoraLoaderModelOnly", runs_on="io", category="loaders", label="LoraLoaderModelOnly", facts=_changes_denoiser)
def lora_loader_model_only(
    *, model: Model, lora_name: Lora, strength_model: Strength = 1.0, blocks: BlockText = "", context: Context
) -> Model:
    """Change a denoiser by a LoRA and leave the text encoder as it is.

    Args:
        model: The denoiser to change.
        lora_name: A file in models/loras.
        strength_model: How much of the change it gets; 0 is none, negative turns it round.
        blocks: Factors of the strength by block, such as "input 0.5, middle 1, output_4 0"; blocks that are not named
            get the whole strength.
    """
    inspect_lora(context.path(lora_name))
    return _model(model, Patch(lora_name, strength_model, "lora", parse_blocks(blocks)))


@node("HypernetworkLoader", runs_on="io", category="loaders", label="HypernetworkLoader", facts=passed("model"))
def hypernetwork_loader(
    *,
    model: Model,
    hypernetwork_name: Annotated[FileRef, File("hypernetworks")],
    strength: Annotated[float, Range(-10.0, 10.0, step=0.01)] = 1.0,
    context: Context,
) -> Model:
    """Change a model's style by a hypernetwork: small networks that bend what the attention layers read.

    Args:
        model: The denoiser to change.
        hypernetwork_name: A file in models/hypernetworks, as AUTOMATIC1111's program trains them.
        strength: How much of it is applied; 0 is none.
    """
    inspect_hypernetwork(context.path(hypernetwork_name))
    return _model(model, Patch(hypernetwork_name, strength, "hypernetwork"))


def _model(model: Model, patch: Patch) -> Model:
    """The model with the patch; the same model, and so the same keys, where the patch would do nothing."""
    return replace(model, handle=model.handle.patched(patch)) if patch.strength else model
