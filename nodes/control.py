"""ControlNets: networks that make a picture follow another picture's edges, depth, pose and the like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, NamedTuple

from engine.diffusion.types import Cond, Conditioning, Control, Image
from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.facts import Facts, FactsOf, Known
from engine.graph.problems import Mend, Refused
from engine.graph.sockets import Choice, File, Range
from engine.graph.told import Told, beside
from engine.models.control_files import AUTO, MODES, inspect_control
from engine.models.handle import ControlNet, Model, ModelHandle, Patch, Vae
from nodes.facts import passed, without_unknown

ControlFile = Annotated[FileRef, File("controlnet")]
Strength = Annotated[float, Range(0.0, 10.0, step=0.01)]
Percent = Annotated[float, Range(0.0, 1.0, step=0.001)]


class Steered(NamedTuple):
    """Both prompts with the ControlNet."""

    positive: Conditioning
    negative: Conditioning


def _needs_model(name: str) -> Told:
    return Told(
        "{name} holds only how a ControlNet differs from the model that it was made of; DiffControlNetLoader loads it "
        "with that model.",
        name=name,
    )


def _whole(known: Known) -> Sequence[Facts]:
    """The file's facts; one that holds only differences is refused."""
    file, ref = known.facts("control_net_name"), known.get("control_net_name")
    if file.get("difference") and isinstance(ref, FileRef):
        mend = Mend("retype", {"options": ["DiffControlNetLoader"]})
        args = {"name": ref.name, **beside(_needs_model(ref.name))}
        raise Refused("bad_model_file", args, "control_net_name", mend)
    return (file,)


@node("ControlNetLoader", runs_on="io", category="loaders", label="Load ControlNet Model", facts=_whole)
def control_net_loader(*, control_net_name: ControlFile, context: Context) -> ControlNet:
    """Load a ControlNet: a network that makes the picture follow the edges, depth, pose … of another picture.

    Args:
        control_net_name: A file in models/controlnet, made for the same family as the model.
    """
    found = inspect_control(context.path(control_net_name))
    if found.difference:
        raise _needs_model(control_net_name.name)
    return ControlNet(ModelHandle(control_net_name, found.family, "control"))


@node(
    "DiffControlNetLoader",
    runs_on="io",
    category="loaders",
    label="Load ControlNet Model (diff)",
    facts=passed("control_net_name"),
)
def diff_control_net_loader(*, model: Model, control_net_name: ControlFile, context: Context) -> ControlNet:
    """Load a ControlNet whose file holds only how it differs from the model that it was made of.

    Args:
        model: The model whose weights are added; its LoRAs are left out.
        control_net_name: A file in models/controlnet; a whole ControlNet is loaded as it is.
    """
    found = inspect_control(context.path(control_net_name))
    handle = ModelHandle(control_net_name, found.family, "control")
    added = (Patch(model.handle.source, 1.0, "difference"),) if found.difference else ()
    return ControlNet(handle.patched(*added))


def _known_mode(known: Known) -> Sequence[Facts]:
    """The ControlNet's facts; a type that it does not know is refused."""
    control, mode = known.facts("control_net"), known.get("type")
    modes = control.get("modes", 0)
    if modes and mode in MODES and mode not in MODES[:modes]:
        unknown = Told(
            'This ControlNet knows no hints of type "{mode}": it was made before that type was added; choose one of: '
            "{modes}.",
            mode=mode,
            modes=[AUTO, *MODES[:modes]],
        )
        mend = Mend("choose", {"options": [AUTO, *MODES[:modes]]})
        raise Refused("bad_model_file", {"name": "", **beside(unknown)}, "type", mend)
    return (control,)


@node("SetUnionControlNetType", category="conditioning/controlnet", label="SetUnionControlNetType", facts=_known_mode)
def set_union_control_net_type(
    *, control_net: ControlNet, type: Annotated[str, Choice((AUTO, *MODES))] = AUTO
) -> ControlNet:
    """Tell a ControlNet that was trained on several kinds of pictures ("union") which kind it gets.

    Args:
        control_net: The ControlNet; one of a single kind is left as it is.
        type: What the picture shows; auto leaves it to the ControlNet.
    """
    return replace(control_net, mode=type)


def _steered(*sources: str) -> FactsOf:
    """Each output has the facts of one conditioning, and the ControlNet's family where its own is not known."""

    def facts(known: Known) -> Sequence[Facts]:
        family = known.facts("control_net").get("family")
        return tuple({**without_unknown(family=family), **known.facts(source)} for source in sources)

    return facts


@node(
    "ControlNetApply",
    category="conditioning/controlnet",
    label="Apply ControlNet (OLD)",
    facts=_steered("conditioning"),
)
def control_net_apply(
    *, conditioning: Conditioning, control_net: ControlNet, image: Image, strength: Strength = 1.0
) -> Conditioning:
    """Let a ControlNet steer a prompt from the first step to the last.

    Args:
        conditioning: The prompt. Where it is the positive one, the negative follows the same ControlNet unless it has
            one of its own.
        control_net: The ControlNet.
        image: The picture to follow, in the form that the ControlNet reads: edges, depth, a pose …
        strength: How closely to follow it; 0 is not at all.
    """
    return _with(conditioning, Control(control_net.handle, image, strength, mode=control_net.mode, both=True))


@node(
    "ControlNetApplyAdvanced",
    category="conditioning/controlnet",
    label="Apply ControlNet",
    facts=_steered("positive", "negative"),
)
def control_net_apply_advanced(
    *,
    positive: Conditioning,
    negative: Conditioning,
    control_net: ControlNet,
    image: Image,
    strength: Strength = 1.0,
    start_percent: Percent = 0.0,
    end_percent: Percent = 1.0,
    vae: Vae | None = None,
) -> Steered:
    """Let a ControlNet steer both prompts for a part of the way.

    Args:
        positive: What the picture should show.
        negative: What the picture should not show.
        control_net: The ControlNet.
        image: The picture to follow, in the form that the ControlNet reads: edges, depth, a pose …
        strength: How closely to follow it; 0 is not at all.
        start_percent: Where it begins, from 0 (all noise) to 1 (none).
        end_percent: Where it ends, from 0 (all noise) to 1 (none).
        vae: Not needed by the ControlNets of Stable Diffusion; taken so that saved workflows fit.

    Returns:
        positive: The positive prompt with the ControlNet.
        negative: The negative prompt with the ControlNet.
    """
    control = Control(control_net.handle, image, strength, (start_percent, end_percent), control_net.mode)
    return Steered(_with(positive, control), _with(negative, control))


def _with(conditioning: Conditioning, control: Control) -> Conditioning:
    return Conditioning(tuple(_steer(cond, control) for cond in conditioning)) if control.counts else conditioning


def _steer(cond: Cond, control: Control) -> Cond:
    return replace(cond, controls=(*cond.controls, control))
