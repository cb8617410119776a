"""Samplers as nodes: identities that hold whatever the weights are."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.diffusion.schedules import make_sigmas
from engine.diffusion.types import Conditioning, Latent, Noise
from nodes import custom_sampling as custom
from nodes import sampling
from nodes.conditioning import conditioning_zero_out
from nodes.latent import empty_latent_image
from nodes.loaders import Checkpoint
from nodes.text import clip_text_encode
from tests.nodes.desk import Desk, call

STEPS = 6


@pytest.fixture(scope="module")
def prompts(shop: Desk, parts: Checkpoint) -> tuple[Conditioning, Conditioning]:
    one = clip_text_encode(text="a (red:1.3) fox", clip=parts.CLIP, context=shop)
    return one, clip_text_encode(text="", clip=parts.CLIP, context=shop)


@pytest.fixture(scope="module")
def picture() -> Latent:
    return Latent(torch.randn(1, 4, 4, 6, generator=torch.Generator().manual_seed(5)) * 4)


@pytest.fixture
def run(context: Desk, parts: Checkpoint, prompts: tuple[Conditioning, Conditioning]) -> Any:
    """KSampler or KSamplerAdvanced with the usual inputs, some of them changed."""

    def sample(node: Any = sampling.k_sampler, **changes: Any) -> torch.Tensor:
        usual = {
            "model": parts.MODEL,
            "steps": STEPS,
            "cfg": 4.0,
            "sampler_name": "euler",
            "scheduler": "normal",
            "positive": prompts[0],
            "negative": prompts[1],
            "latent_image": empty_latent_image(width=48, height=32),
            "context": context,
        }
        return call(node, **usual | changes).samples

    return sample


def test_progress_tells_every_sampler_step(run: Any, context: Desk) -> None:
    run()
    assert context.told == [(i, STEPS) for i in range(1, STEPS + 1)]


def test_denoise_0_returns_the_latent_itself(run: Any, picture: Latent) -> None:
    assert run(latent_image=picture, denoise=0.0) is picture.samples


def test_denoise_1_on_an_empty_latent_is_text_to_image(run: Any) -> None:
    empty = Latent(torch.zeros(1, 4, 4, 6))
    assert torch.equal(run(latent_image=empty, denoise=1.0, seed=3), run(seed=3))


def test_denoise_1_on_a_picture_keeps_its_trace(run: Any, picture: Latent) -> None:
    """The first x is noise plus the latent, as in ComfyUI and diffusers: not the same as from an empty one."""
    traced, bare = run(latent_image=picture, seed=3), run(seed=3)
    assert not torch.equal(traced, bare)


def test_a_lower_strength_stays_nearer_to_the_picture(run: Any, picture: Latent) -> None:
    def distance(strength: float) -> float:
        return float((run(latent_image=picture, denoise=strength) - picture.samples).norm())

    assert distance(0.2) < distance(0.6) < distance(1.0)


def test_the_seed_decides(run: Any) -> None:
    assert torch.equal(run(seed=1), run(seed=1))
    assert not torch.equal(run(seed=1), run(seed=2))
    assert torch.isfinite(run(seed=2**64 - 1)).all()


def test_a_batch_is_one_draw_and_batch_index_picks_from_it(run: Any) -> None:
    three = Latent(torch.zeros(3, 4, 4, 6), batch_index=(0, 1, 2))
    third = Latent(torch.zeros(1, 4, 4, 6), batch_index=(2,))
    assert torch.allclose(run(latent_image=third), run(latent_image=three)[2:], atol=1e-3)


@pytest.mark.parametrize("sampler", ["euler", "heun"])
def test_two_halves_are_one_whole(run: Any, sampler: str, picture: Latent) -> None:
    half = {"sampler_name": sampler, "noise_seed": 9, "scheduler": "karras", "latent_image": picture}
    whole = run(sampling.k_sampler_advanced, **half)
    first = run(sampling.k_sampler_advanced, **half, end_at_step=3, return_with_leftover_noise="enable")
    rest = half | {"latent_image": Latent(first), "add_noise": "disable"}
    second = run(sampling.k_sampler_advanced, **rest, start_at_step=3)
    assert torch.allclose(second, whole, rtol=1e-4, atol=1e-4 * float(whole.abs().max()))
    assert not torch.allclose(first, whole, rtol=1e-2)


def test_the_whole_of_the_advanced_one_is_the_plain_one(run: Any) -> None:
    assert torch.equal(run(sampling.k_sampler_advanced, noise_seed=4), run(seed=4))


def test_starting_behind_the_end_does_nothing(run: Any, picture: Latent) -> None:
    node = sampling.k_sampler_advanced
    assert run(node, latent_image=picture, start_at_step=STEPS) is picture.samples
    assert run(node, latent_image=picture, start_at_step=4, end_at_step=2) is picture.samples


def test_parts_of_a_schedule() -> None:
    sigmas = torch.tensor([8.0, 4.0, 2.0, 1.0, 0.0])
    assert sampling.part_of(sigmas, 0, 10000, leftover=False).tolist() == [8, 4, 2, 1, 0]
    assert sampling.part_of(sigmas, 0, 2, leftover=True).tolist() == [8, 4, 2]
    assert sampling.part_of(sigmas, 0, 2, leftover=False).tolist() == [8, 4, 0]
    assert sampling.part_of(sigmas, 2, 10000, leftover=False).tolist() == [2, 1, 0]
    assert sampling.part_of(sigmas, 4, 10000, leftover=False).tolist() == []
    assert sigmas.tolist() == [8, 4, 2, 1, 0]


def test_custom_sampling_is_the_plain_sampler_in_parts(
    run: Any, context: Desk, parts: Checkpoint, prompts: Any
) -> None:
    sigmas = custom.basic_scheduler(model=parts.MODEL, scheduler="normal", steps=STEPS)
    guider = custom.cfg_guider(model=parts.MODEL, positive=prompts[0], negative=prompts[1], cfg=4.0)
    latent = empty_latent_image(width=48, height=32)
    euler = custom.k_sampler_select(sampler_name="euler")
    out = call(
        sampling.sampler_custom_advanced,
        noise=custom.random_noise(noise_seed=4),
        guider=guider,
        sampler=euler,
        sigmas=sigmas,
        latent_image=latent,
        context=context,
    )
    plain = run(seed=4)
    assert torch.equal(out.output.samples, plain)
    assert torch.allclose(out.denoised_output.samples, plain, rtol=1e-3, atol=1e-3)
    other = run_custom(context, parts, prompts, noise_seed=4, sampler=euler, sigmas=sigmas, latent_image=latent)
    assert torch.equal(other.output.samples, plain)


@pytest.mark.parametrize("steps", [7, 13, 30])
def test_a_schedule_that_rounds_up_is_cut_to_the_steps_asked_for(parts: Checkpoint, steps: int) -> None:
    whole = make_sigmas("ddim_uniform", steps, parts.MODEL.sampling)
    assert len(whole) > steps + 1
    cut = custom.basic_scheduler(model=parts.MODEL, scheduler="ddim_uniform", steps=steps)
    assert cut.tolist() == whole[-(steps + 1) :].tolist()


def run_custom(context: Desk, parts: Checkpoint, prompts: Any, **values: Any) -> sampling.Sampled:
    positive, negative = prompts
    node = sampling.sampler_custom
    return call(node, model=parts.MODEL, positive=positive, negative=negative, cfg=4.0, context=context, **values)


def test_split_sigmas_are_two_samplers_in_a_row(
    context: Desk, parts: Checkpoint, prompts: Any, picture: Latent
) -> None:
    sigmas = custom.basic_scheduler(model=parts.MODEL, scheduler="karras", steps=STEPS)
    high, low = custom.split_sigmas(sigmas=sigmas, step=2)
    assert high.tolist() + low.tolist()[1:] == sigmas.tolist()
    usual = {"sampler": custom.k_sampler_select(), "noise_seed": 1}
    whole = run_custom(context, parts, prompts, sigmas=sigmas, latent_image=picture, **usual).output
    first = run_custom(context, parts, prompts, sigmas=high, latent_image=picture, **usual).output
    second = run_custom(context, parts, prompts, sigmas=low, latent_image=first, add_noise=False, **usual).output
    size = float(whole.samples.abs().max())
    assert torch.allclose(second.samples, whole.samples, rtol=1e-4, atol=1e-4 * size)


def test_no_noise_and_a_noise_of_nothing(context: Desk, parts: Checkpoint, prompts: Any, picture: Latent) -> None:
    assert custom.disable_noise() == Noise(None)
    guider = custom.basic_guider(model=parts.MODEL, conditioning=prompts[0])
    sigmas = custom.basic_scheduler(model=parts.MODEL, scheduler="simple", steps=3, denoise=0.5)
    usual = {"guider": guider, "sampler": custom.k_sampler_select(), "sigmas": sigmas, "context": context}
    advanced = sampling.sampler_custom_advanced
    noiseless = call(advanced, noise=custom.disable_noise(), latent_image=picture, **usual)
    noised = call(advanced, noise=custom.random_noise(noise_seed=0), latent_image=picture, **usual)
    assert not torch.equal(noiseless.output.samples, noised.output.samples)


def test_cfg_1_follows_the_positive_alone(run: Any, prompts: Any) -> None:
    other = conditioning_zero_out(conditioning=prompts[1])
    assert torch.equal(run(cfg=1.0), run(cfg=1.0, negative=other))
    assert not torch.equal(run(cfg=3.0), run(cfg=3.0, negative=other))


def test_latents_of_another_family_are_refused(run: Any) -> None:
    with pytest.raises(ValueError, match="16 channels and the model takes 4"):
        run(latent_image=Latent(torch.zeros(1, 16, 4, 4)))
