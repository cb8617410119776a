"""Traces: they are the sampler to the bit, hold what it saw, and can be gone on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch

import nodes
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.traces import Trace
from engine.diffusion.types import Cond, Conditioning, Latent, ModelSampling, Sampler, Sigmas
from engine.graph.check import check
from engine.graph.graph import Graph
from engine.models.codecs import codecs
from engine.models.handle import Model
from nodes.loaders import Checkpoint
from nodes.sampling import k_sampler, sampler_custom
from nodes.trace import Branched, sampler_trace, trace_branch, trace_step_at
from nodes.trace_facts import EVEN
from tests.nodes.desk import Desk, call, same
from tests.nodes.trace_examples import latent, prompt, prompts

STEPS = 3
ONE_STEP = ("euler", "heun", "euler_ancestral", "dpmpp_sde")
"""One of each kind; tests/diffusion/test_parts.py tries them all without the nodes around them."""
FLOW = ModelSampling(prediction="flow", schedule="flow", shift=3.0)


@pytest.fixture
def usual(context: Desk, parts: Checkpoint) -> dict[str, Any]:
    """The inputs of KSampler and SamplerTrace."""
    base = {"model": parts.MODEL, "seed": 7, "steps": STEPS, "cfg": 3.0, "scheduler": "karras", "context": context}
    return base | prompts() | {"latent_image": latent()}


def masked(batch: int = 1) -> Latent:
    mask = torch.zeros(1, 32, 48)
    mask[:, :, 24:] = 1
    return replace(latent(batch), noise_mask=mask)


def branch(usual: Mapping[str, Any], trace: Trace, step: int, **changes: Any) -> Branched:
    kept = {name: usual[name] for name in ("model", "seed", "cfg", "positive", "negative", "context")}
    made: Branched = call(trace_branch, **kept | {"sampler_name": trace.sampler.name} | changes, trace=trace, step=step)
    return made


CHANGES: dict[str, dict[str, Any]] = {
    **{name: {"sampler_name": name} for name in ("heun", "dpmpp_2m_sde", "uni_pc")},
    "cfg 1": {"cfg": 1.0},
    "image to image": {"denoise": 0.5},
    "a batch": {"latent_image": latent(2), "sampler_name": "euler_ancestral"},
    "an index": {"latent_image": replace(latent(), batch_index=(2,))},
    "a mask": {"latent_image": masked()},
    "a mask with fresh noise": {"latent_image": masked(), "sampler_name": "ddim"},
}


@pytest.mark.parametrize("case", CHANGES)
def test_it_is_ksampler_to_the_bit(case: str, usual: Mapping[str, Any]) -> None:
    values = {**usual, **CHANGES[case]}
    plain, traced = call(k_sampler, **values), call(sampler_trace, **values)
    assert same(traced.latent, plain)


def test_the_steps_are_what_the_sampler_saw(usual: Mapping[str, Any], parts: Checkpoint) -> None:
    """Euler's rule and guidance's, written down anew, lead from each step to the next."""
    latent, trace = call(sampler_trace, **usual)
    assert trace.sigmas == tuple(make_sigmas("karras", STEPS, parts.MODEL.sampling).tolist())
    assert [step.step for step in trace.steps] == list(range(STEPS))
    ends = [*(step.x for step in trace.steps[1:]), trace.x]
    for step, to, following in zip(trace.steps, trace.sigmas[1:], ends, strict=True):
        answers = dict(step.branches)
        guided = answers["negative"] + 3.0 * (answers["positive"] - answers["negative"])
        assert torch.allclose(step.clean, guided, atol=1e-5)
        euler = step.x + (to - step.sigma) * (step.x - step.clean) / step.sigma
        assert torch.allclose(following, euler, rtol=1e-4, atol=1e-4)
    assert torch.allclose(latent.samples * parts.MODEL.latent.factor, trace.x, atol=1e-5)


def test_noise_levels_of_ones_own_replace_the_schedule(usual: Mapping[str, Any], context: Desk) -> None:
    sigmas = Sigmas(torch.tensor([9.0, 2.0, 0.0]))
    traced = call(sampler_trace, **usual, sigmas=sigmas)
    kept = {name: usual[name] for name in ("model", "cfg", "positive", "negative", "latent_image", "context")}
    plain = call(sampler_custom, **kept, noise_seed=7, sampler=Sampler("euler"), sigmas=sigmas)
    assert torch.equal(traced.latent.samples, plain.output.samples)
    assert traced.trace.sigmas == (9.0, 2.0, 0.0)


@pytest.mark.parametrize("sampler", ONE_STEP)
def test_an_unchanged_branch_ends_alike_to_the_bit(sampler: str, usual: Mapping[str, Any]) -> None:
    latent, trace = call(sampler_trace, **{**usual, "sampler_name": sampler})
    again = branch(usual, trace, 1)
    assert torch.equal(again.latent.samples, latent.samples)
    assert same(again.trace, trace)
    assert again.ui == {}


@pytest.mark.parametrize("sampler", ["dpmpp_2m", "uni_pc"])
def test_a_branch_from_the_first_step_is_the_whole_run(sampler: str, usual: Mapping[str, Any]) -> None:
    latent, trace = call(sampler_trace, **{**usual, "sampler_name": sampler})
    again = branch(usual, trace, 0)
    assert torch.equal(again.latent.samples, latent.samples)
    assert again.ui == {}


@pytest.mark.parametrize(
    ("sampler", "start"), [("euler_ancestral", latent(2)), ("ddim", masked()), ("dpmpp_sde", masked(2))]
)
def test_batches_and_masks_go_on_as_they_were(sampler: str, start: Latent, usual: Mapping[str, Any]) -> None:
    whole, trace = call(sampler_trace, **{**usual, "sampler_name": sampler, "latent_image": start})
    assert same(branch(usual, trace, 2).latent, whole)


def test_flow_models_branch_to_the_bit(usual: Mapping[str, Any], parts: Checkpoint) -> None:
    values = {**usual, "model": replace(parts.MODEL, sampling=FLOW), "sampler_name": "euler_ancestral"}
    whole, trace = call(sampler_trace, **values)
    assert torch.isfinite(whole.samples).all()
    assert same(branch(values, trace, 2).latent, whole)


def test_another_prompt_changes_what_comes_after(usual: Mapping[str, Any]) -> None:
    whole, trace = call(sampler_trace, **usual)
    other = branch(usual, trace, 1, positive=prompt(9))
    assert not torch.equal(other.latent.samples, whole.samples)
    assert [step.step for step in other.trace.steps] == list(range(STEPS))
    assert other.trace.sigmas == trace.sigmas
    assert other.trace.steps[:1] == trace.steps[:1]
    assert torch.equal(other.trace.steps[1].x, trace.steps[1].x)
    assert not torch.equal(other.trace.steps[2].x, trace.steps[2].x)
    back = branch(usual, other.trace, 1)
    assert torch.equal(back.latent.samples, whole.samples)


def test_another_seed_counts_where_the_sampler_adds_noise(usual: Mapping[str, Any]) -> None:
    for sampler, counts in {"euler": False, "euler_ancestral": True}.items():
        whole, trace = call(sampler_trace, **{**usual, "sampler_name": sampler})
        other = branch(usual, trace, 1, seed=8)
        assert torch.equal(other.latent.samples, whole.samples) is not counts


def test_a_sampler_that_remembers_says_that_it_began_anew(usual: Mapping[str, Any]) -> None:
    whole, trace = call(sampler_trace, **{**usual, "sampler_name": "dpmpp_2m"})
    other = branch(usual, trace, 1)
    assert not torch.equal(other.latent.samples, whole.samples)
    assert other.ui["text"][0].startswith("dpmpp_2m ")


def test_a_trace_read_from_disk_branches_alike(usual: Mapping[str, Any]) -> None:
    whole, trace = call(sampler_trace, **{**usual, "latent_image": masked()})
    table = codecs()
    json, buffers = table.encode(trace)
    read = table.decode(json, [memoryview(bytearray(buffer)) for buffer in buffers])
    assert same(branch(usual, read, 1).latent, whole)


def test_a_step_taken_out_leads_to_the_same_end(usual: Mapping[str, Any], parts: Checkpoint) -> None:
    whole, trace = call(sampler_trace, **usual)
    noisy, clean, noise, sigma, sigmas = trace_step_at(trace=trace, step=2)
    assert sigma == trace.sigmas[2]
    assert tuple(sigmas.tolist()) == trace.sigmas[2:]
    factor = parts.MODEL.latent.factor
    assert torch.allclose((noisy.samples - clean.samples) * factor, noise.samples * sigma, atol=1e-4)
    kept = {name: usual[name] for name in ("model", "cfg", "positive", "negative", "context")}
    end = call(sampler_custom, **kept, add_noise=False, sampler=Sampler("euler"), sigmas=sigmas, latent_image=noisy)
    size = float(whole.samples.abs().max())
    assert torch.allclose(end.output.samples, whole.samples, atol=1e-5 * size)


def test_nothing_to_do_gives_an_empty_trace(usual: Mapping[str, Any]) -> None:
    latent, trace = call(sampler_trace, **{**usual, "denoise": 0.0})
    assert latent is usual["latent_image"]
    assert trace.steps == trace.sigmas == ()
    with pytest.raises(ValueError, match="no sampler steps"):
        branch(usual, trace, 0)


@pytest.mark.parametrize("step", [STEPS, 10000])
def test_a_step_that_is_not_there_is_named_with_those_that_are(step: int, usual: Mapping[str, Any]) -> None:
    trace = call(sampler_trace, **usual).trace
    for use in (lambda: trace_step_at(trace=trace, step=step), lambda: branch(usual, trace, step)):
        with pytest.raises(ValueError, match=f"0 to {STEPS - 1}, and {step} was asked for"):
            use()


def test_a_model_of_another_kind_is_refused(usual: Mapping[str, Any], parts: Checkpoint) -> None:
    trace = call(sampler_trace, **usual).trace
    wide: Model = replace(parts.MODEL, latent=replace(parts.MODEL.latent, channels=16))
    with pytest.raises(ValueError, match="takes 16"):
        branch(usual, trace, 1, model=wide)
    with pytest.raises(ValueError, match="this one predicts flow"):
        branch(usual, trace, 1, model=replace(parts.MODEL, sampling=FLOW))


def test_composed_prompts_are_one_positive_answer(usual: Mapping[str, Any]) -> None:
    """The answer stands for all terms: guidance made of it is what the sampler was given."""
    terms = Conditioning(tuple(Cond(prompt(i)[0].embeds, term=(i, 0.5 * i)) for i in (1, 2)))
    trace = call(sampler_trace, **{**usual, "positive": terms}).trace
    for step in trace.steps:
        answers = dict(step.branches)
        assert set(answers) == {"positive", "negative"}
        guided = answers["negative"] + 3.0 * (answers["positive"] - answers["negative"])
        assert torch.allclose(step.clean, guided, atol=1e-4)


@pytest.mark.parametrize("scheduler", EVEN)
@pytest.mark.parametrize("sampler", ["euler", "dpm_2", "uni_pc"])
def test_the_number_of_steps_is_known_before_the_run(scheduler: str, sampler: str, parts: Checkpoint) -> None:
    for every in (1, 20):
        sampling = replace(parts.MODEL.sampling, every=every)
        assert all(len(make_sigmas(scheduler, n, sampling, sampler=sampler)) == n + 1 for n in range(1, 41))


def graph(step: int) -> Graph:
    """A trace of 12 steps, one of them taken out, and all of them as pictures."""
    run = {"model": ["c", 0], "steps": 12, "positive": ["p", 0], "negative": ["p", 0], "latent_image": ["l", 0]}
    return Graph.from_api(
        {
            "c": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "tiny.safetensors"}},
            "p": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["c", 1]}},
            "l": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 32, "batch_size": 2}},
            "t": {"class_type": "SamplerTrace", "inputs": run},
            "s": {"class_type": "TraceStepAt", "inputs": {"trace": ["t", 1], "step": step}},
            "f": {"class_type": "TraceFrames", "inputs": {"trace": ["t", 1], "view": "x"}},
        }
    )


def test_a_step_out_of_range_is_a_problem_before_the_run() -> None:
    (found,) = check(graph(12), nodes.registry(), ["s"]).problems
    assert (found.node, found.code, found.input) == ("s", "value_bigger_than_max", "step")
    assert (found.args["value"], found.args["max"]) == (12, 11)
    assert found.mend is not None
    assert found.mend.args["value"] == 11
    assert not check(graph(11), nodes.registry(), ["s"]).problems


def test_sizes_are_known_before_the_run() -> None:
    plan = check(graph(3), nodes.registry(), ["s", "f"]).plan
    facts = {id: step.facts for id, step in plan.steps.items()}
    size = {"width": 64, "height": 32}
    assert facts["f"][0] == {**size, "batch": 2 * 13, "bytes": 2 * 13 * 64 * 32 * 3 * 4}
    assert facts["s"][:3] == ({**size, "batch": 2, "channels": 4, "bytes": 2 * 4 * 4 * 8 * 4},) * 3
    assert facts["s"][4] == {"steps": 9}
