"""What is known of traces, and of the pictures that show them, before the run.  Torch-free."""

from __future__ import annotations

from collections.abc import Sequence

from engine.graph.facts import Facts, FactsOf, Known
from engine.graph.problems import Mend, Refused
from nodes.facts import latent_of, number, picture_of, without_unknown

EVEN = ("simple", "normal", "sgm_uniform", "karras", "exponential", "kl_optimal")
"""Schedules that have exactly as many steps as they are asked for, while these are fewer than the model's levels."""
FEWEST_LEVELS = 40


def steps_of(known: Known) -> int | None:
    """How many sampler steps a run will have, where that is sure."""
    if known.get("sigmas") is not None:
        found: int | None = known.facts("sigmas").get("steps")
        return found
    steps = number(known, "steps")
    sure = known.get("denoise") == 1 and known.get("scheduler") in EVEN
    return steps if sure and steps is not None and steps <= FEWEST_LEVELS else None


def scheduled(known: Known) -> Sequence[Facts]:
    """How many sampler steps a schedule has."""
    return (without_unknown(steps=steps_of(known)),)


def within(source: str, beyond: int, facts: FactsOf) -> FactsOf:
    """`facts`, but a step behind the last of `source` (`beyond` more are allowed) is a problem before anything runs."""

    def judged(known: Known) -> Sequence[Facts]:
        steps, step = known.facts(source).get("steps"), number(known, "step")
        if steps is not None and step is not None and step >= steps + beyond:
            last = steps + beyond - 1
            mend = None if last < 0 else Mend("set", {"value": last})
            raise Refused("value_bigger_than_max", {"value": step, "max": last}, "step", mend)
        return facts(known)

    return judged


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
    trace, step = known.facts("trace"), number(known, "step")
    left = None if "steps" not in trace or step is None else trace["steps"] - step
    return (*[latent_in(trace)] * 3, {}, without_unknown(steps=left))


def frames(known: Known) -> Sequence[Facts]:
    """One picture for each sampler step and picture of the batch, x one more; of the strip nothing is known."""
    trace = known.facts("trace")
    steps, batch = trace.get("steps"), trace.get("batch")
    count = None
    if steps is not None and batch is not None and isinstance(view := known.get("view"), str):
        count = batch * (steps + (view == "x"))
    return (picture_of(trace.get("width"), trace.get("height"), count), {})
