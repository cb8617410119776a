"""Sizes of pictures: what comes out is as large as was said before, and turning round is turning back."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import nodes
from engine.diffusion.types import Image, Latent, Mask
from engine.graph.facts import Known
from nodes import image_batch as batch
from nodes import image_size as size
from nodes.image import image_scale
from nodes.inpaint import image_pad_for_outpaint
from nodes.latent import latent_upscale, latent_upscale_by
from nodes.latent_batch import latent_batch, latent_from_batch, repeat_latent_batch
from nodes.latent_shape import latent_concat, latent_crop, latent_rotate
from nodes.mask import crop_mask
from nodes.planes import STRIP
from nodes.resize import IMAGE_METHODS
from tests.nodes.picture_examples import latent, mask, noise, picture

SIDES = st.integers(1, 40)


def facts_of(value: Any) -> dict[str, int]:
    """What the facts of a picture, a mask or latents should say."""
    if isinstance(value, Latent):
        count, channels, height, width = value.samples.shape
        return {"width": width * 8, "height": height * 8, "batch": count, "channels": channels}
    return {"width": value.shape[2], "height": value.shape[1], "batch": value.shape[0]}


def told(fn: Any, **values: Any) -> list[dict[str, Any]]:
    """What a node's facts say when its values are linked to outputs of known size."""
    known = Known(
        {name: value for name, value in values.items() if not isinstance(value, torch.Tensor | Latent)},
        {name: facts_of(value) for name, value in values.items() if isinstance(value, torch.Tensor | Latent)},
        None,
    )
    return [{k: v for k, v in facts.items() if k != "bytes"} for facts in fn.__node__.facts(known)]


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "by": (size.image_scale_by, {"image": picture(), "scale_by": 1.37}),
    "total": (size.image_scale_to_total_pixels, {"image": picture(), "megapixels": 0.02}),
    "longest": (size.image_scale_to_max_dimension, {"image": picture(), "largest_size": 31}),
    "keep": (size.image_scale_to_max_dimension, {"image": picture(), "largest_size": 0}),
    "crop": (size.image_crop, {"image": picture(), "x": 5, "y": 9, "width": 100, "height": 4}),
    "crop outside": (size.image_crop, {"image": picture(), "x": 500, "y": 900, "width": 100, "height": 4}),
    "crop mask": (crop_mask, {"mask": mask(), "x": 5, "y": 9, "width": 100, "height": 4}),
    "pad": (size.resize_and_pad_image, {"image": picture(), "target_width": 9, "target_height": 50}),
    "turn": (size.image_rotate, {"image": picture(), "rotation": "270 degrees"}),
    "flip": (size.image_flip, {"image": picture()}),
    "empty": (batch.empty_image, {"width": 3, "height": 4, "batch_size": 2, "color": 0}),
    "some": (batch.image_from_batch, {"image": picture(3), "batch_index": 1, "length": 9}),
    "repeat": (batch.repeat_image_batch, {"image": picture(3), "amount": 2}),
    "stitch": (
        batch.image_stitch,
        {
            "image1": picture(),
            "image2": picture(3, 50, 9),
            "direction": "left",
            "match_image_size": True,
            "spacing_width": 3,
        },
    ),
    "stitch down": (
        batch.image_stitch,
        {
            "image1": picture(),
            "image2": picture(1, 50, 9),
            "direction": "down",
            "match_image_size": False,
            "spacing_width": 0,
        },
    ),
    "outpaint": (image_pad_for_outpaint, {"image": picture(), "left": 8, "top": 16, "right": 0, "bottom": 24}),
    "scale": (image_scale, {"image": picture(), "width": 9, "height": 77}),
    "scale by one side": (image_scale, {"image": picture(), "width": 0, "height": 77}),
    "scale by none": (image_scale, {"image": picture(), "width": 0, "height": 0}),
    "upscale": (latent_upscale, {"samples": latent(), "width": 96, "height": 16}),
    "upscale by one side": (latent_upscale, {"samples": latent(), "width": 0, "height": 333}),
    "upscale by": (latent_upscale_by, {"samples": latent(), "scale_by": 1.3}),
    "latent crop": (latent_crop, {"samples": latent(), "x": 16, "y": 8, "width": 64, "height": 640}),
    "latent turn": (latent_rotate, {"samples": latent(), "rotation": "90 degrees"}),
    "latent beside": (latent_concat, {"samples1": latent(), "samples2": latent(), "dim": "-x"}),
    "latents": (latent_batch, {"samples1": latent(), "samples2": latent(3, 5, 5)}),
    "one latent": (latent_from_batch, {"samples": latent(), "batch_index": 1, "length": 1}),
    "latents twice": (repeat_latent_batch, {"samples": latent(), "amount": 3}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_size_is_known_before_the_run(case: str) -> None:
    fn, values = CASES[case]
    made = fn(**values)
    made = made if isinstance(made, tuple) else (made,)
    assert told(fn, **values) == [facts_of(value) for value in made]


@pytest.mark.parametrize("name", sorted(nodes.registry()))
def test_facts_of_nothing_known_are_no_error(name: str) -> None:
    definition = nodes.registry()[name]
    if definition.facts is not None:
        assert len(definition.facts(Known({}, {}, None))) == len(definition.outputs)


@settings(max_examples=40)
@given(SIDES, SIDES, st.floats(0.01, 4))
def test_a_factor_is_a_factor(width: int, height: int, factor: float) -> None:
    made = size.image_scale_by(image=picture(1, height, width), scale_by=factor)
    assert made.shape[1:3] == (max(1, round(height * factor)), max(1, round(width * factor)))


@settings(max_examples=40)
@given(st.integers(1, 16384), st.integers(1, 16384), st.floats(0.01, 16))
def test_total_pixels_are_met(width: int, height: int, megapixels: float) -> None:
    wide, tall = size.to_pixels(width, height, megapixels)
    wanted = megapixels * 1024 * 1024
    if min(wide, tall) > 8:
        assert wide * tall == pytest.approx(wanted, rel=1 / min(wide, tall))
        assert wide / tall == pytest.approx(width / height, rel=1.1 / min(wide, tall))


@settings(max_examples=40)
@given(SIDES, SIDES, st.integers(1, 60))
def test_the_longer_side_is_met(width: int, height: int, longest: int) -> None:
    wide, tall = size.to_longest(width, height, longest)
    assert max(wide, tall) == longest
    assert (wide >= tall) == (width >= height) or wide == tall


@pytest.mark.parametrize("method", IMAGE_METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (7, 5)])
def test_any_shape_scales(method: str, shape: tuple[int, int]) -> None:
    made = size.image_scale_by(image=picture(1, *shape), upscale_method=method, scale_by=3.3)
    assert torch.isfinite(made).all()
    assert 0 <= made.min() <= made.max() <= 1


