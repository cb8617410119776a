"""Pictures of traces and schedules: the right ones, in the right order, with the numbers that were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from engine.diffusion.traces import Trace
from engine.diffusion.trajectory import Trajectory
from engine.diffusion.types import Latent, ModelSampling, Sigmas
from engine.drawing.plot import Curve
from nodes.loaders import Checkpoint
from nodes.trace_pictures import Frames, plot_sigmas, trace_frames, trace_plot
from nodes.vae import vae_decode
from tests.nodes.desk import Desk
from tests.nodes.trace_examples import latent
from tests.nodes.trace_examples import trace as traced

STEPS = 3


@pytest.fixture
def trace(context: Desk, parts: Checkpoint) -> Trace:
    return traced(parts, context, latent_image=latent(2))


def frames(trace: Trace, context: Desk, **values: Any) -> Frames:
    return trace_frames(trace=trace, context=context, **values)


@pytest.mark.parametrize(("view", "count"), [("clean", STEPS), ("x", STEPS + 1), ("noise", STEPS), ("guidance", STEPS)])
def test_a_frame_for_each_step_of_each_picture(view: str, count: int, trace: Trace, context: Desk) -> None:
    made = frames(trace, context, view=view)
    assert made.frames.shape == (2 * count, 32, 48, 3)
    assert 0 <= float(made.frames.min()) < float(made.frames.max()) <= 1


def test_a_latents_picture_is_its_decoded_self(trace: Trace, context: Desk, parts: Checkpoint) -> None:
    """The clean latent of each step, decoded as VAEDecode would: first picture first."""
    made = frames(trace, context, view="clean", vae=parts.VAE).frames
    factor = parts.MODEL.latent.factor
    for i, step in enumerate(trace.steps):
        decoded = vae_decode(samples=Latent(step.clean / factor), vae=parts.VAE, context=context)
        for picture in (0, 1):
            assert torch.allclose(made[picture * STEPS + i], decoded[picture], atol=1e-5)
    assert context.told[-1] == (STEPS, STEPS)


def test_the_noisy_latent_is_shown_with_unit_variance(trace: Trace, context: Desk, parts: Checkpoint) -> None:
    made = frames(trace, context, view="x", vae=parts.VAE).frames
    step = trace.steps[0]
    unit = step.x / np.sqrt(1 + step.sigma**2) / parts.MODEL.latent.factor
    shown = vae_decode(samples=Latent(unit), vae=parts.VAE, context=context)
    assert torch.allclose(made[0], shown[0], atol=1e-5)
    end = vae_decode(samples=Latent(trace.x / parts.MODEL.latent.factor), vae=parts.VAE, context=context)
    assert torch.allclose(made[STEPS], end[0], atol=1e-5)


def test_without_an_autoencoder_each_cell_is_a_square(trace: Trace, context: Desk, parts: Checkpoint) -> None:
    made = frames(trace, context, view="noise").frames
    cells = made.unflatten(2, (6, 8)).unflatten(1, (4, 8))
    assert torch.equal(cells.amin((2, 4)), cells.amax((2, 4)))
    assert torch.equal(made, frames(trace, context, view="noise", vae=parts.VAE).frames)


def test_labels_stand_below_the_pictures_of_the_strip_alone(trace: Trace, context: Desk) -> None:
    bare, named = (frames(trace, context, columns=STEPS, labels=labels) for labels in (False, True))
    assert torch.equal(bare.frames, named.frames)
    assert bare.strip.shape[2] == named.strip.shape[2]
    assert bare.strip.shape[1] < named.strip.shape[1]
    assert torch.equal(named.strip[0, :32, :48], bare.strip[0, :32, :48])


def test_a_long_strip_is_made_smaller(trace: Trace, context: Desk) -> None:
    many = replace(trace, steps=trace.steps * 20)
    made = frames(many, context, columns=1000)
    assert made.frames.shape[0] == 2 * STEPS * 20
    assert made.strip.shape[2] < 2500


def test_guidance_needs_both_answers(context: Desk, parts: Checkpoint) -> None:
    alone = traced(parts, context, cfg=1.0)
    assert frames(alone, context, view="clean").frames.shape[0] == STEPS
    with pytest.raises(ValueError, match="a cfg other than 1"):
        frames(alone, context, view="guidance")


def test_what_cannot_be_shown_is_said(trace: Trace, context: Desk, parts: Checkpoint) -> None:
    with pytest.raises(ValueError, match="no sampler steps"):
        frames(replace(trace, steps=()), context)
    other = replace(parts.VAE, latent=replace(parts.VAE.latent, channels=16))
    with pytest.raises(ValueError, match="VAE takes 16"):
        frames(trace, context, vae=other)
    wide = [replace(step, clean=torch.zeros(1, 16, 4, 4)) for step in trace.steps]
    with pytest.raises(ValueError, match=r"16 channels .* link the model's VAE"):
        frames(replace(trace, steps=tuple(wide)), context)
    assert frames(replace(trace, family="lost"), context).frames.shape[0] == 2 * STEPS


@pytest.mark.parametrize("fade", [0.0, 1.0])
def test_measured_noise_is_the_deviation_of_what_was_mixed_in(fade: float, trace: Trace) -> None:
    """Latents noised by the formula: what is measured is the deviation of that noise times sigma."""
    sampling = ModelSampling(prediction="flow", schedule="flow") if fade else ModelSampling()
    steps, expected = [], []
    for step, sigma in zip(trace.steps, (0.9, 0.5, 0.1), strict=True):
        noise = torch.randn(step.clean.shape, generator=torch.Generator().manual_seed(step.step)) * 2
        x = Trajectory(fade).noised(step.clean, noise, sigma)
        steps.append(replace(step, x=x, sigma=sigma))
        expected.append(sigma * float(np.std(noise.numpy())))
    made = trace_plot(trace=replace(trace, steps=tuple(steps), sampling=sampling, sigmas=(0.9, 0.5, 0.1, 0.0)))
    assert made.values == pytest.approx(expected, rel=1e-4)
    assert made.image.shape == (1, 420, 640, 3)


def test_schedules_are_drawn_with_others_beside_them() -> None:
    sigmas, other = Sigmas(torch.tensor([14.0, 3.0, 0.0])), Sigmas(torch.tensor([14.0, 9.0, 2.0, 0.0]))
    alone, both = plot_sigmas(sigmas=sigmas), plot_sigmas(sigmas=sigmas, other=other, third=sigmas, log=True)
    assert alone.values == both.values == [14.0, 3.0, 0.0]
    assert alone.image.shape == both.image.shape == (1, 420, 640, 3)
    assert not torch.equal(alone.image, both.image)


def test_schedules_are_called_as_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[list[str]] = []

    def curves(lines: Sequence[Curve], *_: object, **__: object) -> torch.Tensor:
        shown.append([line.name for line in lines])
        return torch.zeros(1, 4, 4, 3)

    monkeypatch.setattr("engine.drawing.plot.curves", curves)
    sigmas = Sigmas(torch.tensor([14.0, 3.0, 0.0]))
    plot_sigmas(sigmas=sigmas, third=sigmas, labels="equal\n karras \nnobody")
    plot_sigmas(sigmas=sigmas, third=sigmas, labels="\nkarras")
    plot_sigmas(sigmas=sigmas, third=sigmas)
    plot_sigmas(sigmas=sigmas)
    assert shown == [["equal", "karras"], ["sigmas", "karras"], ["sigmas", "third"], [""]]


def test_an_empty_schedule_has_no_plot() -> None:
    with pytest.raises(ValueError, match="no noise levels"):
        plot_sigmas(sigmas=Sigmas(torch.empty(0)))
