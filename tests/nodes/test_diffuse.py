"""Diffusion by hand: noise in by the formula, noise out again, and a chain of steps that is the sampler."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from engine.diffusion.noise import initial_noise
from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Conditioning, Image, Latent, ModelSampling, Noise, Sampler, Sigmas
from engine.models.handle import Model
from engine.models.unet import Denoiser
from nodes import measure
from nodes.diffuse import Noised, add_noise, add_noise_to_image, clean_from_noise
from nodes.loaders import Checkpoint
from nodes.measure import measure_step
from nodes.predict import Predicted, Stepped, predict_noise, sampler_step
from nodes.sampling import k_sampler, sampler_custom
from tests.nodes.desk import Desk, call
from tests.nodes.trace_examples import latent, prompt, prompts, sigmas, trace

FLOW = ModelSampling(prediction="flow", schedule="flow", shift=3.0)
KINDS = {"eps": ModelSampling(), "v": ModelSampling(prediction="v"), "flow": FLOW}
EXACT = ("euler", "heun", "dpm_2", "euler_ancestral", "dpm_2_ancestral", "dpmpp_sde", "lcm")
TWICE = ("dpm_2", "dpm_2_ancestral")
"""Samplers whose half steps enlarge what rounding did between the nodes, where the network is a random one."""


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, parts: Checkpoint) -> Model:
    return replace(parts.MODEL, sampling=KINDS[request.param])


def noised(model: Model, levels: Sigmas, step: int = 0, **changes: Any) -> Noised:
    values = {"noise": Noise(5), "latent_image": latent(2)} | changes
    return add_noise(model=model, sigmas=levels, step=step, **values)


def levels(model: Model, steps: int = 4) -> Sigmas:
    return Sigmas(make_sigmas("normal", steps, model.sampling))


def close(found: Latent, expected: Latent, share: float = 1e-5) -> bool:
    size = float(expected.samples.abs().max())
    return torch.allclose(found.samples, expected.samples, rtol=0, atol=share * size)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_noise_is_mixed_in_by_the_formula(step: int, model: Model) -> None:
    """x = alpha · clean + sigma · noise in the sampler's units; a latent of the graph is x / alpha."""
    start, factor, sigma = latent(2), model.latent.factor, float(levels(model)[step])
    noise = initial_noise((2, 4, 4, 6), 5)
    alpha = 1 - sigma if model.sampling.prediction == "flow" else 1.0
    expected = (alpha * start.samples * factor + sigma * noise) / alpha / factor
    made = noised(model, levels(model), step)
    assert torch.allclose(made.latent.samples, expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(made.noise.samples, noise)


def test_a_latent_that_holds_noise_already_gets_the_rest(parts: Checkpoint) -> None:
    """As ComfyUI does with the first half of split sigmas: the levels' difference."""
    made = noised(parts.MODEL, Sigmas(torch.tensor([9.0, 4.0, 2.5])))
    added = (made.latent.samples - latent(2).samples) * parts.MODEL.latent.factor
    assert torch.allclose(added, made.noise.samples * 6.5, atol=1e-4)
    alone = noised(parts.MODEL, Sigmas(torch.tensor([9.0])))
    assert torch.allclose((alone.latent.samples - latent(2).samples) * 0.18215, alone.noise.samples * 9, atol=1e-4)


def test_no_noise_no_levels_and_the_end_change_nothing(parts: Checkpoint) -> None:
    start = latent(2)
    assert noised(parts.MODEL, Sigmas(torch.empty(0)), latent_image=start).latent is start
    for made in (noised(parts.MODEL, sigmas(), noise=Noise(None)), noised(parts.MODEL, sigmas(), 3)):
        assert torch.allclose(made.latent.samples, start.samples, atol=1e-6)


def test_a_picture_of_a_batch_gets_its_own_noise(parts: Checkpoint) -> None:
    third = replace(latent(), batch_index=(2,))
    drawn = noised(parts.MODEL, sigmas(), latent_image=third).noise
    assert torch.equal(drawn.samples, initial_noise((1, 4, 4, 6), 5, (2,)))
    assert drawn.batch_index == (2,)


@pytest.mark.parametrize("scheduler", ["karras", "simple"])
def test_noised_like_a_sampler_a_sampler_goes_on_from_it(
    scheduler: str, model: Model, parts: Checkpoint, context: Desk
) -> None:
    whole = usual(model, context)
    plain = call(k_sampler, **whole, latent_image=latent(2), seed=5, steps=4, scheduler=scheduler)
    given = Sigmas(make_sigmas(scheduler, 4, model.sampling))
    noisy = noised(model, given, like_sampler=True).latent
    rest = call(
        sampler_custom, **whole, add_noise=False, sampler=Sampler("euler"), sigmas=given, latent_image=noisy
    ).output
    assert close(rest, plain)


def usual(model: Model, context: Desk) -> dict[str, Any]:
    return prompts() | {"model": model, "cfg": 3.0, "context": context}


def chain(model: Model, context: Desk, given: Sigmas, start: Latent, sampler: str, **changes: Any) -> Latent:
    at = noised(model, given, like_sampler=True, latent_image=start).latent
    for step in range(len(given) - 1):
        values = usual(model, context) | {"sampler_name": sampler, "noise_seed": 5} | changes
        done: Stepped = call(sampler_step, **values, sigmas=given, step=step, latent_image=at)
        at = done.latent
    return at


@pytest.mark.parametrize("sampler", EXACT)
def test_a_chain_of_steps_is_the_sampler(sampler: str, parts: Checkpoint, context: Desk) -> None:
    """Also where steps add noise: the same seed in each step is the run's own noise, each step's at its place."""
    given = Sigmas(make_sigmas("karras", 3, parts.MODEL.sampling, sampler=sampler))
    whole = usual(parts.MODEL, context) | {"sampler_name": sampler, "seed": 5, "steps": 3, "scheduler": "karras"}
    made = chain(parts.MODEL, context, given, latent(2), sampler)
    assert close(made, call(k_sampler, **whole, latent_image=latent(2)), 1e-4 if sampler in TWICE else 1e-5)


def test_a_chain_with_another_seed_in_a_step_goes_another_way(parts: Checkpoint, context: Desk) -> None:
    given = Sigmas(make_sigmas("karras", 3, parts.MODEL.sampling))
    made = [chain(parts.MODEL, context, given, latent(), "euler_ancestral", noise_seed=seed) for seed in (5, 6)]
    assert not close(*made, share=1e-2)


@pytest.mark.parametrize("sampler", ["euler", "euler_ancestral"])
def test_chains_hold_for_every_kind_of_model(sampler: str, model: Model, context: Desk) -> None:
    given = Sigmas(make_sigmas("simple", 3, model.sampling))
    whole = usual(model, context) | {"sampler_name": sampler, "seed": 5, "steps": 3, "scheduler": "simple"}
    assert close(chain(model, context, given, latent(), sampler), call(k_sampler, **whole, latent_image=latent()))


@pytest.mark.parametrize("sampler", ["euler", "ddim"])
def test_a_chain_keeps_what_a_mask_keeps(sampler: str, parts: Checkpoint, context: Desk) -> None:
    mask = torch.zeros(1, 32, 48)
    mask[:, 8:, 16:] = 1
    start = replace(latent(2), noise_mask=mask)
    given = Sigmas(make_sigmas("karras", 3, parts.MODEL.sampling))
    whole = usual(parts.MODEL, context) | {"sampler_name": sampler, "seed": 5, "steps": 3, "scheduler": "karras"}
    made = chain(parts.MODEL, context, given, start, sampler, original=start)
    assert close(made, call(k_sampler, **whole, latent_image=start))
    kept = mask[:, 4::8, 4::8] == 0
    assert torch.equal(made.samples[:, :, kept[0]], start.samples[:, :, kept[0]])


def test_a_sampler_that_remembers_says_so_from_the_second_step_on(parts: Checkpoint, context: Desk) -> None:
    values = usual(parts.MODEL, context) | {"sigmas": sigmas(), "latent_image": latent()}
    said = [call(sampler_step, **values, sampler_name="dpmpp_2m", step=step).ui for step in (0, 1)]
    assert said[0] == {}
    assert "began anew" in said[1]["text"][0]
    assert call(sampler_step, **values, sampler_name="heun", step=1).ui == {}


def test_the_clean_latent_of_a_step_leads_to_the_next(parts: Checkpoint, context: Desk) -> None:
    values = usual(parts.MODEL, context) | {"sigmas": sigmas(), "latent_image": latent(), "step": 1}
    done = call(sampler_step, **values)
    start, (_, high, low, _) = latent().samples, sigmas().tolist()
    assert torch.allclose(done.latent.samples, start + (start - done.clean.samples) * (low - high) / high, atol=1e-4)


def asked(model: Model, context: Desk, **changes: Any) -> Predicted:
    values = usual(model, context) | {"latent_image": latent(), "sigmas": levels(model), "step": 1} | changes
    made: Predicted = call(predict_noise, **values)
    return made


def test_guidance_is_what_the_two_prompts_differ_in(model: Model, context: Desk) -> None:
    """Each prompt asked alone; cfg goes from the negative's noise three times as far as the positive's."""
    alone = [asked(model, context, cfg=1.0, positive=prompt(i)).noise.samples for i in (1, 2)]
    both = asked(model, context)
    assert torch.allclose(both.guidance.samples, alone[0] - alone[1], atol=1e-4)
    assert torch.allclose(both.noise.samples, alone[1] + 3 * (alone[0] - alone[1]), atol=1e-4)


def test_cfg_1_is_the_positive_and_still_shows_guidance(parts: Checkpoint, context: Desk) -> None:
    one, other = (asked(parts.MODEL, context, cfg=1.0, negative=prompt(i)) for i in (2, 3))
    assert torch.equal(one.noise.samples, other.noise.samples)
    assert not torch.equal(one.guidance.samples, other.guidance.samples)


def test_the_prediction_is_that_of_the_sampler(parts: Checkpoint, context: Desk) -> None:
    whole = trace(parts, context)
    first = Latent(whole.steps[1].x / parts.MODEL.latent.factor)
    given = Sigmas(torch.tensor(whole.sigmas))
    found = asked(parts.MODEL, context, latent_image=first, sigmas=given)
    clean = whole.steps[1].clean / parts.MODEL.latent.factor
    assert close(found.clean, Latent(clean))


def test_a_mask_does_not_bound_what_the_model_is_asked(parts: Checkpoint, context: Desk) -> None:
    masked = replace(latent(), noise_mask=torch.zeros(1, 4, 6))
    found = asked(parts.MODEL, context, latent_image=masked)
    assert torch.equal(found.noise.samples, asked(parts.MODEL, context).noise.samples)
    assert found.noise.noise_mask is None


@pytest.mark.parametrize("step", [0, 1, 3])
def test_true_noise_taken_away_leaves_the_latent(step: int, model: Model) -> None:
    """At flow's first level nothing is left of the latent: there the noise alone is to be seen."""
    made = noised(model, levels(model), step)
    back = clean_from_noise(noisy=made.latent, noise=made.noise, sigmas=levels(model), step=step, model=model)
    if model.sampling.prediction != "flow" or step:
        assert torch.allclose(back.samples, latent(2).samples, atol=1e-3)
    predicted_too = clean_from_noise(noisy=made.latent, noise=made.noise, sigmas=levels(model), step=step)
    same = model.sampling.prediction != "flow"
    assert torch.allclose(predicted_too.samples, back.samples, atol=1e-4) is same


def test_predicted_noise_taken_away_is_the_clean_latent(model: Model, context: Desk) -> None:
    found = asked(model, context)
    back = clean_from_noise(noisy=latent(), noise=found.noise, sigmas=levels(model), step=1, model=model)
    assert close(back, found.clean, 1e-4)


def picture() -> Image:
    return Image(torch.rand(2, 40, 48, 3, generator=torch.Generator().manual_seed(1)) * 0.2 + 0.4)


def test_pixels_are_noised_between_minus_1_and_1() -> None:
    assert torch.allclose(add_noise_to_image(image=picture(), sigma=0.0), picture(), atol=1e-6)
    added = (add_noise_to_image(image=picture(), noise_seed=3, sigma=0.05) - picture()) * 2
    assert float(added.std()) == pytest.approx(0.05, rel=0.05)
    strong = add_noise_to_image(image=picture(), noise_seed=3, sigma=30.0)
    assert (float(strong.min()), float(strong.max())) == (0, 1)
    assert not torch.equal(strong, add_noise_to_image(image=picture(), noise_seed=4, sigma=30.0))


def test_rescaled_noise_has_unit_deviation() -> None:
    cut, whole = (add_noise_to_image(image=picture(), sigma=30.0, rescale=on) for on in (False, True))
    assert float(((cut == 0) | (cut == 1)).float().mean()) > 0.9
    inside = (whole > 0) & (whole < 1)
    share = math.erf(1 / math.sqrt(2))
    assert float(inside.float().mean()) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("batch", [1, 2])
def test_a_measurement_asks_once_more_than_it_counts(batch: int, parts: Checkpoint, context: Desk) -> None:
    before = context.loop.stats
    values = {"model": parts.MODEL, "positive": prompt(1), "latent_image": latent(batch), "repeats": 2}
    text, seconds, size, ui = call(measure_step, **values, context=context)
    assert context.loop.stats.rows - before.rows == 3 * batch
    assert seconds > 0
    assert size == batch * measured(parts, context)
    assert ui == {"text": [text]}
    assert f"{batch}×4×4×6: {batch * 96:,} numbers, for 48×32 pixels" in text


def test_only_the_network_is_timed(parts: Checkpoint, context: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands still but within the network, where the first of three answers takes 50, the others 2, 4."""
    now, rest = [0.0], iter((50.0, 2.0, 4.0))
    forward = Denoiser.__call__

    def slow(self: Any, *args: Any, **more: Any) -> Any:
        now[0] += next(rest)
        return forward(self, *args, **more)

    monkeypatch.setattr(Denoiser, "__call__", slow)
    monkeypatch.setattr(measure, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    values = {"model": parts.MODEL, "positive": prompt(1), "latent_image": latent(), "repeats": 2}
    assert call(measure_step, **values, context=context).seconds == 3.0


def measured(parts: Checkpoint, context: Desk) -> int:
    with context.lease(parts.MODEL.handle) as (denoiser,):
        size: int = denoiser.row_bytes((4, 4, 6))
    return size


BAD: Mapping[str, tuple[dict[str, Any], str]] = {
    "a step behind the last": ({"step": 3}, "sampler steps 0 to 2, and 3 was asked for"),
    "no levels": ({"sigmas": Sigmas(torch.empty(0))}, "no noise levels"),
    "one level": ({"sigmas": Sigmas(torch.tensor([3.0]))}, "one noise level alone"),
    "a mask": ({"latent_image": Latent(latent().samples, torch.ones(1, 4, 6))}, "link the clean latent to original"),
    "another size": (
        {"latent_image": Latent(latent().samples, torch.ones(1, 4, 6)), "original": latent(2)},
        "original is 2×4×4×6 and latent_image 1×4×4×6",
    ),
    "other latents": ({"latent_image": Latent(torch.zeros(1, 16, 4, 4))}, "16 channels and the model takes 4"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_step_that_cannot_be_taken_is_said_in_a_sentence(case: str, parts: Checkpoint, context: Desk) -> None:
    changes, sentence = BAD[case]
    values = usual(parts.MODEL, context) | {"sigmas": sigmas(), "latent_image": latent()} | changes
    with pytest.raises(ValueError, match=sentence):
        call(sampler_step, **values)


def test_levels_that_are_not_there_are_said(parts: Checkpoint, context: Desk) -> None:
    with pytest.raises(ValueError, match="4 noise levels, 0 to 3, and 4 was asked for"):
        noised(parts.MODEL, sigmas(), 4)
    with pytest.raises(ValueError, match="level 3 is 0, the end of the schedule"):
        asked(parts.MODEL, context, sigmas=sigmas(), step=3)
    with pytest.raises(ValueError, match="no noise levels"):
        asked(parts.MODEL, context, sigmas=Sigmas(torch.empty(0)))
    with pytest.raises(ValueError, match="0 to 3, and 9 was asked for"):
        clean_from_noise(noisy=latent(), noise=latent(), sigmas=sigmas(), step=9)
    with pytest.raises(ValueError, match="1×4×4×6 and the noise 2×4×4×6"):
        clean_from_noise(noisy=latent(), noise=latent(2), sigmas=sigmas())
    empty: Conditioning = Conditioning(())
    assert torch.isfinite(asked(parts.MODEL, context, positive=empty).noise.samples).all()
