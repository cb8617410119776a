"""Inpainting and outpainting: what is kept, what is made anew, what the network is shown of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diffusion.types import Cond, Conditioning, Image, Latent, Mask
from engine.models.handle import Model, Vae
from nodes import inpaint, sampling
from nodes.loaders import Checkpoint
from nodes.vae import vae_encode
from tests.nodes.desk import Desk, call
from tests.nodes.picture_examples import noise, picture


@pytest.fixture
def run(context: Desk, parts: Checkpoint) -> Any:
    """KSampler on the tiny model from a latent, with its usual inputs changed."""

    def sample(start: Latent, node: Any = sampling.k_sampler, **changes: Any) -> torch.Tensor:
        cond = Conditioning((Cond(noise(1, 77, 64)),))
        usual = {"model": parts.MODEL, "steps": 4, "cfg": 1.0, "positive": cond, "negative": cond, "context": context}
        made: Latent = call(node, latent_image=start, **usual | changes)
        return made.samples

    return sample


def start(batch: int = 1) -> torch.Tensor:
    return noise(batch, 4, 6, 8, seed=3) * 5


@pytest.mark.parametrize(
    "sampler", ["euler", "euler_ancestral", "heun", "dpmpp_2m", "dpmpp_sde", "ddim", "lms", "uni_pc"]
)
def test_outside_the_mask_the_latent_is_kept_to_the_bit(run: Any, sampler: str) -> None:
    mask = torch.zeros(1, 48, 64)
    mask[:, 8:40, 24:] = 1
    latent = inpaint.set_latent_noise_mask(samples=Latent(start()), mask=Mask(mask))
    made = run(latent, sampler_name=sampler, scheduler="karras")
    changed = torch.zeros(6, 8, dtype=torch.bool)
    changed[1:5, 3:] = True
    assert torch.equal(made[..., ~changed], latent.samples[..., ~changed])
    assert (made[..., changed] - latent.samples[..., changed]).abs().min() > 0


def test_an_empty_mask_keeps_all_and_a_full_one_nothing(run: Any) -> None:
    latent = start()
    assert torch.equal(run(Latent(latent, noise_mask=torch.zeros(1, 6, 8))), latent)
    full, none = run(Latent(latent, noise_mask=torch.ones(1, 6, 8))), run(Latent(latent))
    torch.testing.assert_close(full, none, rtol=1e-4, atol=1e-3)


def test_half_masks_interpolate(run: Any) -> None:
    """In one step from the top the blend is linear: x there is (1 - m) kept + m x, and kept is x, so the denoiser sees
    the same for every m, and its answer is mixed by m."""
    latent = start()
    one_step = {"steps": 1, "scheduler": "karras", "denoise": 0.5}
    old, new = latent, run(Latent(latent, noise_mask=torch.ones(1, 6, 8)), **one_step)
    for share in (0.25, 0.5, 0.9):
        mixed = run(Latent(latent, noise_mask=torch.full((1, 6, 8), share)), **one_step)
        torch.testing.assert_close(mixed, old + share * (new - old), rtol=1e-4, atol=1e-3)


def test_a_soft_edge_changes_more_the_whiter_it_is(run: Any) -> None:
    latent, ramp = start(), torch.linspace(0, 1, 8).expand(1, 6, 8)
    made = run(Latent(latent, noise_mask=ramp), steps=8)
    moved = (made - latent).abs().mean((0, 1, 2))
    assert moved[0] == 0
    assert moved[1] < moved[4] < moved[7]


def test_every_latent_of_a_batch_has_its_mask(run: Any) -> None:
    masks = torch.zeros(2, 6, 8)
    masks[0, :, :4] = 1
    masks[1, :, 4:] = 1
    latent = start(2)
    made = run(Latent(latent, noise_mask=masks))
    assert torch.equal(made[0, ..., 4:], latent[0, ..., 4:])
    assert torch.equal(made[1, ..., :4], latent[1, ..., :4])
    assert not torch.equal(made[0, ..., :4], latent[0, ..., :4])


def test_leftover_noise_stays_outside_the_mask_too(run: Any) -> None:
    """A part of the steps ends in noise everywhere; what was kept is there again when the rest is done."""
    mask = torch.zeros(1, 6, 8)
    mask[..., 4:] = 1
    latent = Latent(start(), noise_mask=mask)
    advanced = {"node": sampling.k_sampler_advanced, "noise_seed": 5}
    half = run(latent, **advanced, end_at_step=2, return_with_leftover_noise="enable")
    assert not torch.equal(half[..., :4], latent.samples[..., :4])


def test_the_part_to_fill_in_is_grey_before_it_is_encoded(context: Desk, parts: Checkpoint) -> None:
    pixels, mask = picture(2, 24, 32), torch.zeros(1, 24, 32)
    mask[:, :, 16:] = 0.9
    made = inpaint.vae_encode_for_inpaint(
        pixels=pixels, vae=parts.VAE, mask=Mask(mask), grow_mask_by=0, context=context
    )
    grey = pixels.clone()
    grey[:, :, 16:] = 0.5
    assert torch.equal(made.samples, vae_encode(pixels=Image(grey), vae=parts.VAE, context=context).samples)
    assert made.noise_mask is not None
    assert torch.equal(made.noise_mask, mask.round().expand(2, -1, -1))


@pytest.mark.parametrize("by", [1, 2, 5, 6, 64])
def test_the_noise_mask_reaches_further(context: Desk, parts: Checkpoint, by: int) -> None:
    """A window of `by` pixels, the longer half ahead: as a box filter of ones finds any white."""
    mask = torch.zeros(1, 40, 40)
    mask[0, 20, 20] = 1
    made = inpaint.vae_encode_for_inpaint(
        pixels=picture(1, 40, 40), vae=parts.VAE, mask=Mask(mask), grow_mask_by=by, context=context
    )
    assert made.noise_mask is not None
    pad = math.ceil((by - 1) / 2)
    box = torch.nn.functional.conv2d(mask[None], torch.ones(1, 1, by, by), padding=pad).clamp(0, 1)[0, :, :40, :40]
    assert torch.equal(made.noise_mask, box)


@pytest.mark.parametrize(("height", "width"), [(24, 32), (27, 37), (9, 17)])
def test_an_inpainting_model_is_shown_the_mask_and_the_rest_of_the_picture(
    context: Desk, parts: Checkpoint, height: int, width: int
) -> None:
    pixels = picture(1, height, width)
    mask = torch.zeros(1, height, width)
    mask[:, : height // 2] = 0.8
    positive, negative = Conditioning((Cond(noise(1, 77, 64)), Cond(noise(1, 77, 64)))), Conditioning(())
    made = inpaint.inpaint_model_conditioning(
        positive=positive, negative=negative, vae=parts.VAE, pixels=pixels, mask=Mask(mask), context=context
    )
    concat = made.positive[0].concat
    assert concat is not None
    assert made.positive[1].concat is concat
    tall, wide = height // 8, width // 8
    assert concat.shape == (1, 5, tall, wide)
    assert set(concat[:, 0].flatten().tolist()) <= {0.0, 1.0}
    assert made.latent.samples.shape == (1, 4, tall, wide)
    assert torch.equal(made.latent.samples, vae_encode(pixels=pixels, vae=parts.VAE, context=context).samples)
    top, left = (height - tall * 8) // 2, (width - wide * 8) // 2
    assert made.latent.noise_mask is not None
    assert torch.equal(made.latent.noise_mask, mask[:, top : top + tall * 8, left : left + wide * 8])
    wiped = inpaint.vae_encode_for_inpaint(pixels=pixels, vae=parts.VAE, mask=Mask(mask), context=context).samples
    torch.testing.assert_close(concat[:, 1:], wiped * parts.VAE.latent.factor)


def test_without_a_noise_mask_the_model_may_change_all(context: Desk, parts: Checkpoint) -> None:
    usual: dict[str, Any] = {"positive": (), "negative": (), "vae": parts.VAE, "pixels": picture(), "context": context}
    mask = Mask(torch.ones(1, 24, 16))
    assert inpaint.inpaint_model_conditioning(mask=mask, noise_mask=False, **usual).latent.noise_mask is None


def test_a_plain_model_leaves_what_was_joined_alone(run: Any, context: Desk, parts: Checkpoint) -> None:
    cond = Conditioning((Cond(noise(1, 77, 64)),))
    mask = torch.zeros(1, 48, 64)
    mask[..., 32:] = 1
    made = inpaint.inpaint_model_conditioning(
        positive=cond, negative=cond, vae=parts.VAE, pixels=picture(1, 48, 64), mask=Mask(mask), context=context
    )
    seen, unseen = run(made.latent, positive=made.positive), run(made.latent, positive=cond)
    assert torch.equal(seen, unseen)
    assert torch.equal(seen[..., :4], made.latent.samples[..., :4])


@pytest.mark.parametrize(("pictures", "masks", "made"), [(1, 3, 3), (3, 1, 3), (3, 2, 3), (2, 2, 2)])
def test_batches_of_different_length_repeat(
    context: Desk, parts: Checkpoint, pictures: int, masks: int, made: int
) -> None:
    pixels, mask = picture(pictures), Mask((noise(masks, 5, 7) > 0).float())
    latent = inpaint.vae_encode_for_inpaint(pixels=pixels, vae=parts.VAE, mask=mask, context=context)
    assert len(latent.samples) == made
    assert latent.noise_mask is not None
    assert latent.noise_mask.shape == (made, 24, 16)


def test_a_picture_of_one_pixel_is_refused_in_a_sentence(context: Desk, parts: Checkpoint) -> None:
    one = Image(torch.zeros(1, 1, 1, 3))
    with pytest.raises(ValueError, match="1×1 is too small: each side needs 8 pixels"):
        inpaint.vae_encode_for_inpaint(pixels=one, vae=parts.VAE, mask=Mask(torch.ones(1, 1, 1)), context=context)


@settings(max_examples=30)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.tuples(*[st.sampled_from([0, 8, 24])] * 4),
    st.sampled_from([0, 1, 4, 40]),
)
def test_outpainting_puts_the_picture_into_grey_room(
    height: int, width: int, room: tuple[int, int, int, int], feathering: int
) -> None:
    left, top, right, bottom = room
    image = picture(2, height, width)
    made = inpaint.image_pad_for_outpaint(
        image=image, left=left, top=top, right=right, bottom=bottom, feathering=feathering
    )
    inside = (slice(top, top + height), slice(left, left + width))
    assert torch.equal(made.IMAGE[:, *inside], image)
    assert made.MASK.shape == (1, top + height + bottom, left + width + right)
    outside = torch.ones(made.MASK.shape[1:], dtype=torch.bool)
    outside[inside] = False
    assert (made.IMAGE[:, outside] == 0.5).all()
    assert (made.MASK[:, outside] == 1).all()
    for i in range(height):
        for j in range(0, width, 3):
            assert float(made.MASK[0, top + i, left + j]) == pytest.approx(
                seam_at(i, j, height, width, room, feathering), abs=1e-6
            )


def seam_at(i: int, j: int, height: int, width: int, room: tuple[int, int, int, int], reach: int) -> float:
    """The seam's law written out for one pixel."""
    left, top, right, bottom = room
    if not reach or 2 * reach >= min(height, width):
        return 0.0
    edges = [(top, i), (bottom, height - i), (left, j), (right, width - j)]
    nearest = min([distance for there, distance in edges if there], default=reach)
    return max(0.0, (reach - nearest) / reach) ** 2


def test_conditionings_for_nine_channels_reach_the_network(parts: Checkpoint) -> None:
    """`place` hands the joined channels on for a model that wants five more, and drops them for one that wants none."""
    from engine.diffusion.predict import place
    from engine.diffusion.trajectory import sigma_table
    from engine.diffusion.types import ModelSampling, Wants

    model, vae = parts.MODEL, parts.VAE
    assert isinstance(model, Model)
    assert isinstance(vae, Vae)
    cond = Cond(noise(1, 77, 64), concat=noise(1, 5, 6, 8))
    table = sigma_table(ModelSampling())
    nine = place(cond, start(2), table, Wants(concat=5))
    assert nine.concat is not None
    assert nine.concat.shape == (2, 5, 6, 8)
    assert place(cond, start(2), table, Wants()).concat is None
    with pytest.raises(ValueError, match="brings 5 more channels, and this model takes 1"):
        place(cond, start(2), table, Wants(concat=1))