@settings(max_examples=40)
@given(SIDES, SIDES, st.integers(0, 50), st.integers(0, 50), SIDES, SIDES)
def test_a_crop_is_a_part_of_the_picture(width: int, height: int, x: int, y: int, wide: int, tall: int) -> None:
    image = picture(1, height, width)
    made = size.image_crop(image=image, width=wide, height=tall, x=x, y=y)
    assert made.numel()
    left, top = min(x, width - 1), min(y, height - 1)
    assert torch.equal(made, image[:, top : top + tall, left : left + wide])
    as_mask = crop_mask(mask=Mask(image[..., 0]), x=x, y=y, width=wide, height=tall)
    assert torch.equal(as_mask, made[..., 0])


@settings(max_examples=40)
@given(SIDES, SIDES)
def test_turns_and_mirrors_undo_themselves(width: int, height: int) -> None:
    image = picture(1, height, width)
    for flip in size.FLIPS:
        once = size.image_flip(image=image, flip_method=flip)
        assert torch.equal(size.image_flip(image=once, flip_method=flip), image)
    quarter = size.image_rotate(image=image, rotation="90 degrees")
    assert torch.equal(size.image_rotate(image=quarter, rotation="270 degrees"), image)
    assert torch.equal(
        size.image_rotate(image=quarter, rotation="90 degrees"), size.image_rotate(image=image, rotation="180 degrees")
    )
    assert torch.equal(quarter[0, 0, -1], image[0, 0, 0])  # clockwise: the first corner goes to the right


