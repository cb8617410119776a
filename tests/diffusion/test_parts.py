"""A run in two jobs: the second begins where the first stood, with the noise that the whole run draws there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.diffusion.guidance import Single
from engine.diffusion.job import DenoiseJob, StepState, run_job
from engine.diffusion.names import SAMPLERS
from engine.diffusion.noise import step_noise
from engine.diffusion.stepping import Both, as_samples, as_x
from engine.diffusion.tracing import answers
from engine.diffusion.trajectory import Trajectory
from engine.diffusion.types import Conditioning, LatentSpec, ModelSampling, NoiseSource, Sampler
from tests.diffusion.tiny import conditioning

SIGMAS = (14.0, 6.0, 2.5, 0.7, 0.0)
CPU = torch.device("cpu")


def noise(seed: int) -> Tensor:
    return torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(seed))


def job(sampler: str, **changes: Any) -> DenoiseJob:
    usual = {"sigmas": torch.tensor(SIGMAS), "latent": noise(1), "noise": noise(2), "seed": 3}
    rule = Single(conditioning())
    return DenoiseJob("h", ModelSampling(), Sampler(sampler), rule, **usual | changes)  # type: ignore[arg-type]


def ran(job: DenoiseJob) -> tuple[Tensor, list[StepState]]:
    """The job's end and its steps; the clean latent is a smooth function of x and sigma."""
    states: list[StepState] = []
    run = run_job(replace(job, on_step=states.append), CPU)
    asked = next(run)
    while True:
        try:
            asked = run.send([torch.tanh(e.x / (1 + e.sigma)) for e in asked])
        except StopIteration as end:
            return end.value[0], states


@pytest.mark.parametrize("source", ["cpu", "nv"])
@pytest.mark.parametrize("sampler", [name for name, row in SAMPLERS.items() if not row.remembers])
def test_a_run_goes_on_from_any_step_to_the_bit(sampler: str, source: NoiseSource) -> None:
    whole, states = ran(job(sampler, noise_source=source))
    for state in states:
        rest = torch.tensor(SIGMAS[state.step :])
        again, _ = ran(job(sampler, noise_source=source, sigmas=rest, x=state.x, whole=SIGMAS))
        assert torch.equal(again, whole)


@pytest.mark.parametrize("sampler", [name for name, row in SAMPLERS.items() if row.remembers])
def test_samplers_that_remember_are_known_as_such(sampler: str) -> None:
    """Begun in the middle they end elsewhere: the table is right about both kinds."""
    whole, states = ran(job(sampler))
    again, _ = ran(job(sampler, sigmas=torch.tensor(SIGMAS[2:]), x=states[2].x, whole=SIGMAS))
    assert not torch.allclose(again, whole, atol=1e-4)


def test_a_mask_keeps_what_the_whole_run_keeps() -> None:
    mask = torch.zeros(1, 4, 4)
    mask[:, 2:] = 1
    for sampler in ("euler_ancestral", "ddim"):
        whole, states = ran(job(sampler, noise_mask=mask))
        again, _ = ran(job(sampler, noise_mask=mask, sigmas=torch.tensor(SIGMAS[2:]), x=states[2].x, whole=SIGMAS))
        assert torch.equal(again, whole)


@pytest.mark.parametrize("source", ["cpu", "nv"])
def test_draws_are_left_out_in_order(source: NoiseSource) -> None:
    all_of_them, rest = step_noise(noise(1), 5, source), step_noise(noise(1), 5, source, skip=2)
    drawn = [all_of_them(2.0, 1.0) for _ in range(4)]
    assert [torch.equal(rest(2.0, 1.0), expected) for expected in drawn[2:]] == [True, True]


def test_a_flow_latent_that_is_all_noise_begins_a_run() -> None:
    """At sigma 1 nothing of the clean latent is in x: x comes back from its own units all the same."""
    flow, spec, x = Trajectory(1.0), LatentSpec(shift=0.1, factor=0.36), noise(4)
    samples = as_samples(x, spec, 1.0, flow)
    assert torch.isfinite(samples).all()
    assert torch.allclose(as_x(samples, spec, 1.0, flow), x, rtol=1e-4, atol=1e-4)
    sampling = ModelSampling(prediction="flow", schedule="flow")
    given = {"sampling": sampling, "sigmas": torch.tensor([1.0, 0.5, 0.0])}
    latent = (samples - spec.shift) * spec.factor
    ends = [
        ran(replace(job("euler", noise=n, latent=start), **given))[0] for n, start in ((x, latent * 0), (None, latent))
    ]
    assert torch.allclose(ends[0], ends[1], rtol=1e-4, atol=1e-4)


def test_a_rule_can_be_made_to_ask_about_the_negative() -> None:
    from engine.diffusion.guidance import cfg

    rule = cfg(conditioning(0.1), conditioning(0.2), 1.0)
    assert set(next(rule(noise(1), 1.0))) == {"positive"}
    assert set(next(Both(rule)(noise(1), 1.0))) == {"positive", "negative"}
    assert Both(rule).conditionings == rule.conditionings


def test_the_answers_of_branches_are_kept_to_the_bit() -> None:
    """Composed prompts alone are put together: negative + the sum of weight · (term - negative)."""
    first, second, negative = (noise(i) for i in range(3))
    plain = answers({"negative": negative, "positive": first}, conditioning())
    assert plain["positive"] is first
    assert plain["negative"] is negative
    assert set(answers({"positive": first}, conditioning())) == {"positive"}
    terms = Conditioning((*conditioning(term=(0, 0.5)), *conditioning(term=(1, 2.0))))
    made = answers({"positive": first, "positive 2": second, "negative": negative}, terms)["positive"]
    assert torch.allclose(made, negative + 0.5 * (first - negative) + 2 * (second - negative), atol=1e-5)
    assert answers({"positive": first}, terms)["positive"] is first
