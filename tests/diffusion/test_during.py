"""Prompts that hold for some sampler steps: just these, whatever the schedule and the sampler."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
import torch

from engine.diffusion.guidance import Cfg, Single
from engine.diffusion.job import DenoiseJob, run_job
from engine.diffusion.names import SCHEDULES
from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Conditioning, ModelSampling, Sampler
from tests.diffusion.tiny import conditioning

SAMPLING = ModelSampling()
SHAPE = (1, 4, 8, 8)
STEPS = 8
CUT = 5


def two(steps: int = STEPS, term: tuple[int, float] | None = None) -> Conditioning:
    """0.25 up to the fifth sampler step, then 0.75; `when` is that of an even schedule."""
    first, second = conditioning(0.25)[0], conditioning(0.75)[0]
    middle = (CUT - 0.5) / steps
    return Conditioning(
        (
            replace(first, when=(0.0, middle), during=(0, CUT, steps), term=term),
            replace(second, when=(middle, 1.0), during=(CUT, steps, steps), term=term),
        )
    )


def job(positive: Conditioning, schedule: str = "karras", sampler: str = "euler") -> DenoiseJob:
    return DenoiseJob(
        handle="model",
        sampling=SAMPLING,
        sampler=Sampler(sampler),
        guider=Single(positive),
        sigmas=make_sigmas(schedule, STEPS, SAMPLING),
        latent=torch.zeros(SHAPE),
        noise=initial_noise(SHAPE, 1),
    )


def seen(job: DenoiseJob) -> dict[int, list[tuple[str, float]]]:
    """Branch and first number of the prompt of all evaluations, by sampler step."""
    found: dict[int, list[tuple[str, float]]] = defaultdict(list)
    run = run_job(job, torch.device("cpu"))
    asked = next(run)
    while True:
        for evaluation in asked:
            found[evaluation.step].append((evaluation.branch, float(evaluation.placed.embeds.flatten()[0])))
        try:
            asked = run.send([evaluation.x * 0.9 for evaluation in asked])
        except StopIteration:
            return dict(found)


@pytest.mark.parametrize("schedule", [*SCHEDULES])
def test_a_prompt_changes_at_its_step_in_every_schedule(schedule: str) -> None:
    plan = job(two(), schedule)
    assert len(plan.sigmas) == STEPS + 1
    wanted = {step: [("positive", 0.25 if step < CUT else 0.75)] for step in range(STEPS)}
    assert seen(plan) == wanted


def test_both_looks_of_a_step_see_the_same_prompt() -> None:
    """Heun's second look of a step is at the noise level of the next."""
    found = seen(job(two(), sampler="heun"))
    assert {step: len(looks) for step, looks in found.items()} == {**dict.fromkeys(range(STEPS - 1), 2), STEPS - 1: 1}
    assert all({look for _, look in looks} == {0.25 if step < CUT else 0.75} for step, looks in found.items())


def test_terms_of_a_composed_prompt_change_each_at_its_own_step() -> None:
    positive = Conditioning((*two(term=(1, 0.5)), replace(conditioning(0.1)[0], term=(0, 1.0))))
    plan = replace(job(positive), guider=Cfg(positive, conditioning(-0.5), 4.0))
    for step, looks in seen(plan).items():
        assert sorted(value for _, value in looks) == pytest.approx([-0.5, 0.1, 0.25 if step < CUT else 0.75])


def test_the_second_part_of_a_run_goes_on_where_the_first_ended() -> None:
    whole = job(two())
    sigmas = whole.sigmas
    for begin in (1, CUT, CUT + 1):
        part = replace(whole, sigmas=sigmas[begin:], whole=tuple(sigmas.tolist()), x=torch.zeros(SHAPE))
        assert [value for ((_, value),) in seen(part).values()] == [
            0.25 if step < CUT else 0.75 for step in range(begin, STEPS)
        ]


def test_in_a_run_of_other_length_the_noise_level_decides() -> None:
    values = [value for ((_, value),) in seen(job(two(2 * STEPS), "sgm_uniform")).values()]
    middle = (CUT - 0.5) / (2 * STEPS)
    assert values == [0.25 if step / STEPS <= middle else 0.75 for step in range(STEPS)]