@pytest.mark.parametrize("colour", size.PADDING)
@pytest.mark.parametrize(("width", "height"), [(10, 30), (30, 10), (16, 24), (1, 1), (3, 300)])
def test_padding_keeps_proportions_and_fills_up(colour: str, width: int, height: int) -> None:
    image = Image(torch.full((1, 24, 16, 3), 0.25))
    made = size.resize_and_pad_image(image=image, target_width=width, target_height=height, padding_color=colour)
    assert made.shape == (1, height, width, 3)
    inside = ((made - 0.25).abs() < 1e-5).all(-1)[0]
    assert (made[0][~inside] == size.PADDING[colour]).all()
    factor = min(width / 16, height / 24)
    wide, tall = max(1, int(16 * factor)), max(1, int(24 * factor))
    assert int(inside.sum()) == wide * tall
    rows, columns = inside.any(1).nonzero(), inside.any(0).nonzero()
    assert (int(rows[0]), int(columns[0])) == ((height - tall) // 2, (width - wide) // 2)


def test_size_as_numbers() -> None:
    assert size.get_image_size(image=picture(2, 5, 7)) == (7, 5, 2)
    assert [facts["value"] for facts in size._sizes(Known({}, {"image": facts_of(picture(2, 5, 7))}, None))] == [
        7,
        5,
        2,
    ]


def test_one_colour() -> None:
    made = batch.empty_image(width=2, height=1, batch_size=3, color=0xFF8000)
    assert made.shape == (3, 1, 2, 3)
    torch.testing.assert_close(made[2, 0, 1], torch.tensor([1.0, 128 / 255, 0.0]))


def test_batches_come_apart_and_together() -> None:
    images = [picture(3), picture(2), picture(2, 5, 5)]
    made = batch.rebatch_images(images=images, batch_size=2)
    assert [len(part) for part in made] == [2, 2, 1, 2]
    assert torch.equal(torch.cat((made[0], made[1], made[2])), torch.cat((images[0], images[1])))
    twice = batch.repeat_image_batch(image=images[0], amount=2)
    assert torch.equal(batch.image_from_batch(image=twice, batch_index=3, length=3), images[0])
    assert torch.equal(batch.image_from_batch(image=twice, batch_index=77, length=3), images[0][2:])


@settings(max_examples=40)
@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from(batch.DIRECTIONS), st.booleans(), st.integers(0, 5))
def test_both_pictures_are_in_the_stitch(
    w1: int, h1: int, w2: int, h2: int, direction: str, match: bool, gap: int
) -> None:
    first, second = picture(1, h1, w1), picture(1, h2, w2, seed=1)
    made = batch.image_stitch(
        image1=first,
        image2=second,
        direction=direction,
        match_image_size=match,
        spacing_width=gap,
        spacing_color="blue",
    )
    height, width = made.shape[1:3]
    along, across = (width, height) if direction in ("left", "right") else (height, width)
    own = (w1, h1) if direction in ("left", "right") else (h1, w1)
    if match:
        assert across == own[1]
    else:
        assert across == max(h1, h2) if direction in ("left", "right") else max(w1, w2)
    top, left = (height - h1) // 2, (width - w1) // 2
    corner = {"right": (top, 0), "left": (top, width - w1), "down": (0, left), "up": (height - h1, left)}[direction]
    assert torch.equal(made[:, corner[0] : corner[0] + h1, corner[1] : corner[1] + w1], first)
    if gap:
        blue = (made == torch.tensor([0.0, 0.0, 1.0])).all(-1)[0]
        lines = blue.all(0) if direction in ("left", "right") else blue.all(1)
        assert int(lines.sum()) >= gap + gap % 2
    assert along > own[0]


def test_a_stitch_without_a_second_is_the_first() -> None:
    first = picture()
    assert batch.image_stitch(image1=first) is first
    longer = batch.image_stitch(image1=first, image2=picture(3, channels=4))
    assert longer.shape == (3, 24, 32, 4)
    assert torch.equal(longer[2, :, :16, :3], first[1])


def test_large_pictures_go_in_strips() -> None:
    """The same as in one piece; the picture is more than two strips high."""
    from nodes.planes import by_strips, filtered

    image = noise(1, 3 * STRIP // 2_000, 1_000, 2)
    assert torch.equal(by_strips(lambda x: x * 2, image), image * 2)
    moved = filtered(lambda part: part[2:, 1:-1], image, 1, 1, 0.0)
    assert torch.equal(moved[:, :-1], image[:, 1:])
    assert not moved[:, -1].any()
    assert math.prod(image.shape) > 2 * STRIP
