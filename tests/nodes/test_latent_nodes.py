"""Latents laid onto each other, added, cut, turned and batched: identities, and masks that go along."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diffusion.noise import initial_noise
from engine.diffusion.types import Latent, Mask
from nodes import latent_batch as batch
from nodes import latent_mix as mix
from nodes import latent_shape as shape
from nodes.latent import latent_upscale
from tests.nodes.picture_examples import latent, mask, noise

SIDES = st.integers(1, 10)
PLACES = st.integers(0, 100)


def plain(*size: int, seed: int = 0) -> Latent:
    return Latent(noise(*size, seed=seed))


@settings(max_examples=40)
@given(SIDES, SIDES, SIDES, SIDES, PLACES, PLACES, st.integers(0, 40))
def test_a_composite_fades_from_edges_inside_the_picture(
    w1: int, h1: int, w2: int, h2: int, x: int, y: int, feather: int
) -> None:
    below, above = plain(2, 4, h1, w1), plain(1, 4, h2, w2, seed=1)
    made = mix.latent_composite(samples_to=below, samples_from=above, x=x, y=y, feather=feather).samples
    left, top, reach = x // 8, y // 8, feather // 8
    tall, wide = min(h2, h1 - top), min(w2, w1 - left)
    for i, j in itertools.product(range(h1), range(w1)):
        law = below.samples[:, :, i, j]
        if 0 <= i - top < tall and 0 <= j - left < wide:
            share = 1.0
            for there, place in (
                (top > 0, i - top),
                (top + tall < h1, top + tall - 1 - i),
                (left > 0, j - left),
                (left + wide < w1, left + wide - 1 - j),
            ):
                share *= min((place + 1) / reach, 1) if there and reach else 1
            law = share * above.samples[:, :, i - top, j - left] + (1 - share) * law
        torch.testing.assert_close(made[:, :, i, j], law, atol=1e-5, rtol=1e-5)


def test_a_masked_composite_is_the_source_where_the_mask_is_white() -> None:
    below, above = plain(2, 4, 6, 8), plain(2, 4, 6, 8, seed=1)
    white = torch.zeros(1, 48, 64)
    white[..., 32:] = 1
    made = mix.latent_composite_masked(destination=below, source=above, mask=Mask(white)).samples
    assert torch.equal(made[..., :4], below.samples[..., :4])
    assert torch.equal(made[..., 4:], above.samples[..., 4:])
    moved = mix.latent_composite_masked(destination=below, source=above, x=16, y=8).samples
    assert torch.equal(moved[..., 1:, 2:], above.samples[..., :5, :6])
    small = mix.latent_composite_masked(destination=below, source=plain(1, 4, 3, 4), resize_source=True).samples
    assert small.shape == below.samples.shape
    assert not torch.equal(small, below.samples)


def test_sums_and_differences_undo_each_other() -> None:
    a, b = plain(2, 4, 5, 6), plain(2, 4, 5, 6, seed=1)
    there = mix.latent_add(samples1=a, samples2=b)
    torch.testing.assert_close(mix.latent_subtract(samples1=there, samples2=b).samples, a.samples)
    twice = mix.latent_multiply(samples=mix.latent_multiply(samples=a, multiplier=-4.0), multiplier=-0.25)
    assert torch.equal(twice.samples, a.samples)
    assert torch.equal(
        mix.latent_add(samples1=a, samples2=mix.latent_multiply(samples=a, multiplier=-1)).samples, 0 * a.samples
    )


@settings(max_examples=30)
@given(st.floats(0, 1))
def test_blending_is_a_straight_line_and_interpolating_keeps_lengths(share: float) -> None:
    a, b = plain(1, 4, 5, 6), plain(1, 4, 5, 6, seed=1)
    line = mix.latent_blend(samples1=a, samples2=b, blend_factor=share).samples
    torch.testing.assert_close(line, share * a.samples + (1 - share) * b.samples)
    bent = mix.latent_interpolate(samples1=a, samples2=b, ratio=share).samples
    lengths = share * a.samples.norm(dim=1) + (1 - share) * b.samples.norm(dim=1)
    torch.testing.assert_close(bent.norm(dim=1), lengths)


def test_ends_of_blends_are_the_latents() -> None:
    a, b = plain(1, 4, 5, 6), plain(1, 4, 5, 6, seed=1)
    for fn, name in ((mix.latent_blend, "blend_factor"), (mix.latent_interpolate, "ratio")):
        for share, end in ((1.0, a), (0.0, b)):
            torch.testing.assert_close(fn(samples1=a, samples2=b, **{name: share}).samples, end.samples)
    zero = Latent(torch.zeros(1, 4, 2, 2))
    assert not mix.latent_interpolate(samples1=zero, samples2=zero, ratio=0.5).samples.any()


@pytest.mark.parametrize(
    "fn", [mix.latent_add, mix.latent_subtract, mix.latent_blend, mix.latent_interpolate, batch.latent_batch]
)
def test_other_sizes_are_fitted_and_other_families_refused(fn: Any) -> None:
    a = plain(2, 4, 5, 6)
    for other in (plain(1, 4, 9, 3), plain(3, 4, 1, 1)):
        assert fn(samples1=a, samples2=other).samples.shape[1:] == a.samples.shape[1:]
    with pytest.raises(ValueError, match="have 4 and 16 channels; use latents of one family"):
        fn(samples1=a, samples2=plain(1, 16, 5, 6))


@settings(max_examples=40)
@given(SIDES, SIDES, PLACES, PLACES)
def test_a_crop_is_a_part_and_begins_8_cells_ahead_of_the_end(width: int, height: int, x: int, y: int) -> None:
    one = plain(1, 4, height * 2, width * 2)
    made = shape.latent_crop(samples=one, width=64, height=72, x=x, y=y).samples
    left, top = max(min(x // 8, width * 2 - 8), 0), max(min(y // 8, height * 2 - 8), 0)
    assert torch.equal(made, one.samples[..., top : top + 9, left : left + 8])


@pytest.mark.parametrize("size", [(48, 64), (6, 8), (5, 3)])
def test_a_mask_goes_along(size: tuple[int, int]) -> None:
    """Where a latent is turned, mirrored, cut or put beside another, its mask still covers the same cells."""
    one = Latent(noise(1, 4, 6, 8), noise_mask=mask(1, *size))
    cells = shape.cells(one)
    both = Latent(torch.cat([one.samples, cells], 1))
    for fn, values in (
        (shape.latent_flip, {"flip_method": "x-axis: vertically"}),
        (shape.latent_flip, {"flip_method": "y-axis: horizontally"}),
        (shape.latent_rotate, {"rotation": "90 degrees"}),
        (shape.latent_crop, {"width": 64, "height": 64, "x": 0, "y": 0}),
        (shape.latent_cut, {"dim": "x", "index": -3, "amount": 2}),
        (latent_upscale, {"width": 64, "height": 128, "crop": "center", "upscale_method": "bilinear"}),
    ):
        moved, law = fn(samples=one, **values), fn(samples=both, **values).samples
        assert torch.equal(moved.samples, law[:, :4])
        torch.testing.assert_close(shape.cells(moved), law[:, 4:])
    beside = shape.latent_concat(samples1=one, samples2=plain(1, 4, 6, 3), dim="-x")
    torch.testing.assert_close(shape.cells(beside)[..., 3:], cells)
    assert (shape.cells(beside)[..., :3] == 1).all()


@settings(max_examples=40)
@given(SIDES, SIDES, st.sampled_from(["x", "y"]), st.booleans(), st.integers(1, 9))
def test_what_is_put_side_by_side_comes_apart(width: int, height: int, dim: str, before: bool, more: int) -> None:
    one = plain(2, 4, height, width)
    other = plain(1, 4, *((height, more) if dim == "x" else (more, width)), seed=1)
    both = shape.latent_concat(samples1=one, samples2=other, dim="-" + dim if before else dim)
    length = width if dim == "x" else height
    index = more if before else 0
    assert torch.equal(shape.latent_cut(samples=both, dim=dim, index=index, amount=length).samples, one.samples)
    again = shape.latent_cut(samples=both, dim=dim, index=-length if before else -(length + more), amount=length)
    assert torch.equal(again.samples, one.samples)


def test_what_does_not_fit_is_told() -> None:
    with pytest.raises(ValueError, match="48 pixels high and the second 40; make both as high"):
        shape.latent_concat(samples1=plain(1, 4, 6, 8), samples2=plain(1, 4, 5, 8), dim="x")
    with pytest.raises(ValueError, match="only films have time"):
        shape.latent_cut(samples=plain(1, 4, 6, 8), dim="t")


def test_turning_round_is_nothing() -> None:
    one = latent()
    for flip in ("x-axis: vertically", "y-axis: horizontally"):
        twice = shape.latent_flip(samples=shape.latent_flip(samples=one, flip_method=flip), flip_method=flip)
        assert torch.equal(twice.samples, one.samples)
    quarter = shape.latent_rotate(samples=one, rotation="90 degrees")
    assert torch.equal(shape.latent_rotate(samples=quarter, rotation="270 degrees").samples, one.samples)
    assert torch.equal(quarter.samples[0, :, 0, -1], one.samples[0, :, 0, 0])


def drawn(one: Latent, seed: int = 3) -> torch.Tensor:
    return initial_noise(one.samples.shape, seed, one.batch_index)


def test_a_latent_taken_out_keeps_its_noise() -> None:
    four = Latent(noise(4, 4, 2, 2), batch_index=(0, 1, 2, 3))
    taken = batch.latent_from_batch(samples=four, batch_index=2, length=5)
    assert taken.batch_index == (2, 3)
    assert torch.equal(taken.samples, four.samples[2:])
    assert torch.equal(drawn(taken), drawn(four)[2:])
    last = batch.latent_from_batch(samples=taken, batch_index=60)
    assert torch.equal(drawn(last), drawn(four)[3:])


def test_repeats_have_noise_of_their_own_and_fixed_seeds_do_not() -> None:
    two = Latent(noise(2, 4, 2, 2), batch_index=(4, 6))
    twice = batch.repeat_latent_batch(samples=two, amount=2)
    assert twice.batch_index == (4, 6, 7, 9)
    assert torch.equal(twice.samples, torch.cat([two.samples, two.samples]))
    fixed = batch.latent_batch_seed_behavior(samples=twice, seed_behavior="fixed")
    assert torch.equal(drawn(fixed)[3], drawn(fixed)[0])
    assert batch.latent_batch_seed_behavior(samples=fixed, seed_behavior="random").batch_index is None


def test_batches_join_with_their_noise_and_masks() -> None:
    masked = Latent(noise(1, 4, 2, 2), noise_mask=torch.zeros(1, 16, 16))
    both = batch.latent_batch(samples1=plain(2, 4, 2, 2), samples2=masked)
    assert both.batch_index == (0, 1, 0)
    assert shape.cells(both)[:, 0, 0, 0].tolist() == [1, 1, 0]
    assert batch.latent_batch(samples1=plain(1, 4, 2, 2), samples2=plain(1, 4, 3, 3)).noise_mask is None


def test_masks_of_a_batch_are_taken_with_it() -> None:
    one = Latent(noise(3, 4, 2, 2), noise_mask=torch.arange(2.0)[:, None, None].expand(2, 2, 2))
    assert shape.cells(batch.latent_from_batch(samples=one, batch_index=1, length=2))[:, 0, 0, 0].tolist() == [1, 0]
    twice = batch.repeat_latent_batch(samples=one, amount=2)
    assert shape.cells(twice)[:, 0, 0, 0].tolist() == [0, 1, 0, 0, 1, 0]


def test_batches_of_another_size() -> None:
    parts = batch.rebatch_latents(
        latents=[plain(3, 4, 2, 2), plain(2, 4, 2, 2, seed=1), plain(1, 4, 5, 5)], batch_size=4
    )
    assert [len(part.samples) for part in parts] == [4, 1, 1]
    assert [part.batch_index for part in parts] == [(0, 1, 2, 0), (1,), (0,)]
    assert torch.equal(parts[0].samples[3:], plain(2, 4, 2, 2, seed=1).samples[:1])
