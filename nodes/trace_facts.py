"""What is known of traces, and of the pictures that show them, before the run.  Torch-free."""

from __future__ import annotations

from collections.abc import Sequence

from engine.graph.facts import Facts, Known
from nodes.facts import latent_of, number, picture_of, without_unknown

EVEN = ("simple", "normal", "sgm_uniform", "karras", "exponential", "kl_optimal")
"""Schedules that have exactly as many steps as they are asked for, while these are fewer than the model's levels."""
FEWEST_LEVELS = 50


def steps_of(known: Known) -> int | None:
    """How many sampler steps a run will have, where that is sure."""
    steps, denoise = number(known, "steps"), known.get("denoise")
    sure = "sigmas" not in known and denoise == 1 and known.get("scheduler") in EVEN
    return steps if sure and steps is not None and steps <= FEWEST_LEVELS else None


def traced(known: Known) -> Sequence[Facts]:
    """The latent, and the trace of the run: a latent's facts, and how many sampler steps there are."""
    latent = {**known.facts("latent_image"), **without_unknown(space=known.facts("model").get("space"))}
    rest = {name: value for name, value in latent.items() if name != "bytes"}
    return (latent, {**rest, **without_unknown(steps=steps_of(known))})


def branched(known: Known) -> Sequence[Facts]:
    """The latent and the trace of a run that went on from a step of another."""
    trace = dict(known.facts("trace"))
    return (latent_in(trace), trace)


def latent_in(trace: Facts) -> Facts:
    """A latent of the size of a trace's."""
    size = latent_of(*(trace.get(name) for name in ("width", "height", "batch", "channels")))
    return {**size, **without_unknown(space=trace.get("space"))}


def at_step(known: Known) -> Sequence[Facts]:
    """Three latents of the trace's size, a noise level and those that follow."""
    latent = latent_in(known.facts("trace"))
    return (latent, latent, latent, {}, {})


def frames(known: Known) -> Sequence[Facts]:
    """One picture for each sampler step and picture of the batch, x one more; of the strip nothing is known."""
    trace = known.facts("trace")
    steps, batch = trace.get("steps"), trace.get("batch")
    count = None
    if steps is not None and batch is not None and isinstance(view := known.get("view"), str):
        count = batch * (steps + (view == "x"))
    return (picture_of(trace.get("width"), trace.get("height"), count), {})
