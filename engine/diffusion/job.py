"""A denoise job, and how one is run: a generator that asks for evaluations and returns the finished latent."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, signature
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from engine.diffusion.given import joined
from engine.diffusion.guidance import Branch, GuidanceRule
from engine.diffusion.names import SAMPLERS, load
from engine.diffusion.noise import StepNoise, brownian_noise, initial_noise, step_noise
from engine.diffusion.predict import Evaluation, Placed, combine, evaluations, place, resized_mask
from engine.diffusion.samplers.protocol import Ask, Denoised, Sampling, Steps
from engine.diffusion.traces import Watch
from engine.diffusion.trajectory import SigmaTable, Trajectory, sigma_table, trajectory_of
from engine.diffusion.types import Cond, ModelSampling, NoiseSource, Sampler, Wants
from engine.graph.told import Told, telling


@dataclass(frozen=True, slots=True, eq=False)
class StepState:
    """What a finished sampler step can show: x [B, C, h, w] at `sigma`, and the clean latent and branches found there.

    Tensors are on the loop's device, and are not to be changed.
    """

    step: int
    total: int
    sigma: float
    x: Tensor
    clean: Tensor
    branches: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class DenoiseJob:
    """Everything that decides one run of a sampler, and who is to be told of it."""

    handle: Hashable
    """The denoiser, as the loop's `lease` takes it first."""
    sampling: ModelSampling
    sampler: Sampler
    guider: GuidanceRule
    sigmas: Tensor
    """Falling float32 [n + 1]; with fewer than two the latent comes back as it is."""
    latent: Tensor
    """[B, C, h, w], in the sampler's units (already times the family's factor)."""
    noise: Tensor | None
    """Unit noise of the latent's shape; None starts from the latent alone."""
    wants: Wants = field(default_factory=Wants)
    """What the network reads beside x, time and text."""
    seed: int = 0
    """For the noise that the sampler adds on its way."""
    noise_source: NoiseSource = "cpu"
    """Whose random numbers that noise is; Brownian paths are always drawn on the CPU."""
    noise_mask: Tensor | None = None
    """[B, H, W] or [B, 1, H, W], any size; where it is 0 the latent is kept."""
    on_step: Callable[[StepState], None] | None = None
    """Called in the loop's thread after each sampler step; what it raises ends the job."""
    cancelled: Callable[[], bool] | None = None
    priority: int = 0
    """Higher goes first."""
    share: bool = False
    """May go in a batch with other jobs that may, whatever the loop does with the rest; that changes the last bits."""
    watch: Watch | None = None
    """Looks into the network at some sampler steps."""
    x: Tensor | None = None
    """[B, C, h, w] at the first of `sigmas`: where to begin, in place of what latent and noise would make."""
    whole: tuple[float, ...] = ()
    """The noise levels of the run that `sigmas` is a part of: step noise is then what the whole run draws there."""

    def weights(self) -> tuple[Hashable, ...]:
        """All that the loop must lease at once: the denoiser, then each ControlNet that counts at some time."""
        conditionings = getattr(self.guider, "conditionings", ())
        controls = (control for conds in conditionings for cond in conds for control in cond.controls)
        return (self.handle, *dict.fromkeys(control.handle for control in controls if control.counts))


Run = Generator[Sequence[Evaluation], Sequence[Tensor], tuple[Tensor, Tensor]]
"""Yields evaluations, is sent a clean latent for each, returns x and the last clean latent, both on the host."""


def run_job(job: DenoiseJob, device: torch.device) -> Run:
    """One job from its first question to its last."""
    sigmas = [sigma for sigma, _ in groupby(job.sigmas.tolist())]
    latent = job.latent.to(device, torch.float32)
    if len(sigmas) < 2:
        return latent.cpu(), latent.cpu()
    trajectory, table = trajectory_of(job.sampling), sigma_table(job.sampling)
    noise = torch.zeros_like(latent) if job.noise is None else job.noise.to(device, torch.float32)
    x = _first(job, latent, noise, sigmas[0], trajectory, table)
    questions = _Questions(job, latent, noise, trajectory, table)
    steps = _sampler(job, x, sigmas, trajectory)
    ask: Ask | None = next(steps)
    clean, state = latent, None
    while ask is not None:
        denoised = yield from questions.denoised(ask)
        clean = denoised.clean
        _check_finite(clean, ask, len(sigmas) - 1)
        if state is None or state.step != ask.step:
            state = StepState(ask.step, len(sigmas) - 1, ask.sigma, ask.x, clean, denoised.branches)
        following, x = _send(steps, denoised)
        if job.on_step is not None and (following is None or following.step != ask.step):
            job.on_step(state)
        ask = following
    # A latent that keeps some noise goes on in units of the clean one, as the next sampler takes it.
    rest = trajectory.share(sigmas[-1])
    return (x / rest).cpu(), clean.cpu()


def _send(steps: Steps, denoised: Denoised) -> tuple[Ask | None, Tensor]:
    """The sampler's next question and its x, or None and the final x."""
    try:
        ask = steps.send(denoised)
    except StopIteration as end:
        return None, end.value
    return ask, ask.x


def _first(
    job: DenoiseJob, latent: Tensor, noise: Tensor, sigma: float, trajectory: Trajectory, table: SigmaTable
) -> Tensor:
    if job.x is not None:
        return job.x.to(latent)
    if job.noise is None:
        return latent * trajectory.share(sigma)
    return begun(latent, noise, sigma, trajectory, table)


