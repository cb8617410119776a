"""Pictures of traces and schedules: every sampler step as a frame, measured noise, noise levels as curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple, cast

from engine.diffusion.traces import Trace
from engine.diffusion.types import Image, Sigmas
from engine.drawing.plot import HEIGHT, WIDTH, Curve
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.facts import Facts, Known
from engine.graph.sockets import Choice, Range, Widget
from engine.graph.told import Told, telling
from engine.models.handle import Vae
from nodes.facts import picture_of
from nodes.trace import CATEGORY
from nodes.trace_facts import frames

if TYPE_CHECKING:
    from torch import Tensor

    from engine.diffusion.tracing import View

VIEWS = ("clean", "x", "noise", "guidance")
DECODED = ("clean", "x")
"""Views that an autoencoder can make pictures of; noise and guidance are no latents of pictures."""
STRIP_WIDTH = 2048
PLOT = picture_of(WIDTH, HEIGHT, 1)


class Frames(NamedTuple):
    """A trace as pictures, one by one and side by side."""

    frames: Image
    strip: Image


class Plotted(NamedTuple):
    """A plot, and its numbers."""

    image: Image
    values: list[float]


@node("TraceFrames", runs_on="device", category=CATEGORY, label="Trace Frames", facts=frames)
def trace_frames(
    *,
    trace: Trace,
    view: Annotated[str, Choice(VIEWS)] = "clean",
    vae: Vae | None = None,
    columns: Annotated[int, Range(0, 1000)] = 0,
    labels: bool = True,
    context: Context,
) -> Frames:
    """Show every sampler step of a run as a picture.

    Args:
        trace: The sampler steps of a run, from Sampler Trace or Load Recording.
        view: What to show: clean is the picture that the model saw, x the noisy latent it was shown and the end of the
            run, noise what it took for noise, guidance how positive and negative differ, made strong enough to be seen.
        vae: Turns clean and x into true pictures; without it, and for noise and guidance, each cell of the latent is a
            square in the family's rough colours.
        columns: Pictures in a row of the strip; 0 makes it as square as can be.
        labels: Write sampler step and noise level below each picture of the strip.

    Returns:
        frames: The pictures in the order of the sampler steps, those of the first picture of a batch first.
        strip: All of them in one picture.
    """
    import torch

    from engine.diffusion.tracing import seen
    from engine.drawing.grid import grid

    shown = seen(trace, cast("View", view))
    if vae is not None and view in DECODED:
        made = _decoded(trace, [latent for _, latent in shown], vae, context)
    else:
        made = [_rough(trace, latent) for _, latent in shown]
    pictures = torch.stack(made, dim=1).flatten(0, 1)
    names = [_label(trace, i, sigma) for i, (sigma, _) in enumerate(shown)] * made[0].shape[0] if labels else ()
    strip = grid(list(_small(pictures, columns)), columns, names)
    return Frames(Image(pictures), Image(strip))


def _label(trace: Trace, index: int, sigma: float) -> str:
    name = index if index < len(trace.steps) else "end"
    digits = ".1f" if sigma >= 10 else ".2f" if sigma >= 0.01 else ".1g"
    return f"{name}: σ {sigma:{digits}}"


def _decoded(trace: Trace, latents: list[Tensor], vae: Vae, context: Context) -> list[Tensor]:
    if vae.latent.channels != trace.latent.channels:
        raise Told(
            "The trace's latents have {found} channels and the VAE takes {expected}; use the VAE of their model.",
            found=trace.latent.channels,
            expected=vae.latent.channels,
        )
    pictures = []
    with context.lease(vae.handle) as (module,):
        for i, latent in enumerate(latents):
            pictures.append(module.decode(latent / trace.latent.factor + trace.latent.shift))
            context.progress(i + 1, len(latents))
    return pictures


def _rough(trace: Trace, latents: Tensor) -> Tensor:
    """Latents [B, C, h, w] as pictures [B, H, W, 3] in rough colours, a square for each cell."""
    import torch

    from engine.models.families import FAMILIES
    from engine.models.preview import colours

    family = FAMILIES.get(trace.family, FAMILIES["sd1"])
    if len(family.rgb) != latents.shape[1] + 1:
        raise Told(
            "Nobody has found the colours of latents with {channels} channels (family {family}); link the model's VAE "
            "to see the pictures.",
            channels=latents.shape[1],
            family=trace.family or telling("unknown"),
        )
    small = torch.stack([torch.from_numpy(colours(latent, family.rgb)) for latent in latents]).float() / 255
    return small.repeat_interleave(trace.latent.downscale, 1).repeat_interleave(trace.latent.downscale, 2)


def _small(pictures: Tensor, columns: int) -> Tensor:
    """Pictures for a strip of bounded width."""
    import math

    from torch.nn.functional import interpolate

    across = min(columns or math.ceil(math.sqrt(len(pictures))), len(pictures))
    factor = STRIP_WIDTH / (across * pictures.shape[2])
    if factor >= 1:
        return pictures
    height, width = (max(int(side * factor), 1) for side in pictures.shape[1:3])
    return interpolate(pictures.movedim(-1, 1), size=(height, width), mode="area").movedim(1, -1)


def _plot(known: Known) -> tuple[Facts, Facts]:
    return (PLOT, {})


@node("TracePlot", category=CATEGORY, label="Trace Plot", facts=_plot)
def trace_plot(*, trace: Trace, log: bool = False) -> Plotted:
    """Draw the noise that is in each sampler step, as measured, over the schedule that asked for it.

    Args:
        trace: The sampler steps of a run, from Sampler Trace or Load Recording.
        log: Draw noise on a logarithmic scale, so that the last steps can be told apart.

    Returns:
        image: The plot.
        values: The measured noise of each sampler step: the deviation of the noisy latent from the clean one.
    """
    from engine.diffusion.tracing import measured, step_of
    from engine.diffusion.trajectory import trajectory_of
    from engine.drawing.plot import curves

    step_of(trace, 0)
    trajectory = trajectory_of(trace.sampling)
    values = [measured(step, trajectory) for step in trace.steps]
    lines = (
        Curve("schedule (sigma)", list(range(len(trace.sigmas))), trace.sigmas, dashed=True),
        Curve("measured in the latent", [step.step for step in trace.steps], values, dots=True),
    )
    return Plotted(Image(curves(lines, "sampler step", "noise", log=log)), values)


@node("PlotSigmas", category=CATEGORY, label="Plot Sigmas", facts=_plot)
def plot_sigmas(
    *,
    sigmas: Sigmas,
    other: Sigmas | None = None,
    third: Sigmas | None = None,
    log: bool = False,
    labels: Annotated[str, Widget("multiline")] = "",
) -> Plotted:
    """Draw the noise levels of a run, and of others to compare them with.

    Args:
        sigmas: The noise levels.
        other: A second schedule.
        third: A third schedule.
        log: Draw noise on a logarithmic scale, so that the last steps can be told apart.
        labels: What the legend calls the schedules, one name a line, in their order; empty shows their inputs' names.

    Returns:
        image: The plot.
        values: The noise levels of the first schedule.
    """
    from engine.diffusion.stepping import levels_of
    from engine.drawing.plot import curves

    given = {"sigmas": sigmas, "other": other, "third": third}
    levels = {name: levels_of(value) for name, value in given.items() if value is not None}
    called = dict(zip(levels, (line.strip() for line in labels.splitlines()), strict=False))
    plain = {name: name if len(levels) > 1 else "" for name in levels}
    lines = [Curve(called.get(name) or plain[name], list(range(len(v))), v, dots=True) for name, v in levels.items()]
    return Plotted(Image(curves(lines, "sampler step", "sigma (noise)", log=log)), sigmas.tolist())
