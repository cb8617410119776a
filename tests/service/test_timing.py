"""Times of node types, learnt from runs."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.graph.check import check
from engine.graph.graph import Graph
from engine.graph.plan import Plan
from engine.plugins import builtins
from engine.run.events import JobFinished, StepFinished, StepStarted
from engine.service.timing import REMEMBERED, Run, Timings, runs_of, work_of

REGISTRY = builtins()


def plan(width: int = 512, steps: int = 20, batch: int = 1) -> Plan:
    """Text to image, as far as a check without files sees it."""
    return check(
        Graph.from_api(
            {
                "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
                "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["1", 1]}},
                "3": {
                    "class_type": "EmptyLatentImage",
                    "inputs": {"width": width, "height": 512, "batch_size": batch},
                },
                "4": {
                    "class_type": "KSampler",
                    "inputs": {
                        "model": ["1", 0],
                        "positive": ["2", 0],
                        "negative": ["2", 0],
                        "latent_image": ["3", 0],
                        "steps": steps,
                    },
                },
                "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
                "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0]}},
            }
        ),
        REGISTRY,
    ).plan


def work(plan: Plan, node: str) -> float | None:
    return work_of(plan.steps[node], plan.steps)


def test_work_grows_with_size_batch_and_sampler_steps() -> None:
    base = work(plan(), "4")
    assert base == 64 * 64 * 20
    assert work(plan(width=1024), "4") == 2 * base
    assert work(plan(batch=3), "4") == 3 * base
    assert work(plan(steps=40), "4") == 2 * base
    assert work(plan(steps=40), "5") == work(plan(), "5") == 64 * 64
    assert work(plan(), "1") is None


def test_steps_of_a_custom_sampler_are_those_of_its_sigmas() -> None:
    graph = {
        "s": {"class_type": "BasicScheduler", "inputs": {"model": ["m", 0], "steps": 30}},
        "m": {"class_type": "UNETLoader", "inputs": {"unet_name": "a.safetensors"}},
        "l": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64}},
        "n": {"class_type": "RandomNoise", "inputs": {}},
        "k": {"class_type": "KSamplerSelect", "inputs": {}},
        "g": {"class_type": "BasicGuider", "inputs": {"model": ["m", 0], "conditioning": ["c", 0]}},
        "c": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["t", 0]}},
        "t": {"class_type": "CLIPLoader", "inputs": {"clip_name": "a.safetensors"}},
        "x": {
            "class_type": "SamplerCustomAdvanced",
            "inputs": {
                "noise": ["n", 0],
                "guider": ["g", 0],
                "sampler": ["k", 0],
                "sigmas": ["s", 0],
                "latent_image": ["l", 0],
            },
        },
    }
    made = check(Graph.from_api(graph), REGISTRY, ["x"])
    assert made.errors == ()
    assert work(made.plan, "x") == 8 * 8 * 30


def test_time_is_foretold_by_work() -> None:
    timings = Timings()
    timings.add(Run("KSampler", 1e-6 * w, w) for w in (1e6, 2e6, 4e6))
    found = timings.estimate("KSampler", 8e6)
    assert found is not None
    assert (found.low, found.typical, found.high, found.runs) == (
        pytest.approx(8),
        pytest.approx(8),
        pytest.approx(8),
        3,
    )


def test_what_never_ran_is_unknown() -> None:
    assert Timings().estimate("KSampler", 1.0) is None


@given(st.lists(st.floats(0.001, 1e4), min_size=1, max_size=40), st.none() | st.floats(1, 1e9))
def test_the_range_lies_within_what_was_seen(seconds: list[float], work: float | None) -> None:
    timings = Timings()
    timings.add(Run("A", s, None) for s in seconds)
    found = timings.estimate("A", work)
    assert found is not None
    assert min(seconds) <= found.low <= found.typical <= found.high <= max(seconds) or len(set(seconds)) == 1
    assert found.runs == len(seconds)


def test_old_runs_are_forgotten() -> None:
    timings = Timings()
    timings.add(Run("A", 100.0, None) for _ in range(REMEMBERED))
    timings.add(Run("A", 1.0, None) for _ in range(REMEMBERED))
    assert timings.estimate("A", None).high == 1.0  # type: ignore[union-attr]


def test_cached_steps_and_steps_of_expansions_teach_nothing() -> None:
    made = plan()
    dice = random.Random(0)
    events = [
        StepStarted("j", "4"),
        StepFinished("j", "4", 2.0),
        StepFinished("j", "5", 9.0, cached=True),
        StepFinished("j", "4.inner", dice.random()),
        JobFinished("j", "success"),
    ]
    assert list(runs_of(made, events)) == [Run("KSampler", 2.0, 64 * 64 * 20)]