def begun(latent: Tensor, noise: Tensor, sigma: float, trajectory: Trajectory, table: SigmaTable) -> Tensor:
    """x at the first sigma.  At the model's highest level x would not be all noise, while in training it was nearly so:
    Stable Diffusion's noise is then scaled to the variance that the network saw."""
    top = sigma > table.sigma_max * (1 - 1e-5)
    if trajectory.fade == 0 and top:
        return latent + noise * math.sqrt(1 + sigma**2)
    return trajectory.noised(latent, noise, sigma)


def _sampler(job: DenoiseJob, x: Tensor, sigmas: Sequence[float], trajectory: Trajectory) -> Steps:
    row = SAMPLERS.get(job.sampler.name)
    if row is None:
        raise Told(
            "Unknown sampler {name}; known are {known}.",
            name=repr(job.sampler.name),
            known=", ".join(SAMPLERS),
        )
    function: Sampling = load(row.function)
    options = dict(job.sampler.options)
    known = [p.name for p in signature(function).parameters.values() if p.default is not Parameter.empty]
    if unknown := sorted(set(options) - set(known)):
        raise Told(
            "Sampler {name} has no option {option}; it has {known}.",
            name=repr(job.sampler.name),
            option=repr(unknown[0]),
            known=known or telling("none"),
        )
    noise = _step_noise(job, x, sigmas, row.brownian)
    return function(x, sigmas, trajectory=trajectory, noise=noise, **options)


def _step_noise(job: DenoiseJob, x: Tensor, sigmas: Sequence[float], brownian: bool) -> StepNoise:
    """The noise of steps.  Samplers that draw no path draw once a step, so that as many draws lie behind a part."""
    whole = job.whole or sigmas
    if brownian:
        return brownian_noise(x, job.seed, whole)
    return step_noise(x, job.seed, job.noise_source, skip=len({sigma for sigma in whole if sigma > sigmas[0]}))


def _part_of(job: DenoiseJob) -> tuple[int, int]:
    """Sampler steps of the whole run, and how many of them lie before this part."""
    part, whole = ([sigma for sigma, _ in groupby(s)] for s in (job.sigmas.tolist(), job.whole or job.sigmas.tolist()))
    return len(whole) - 1, sum(sigma > part[0] for sigma in whole)


def _check_finite(clean: Tensor, ask: Ask, total: int) -> None:
    if not torch.isfinite(clean).all():
        raise Told(
            "The denoiser gave numbers that are not finite at sampler step {step} of {total}, sigma "
            "{sigma}; try a higher precision, or lower weights in the prompt, strengths and cfg.",
            step=ask.step + 1,
            total=total,
            sigma=f"{ask.sigma:.4g}",
        )


class _Questions:
    """Turns a sampler's question into branches and their evaluations, and the answers into one clean latent."""

    def __init__(
        self, job: DenoiseJob, latent: Tensor, noise: Tensor, trajectory: Trajectory, table: SigmaTable
    ) -> None:
        self._job = job
        self._latent = latent
        self._trajectory = trajectory
        self._table = table
        self._mask = None if job.noise_mask is None else resized_mask(job.noise_mask, latent)
        row = SAMPLERS.get(job.sampler.name)
        fresh = self._mask is not None and row is not None and row.fresh_mask_noise
        self._total, self._done = _part_of(job)
        self._noise = initial_noise(latent.shape, job.seed + 1).to(latent) if fresh else noise
        self._placed: dict[tuple[int, str], tuple[Cond, Placed]] = {}

    def denoised(self, ask: Ask) -> Generator[Sequence[Evaluation], Sequence[Tensor], Denoised]:
        x = ask.x
        if self._mask is not None:
            kept = self._trajectory.noised(self._latent, self._noise, ask.sigma)
            x = kept + (x - kept) * self._mask
        clean, branches = yield from self._guided(x, ask)
        if self._mask is not None:
            clean = self._latent + (clean - self._latent) * self._mask
        return Denoised(clean, branches)

    def _guided(
        self, x: Tensor, ask: Ask
    ) -> Generator[Sequence[Evaluation], Sequence[Tensor], tuple[Tensor, Mapping[str, Tensor]]]:
        guidance = self._job.guider(x, ask.sigma, ask.wants)
        seen: dict[str, Tensor] = {}
        value: Any = None
        while True:
            try:
                branches = guidance.send(value)
            except StopIteration as end:
                return end.value, seen
            value = yield from self._answers(branches, x, ask)
            seen |= value

    def _answers(
        self, branches: Mapping[str, Branch], x: Tensor, ask: Ask
    ) -> Generator[Sequence[Evaluation], Sequence[Tensor], dict[str, Tensor]]:
        timestep, prediction = self._table.timestep(ask.sigma), self._job.sampling.prediction
        asked = {
            name: list(
                evaluations(
                    name, self._places(name, branch, x), x, ask.sigma, timestep, prediction, ask.step, self._done
                )
            )
            for name, branch in branches.items()
        }
        flat = [evaluation for group in asked.values() for evaluation in group]
        given = iter((yield flat) if flat else ())
        return {name: combine(group, [next(given) for _ in group], x) for name, group in asked.items()}

    def _places(self, name: str, branch: Branch, x: Tensor) -> list[Placed]:
        """Ready conditionings of a branch, made once a job; the `Cond` is kept so that its id stays its own."""
        return [self._place(name, cond, x, number) for number, cond in enumerate(branch.conditioning)]

    def _place(self, branch: str, cond: Cond, x: Tensor, number: int) -> Placed:
        known = self._placed.get((id(cond), branch))
        if known is None:
            wants = self._job.wants
            concat = joined(wants, self._latent, self._mask) if cond.concat is None else None
            ready = place(cond, x, self._table, wants, branch=branch, concat=concat, steps=self._total, number=number)
            known = cond, ready
            self._placed[id(cond), branch] = known
        return known[1]
