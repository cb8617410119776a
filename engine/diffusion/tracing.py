"""Traces: collected while a sampler runs, and what can be read off each of their sampler steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import groupby
from typing import Literal

from torch import Tensor

from engine.diffusion.composed import composed, is_plain, terms
from engine.diffusion.job import DenoiseJob, StepState
from engine.diffusion.traces import Trace, TraceStep
from engine.diffusion.trajectory import Trajectory, trajectory_of
from engine.diffusion.types import Conditioning, Latent, LatentSpec
from engine.graph.told import Told

View = Literal["x", "clean", "noise", "guidance"]


class Tracer:
    """What a job's `on_step` may be: keeps every sampler step on the host.

    Args:
        positive: what the positive branch follows; composed prompts are asked for term by term and are one answer here.
        before: the steps of an earlier run that this one goes on from.
    """

    def __init__(self, positive: Conditioning, before: tuple[TraceStep, ...] = ()) -> None:
        self.steps = list(before)
        self._offset = len(before)
        self._positive = positive

    def __call__(self, state: StepState) -> None:
        branches = answers(state.branches, self._positive)
        kept = tuple((name, _host(value)) for name, value in branches.items())
        step = TraceStep(state.step + self._offset, state.sigma, _host(state.x), _host(state.clean), kept)
        self.steps.append(step)

    def trace(self, job: DenoiseJob, end: Tensor, latent: LatentSpec, start: Latent, family: str) -> Trace:
        """The trace of the job, whose result was `end` [B, C, h, w]."""
        sigmas = tuple(sigma for sigma, _ in groupby(job.sigmas.tolist()))
        sigmas = (*(step.sigma for step in self.steps[: self._offset]), *sigmas)
        x = end * trajectory_of(job.sampling).share(sigmas[-1]) if sigmas else end
        return Trace(
            steps=tuple(self.steps),
            sigmas=sigmas,
            x=x,
            sampler=job.sampler,
            sampling=job.sampling,
            latent=latent,
            seed=job.seed,
            source=job.noise_source,
            family=family,
            start=start,
        )


def answers(branches: Mapping[str, Tensor], positive: Conditioning) -> dict[str, Tensor]:
    """The clean latents of "positive" and "negative", as far as they were asked for."""
    found = terms(positive)
    if is_plain(found) or "negative" not in branches:
        return {name: branches[name] for name in ("positive", "negative") if name in branches}
    return {"positive": composed(branches, found), "negative": branches["negative"]}


def _host(value: Tensor) -> Tensor:
    return value.detach().float().cpu()


def step_of(trace: Trace, step: int) -> TraceStep:
    """A sampler step of a trace, counted from 0; ValueError for one that it does not have."""
    if not trace.steps:
        raise Told("The trace has no sampler steps (a denoise of 0 takes none); trace a run with at least one.")
    if not 0 <= step < len(trace.steps):
        raise Told(
            "The trace has sampler steps 0 to {last}, and {step} was asked for; choose one of those.",
            last=len(trace.steps) - 1,
            step=step,
        )
    return trace.steps[step]


def noise_in(x: Tensor, clean: Tensor, sigma: float, trajectory: Trajectory) -> Tensor:
    """The noise that x holds if `clean` is right, of unit variance: (x - alpha · clean) / sigma."""
    return (x - clean * trajectory.alpha(sigma)) / sigma


def guidance_in(branches: Mapping[str, Tensor], sigma: float, trajectory: Trajectory) -> Tensor:
    """How the noise that the positive's answer leaves differs from that of the negative's: what guidance enlarges.

    ValueError where the model was not asked about both.
    """
    if not {"positive", "negative"} <= branches.keys():
        raise Told(
            "This run asked the model about the positive prompt alone (cfg 1 does), so it has no guidance "
            "to show; run it with a cfg other than 1."
        )
    return (branches["negative"] - branches["positive"]) * (trajectory.alpha(sigma) / sigma)


def unit_x(x: Tensor, sigma: float, trajectory: Trajectory) -> Tensor:
    """x with the variance that a clean latent of unit variance has, so that colours hold at every noise level."""
    return x / math.hypot(trajectory.alpha(sigma), sigma)


def measured(step: TraceStep, trajectory: Trajectory) -> float:
    """The deviation of what x holds beside the clean latent, over the whole batch: sigma where the model is right."""
    return float((step.x - step.clean * trajectory.alpha(step.sigma)).std(correction=0))


def seen(trace: Trace, view: View) -> list[tuple[float, Tensor]]:
    """What a view shows, as (sigma, latent [B, C, h, w] in the sampler's units) for each sampler step.

    x has the end of the run behind its steps; guidance is brought to unit deviation, so that it can be seen at all.
    """
    step_of(trace, 0)
    trajectory = trajectory_of(trace.sampling)
    if view == "x":
        end = [(trace.sigmas[-1], trace.x)] if trace.ended else []
        return [(sigma, unit_x(x, sigma, trajectory)) for sigma, x in [(s.sigma, s.x) for s in trace.steps] + end]
    if view == "clean":
        return [(step.sigma, step.clean) for step in trace.steps]
    if view == "noise":
        return [(s.sigma, noise_in(s.x, s.clean, s.sigma, trajectory)) for s in trace.steps]
    found = [(s.sigma, guidance_in(dict(s.branches), s.sigma, trajectory)) for s in trace.steps]
    return [(sigma, value / value.std(correction=0).clamp(min=1e-12)) for sigma, value in found]
