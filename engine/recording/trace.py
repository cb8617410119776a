"""A recording as a TRACE, so that one can go on from any of its sampler steps."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.diffusion.traces import Trace, TraceStep
from engine.diffusion.types import Latent, LatentSpec, ModelSampling, Sampler
from engine.recording.format import RecordingError, damaged
from engine.recording.read import Frame, Recording


def trace_of(recording: Recording) -> Trace:
    """All sampler steps of a recording; raises RecordingError."""
    head = recording.head
    if head["latent"] is None:
        raise RecordingError(
            "The recording {name} is of a model that is no longer known; record the job again.",
            "no_family",
            name=recording.key,
        )
    try:
        latent, sampling = LatentSpec(**head["latent"]), ModelSampling(**head["sampling"])
        name, options = head["sampler"]
        return Trace(
            steps=tuple(map(_step, recording.frames)),
            sigmas=recording.sigmas,
            x=torch.from_numpy(recording.x),
            sampler=Sampler(name, tuple((key, value) for key, value in options)),
            sampling=sampling,
            latent=latent,
            seed=head["seed"],
            source=head["source"],
            family=recording.family,
            start=_start(recording, latent),
            ended=not recording.partial,
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, RecordingError):
            raise
        raise damaged(recording.key) from error


def _step(frame: Frame) -> TraceStep:
    branches = tuple((name, torch.from_numpy(clean)) for name, clean in frame.branches.items())
    return TraceStep(frame.step, frame.sigma, torch.from_numpy(frame.x), torch.from_numpy(frame.clean), branches)


def _start(recording: Recording, spec: LatentSpec) -> Latent:
    samples = torch.from_numpy(recording.start) / spec.factor + spec.shift
    mask: Tensor | None = None if recording.mask is None else torch.from_numpy(recording.mask)
    return Latent(samples, noise_mask=mask, downscale=spec.downscale)
