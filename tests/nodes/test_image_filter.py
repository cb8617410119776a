"""Filters and layers of pictures, against formulas written out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.diffusion.types import Image, Mask
from nodes import image_blend as layers
from nodes import image_filter as filters
from nodes import quantize
from nodes.compose import BLENDS, MODES
from nodes.quantize import DITHERS, bayer
from tests.nodes.picture_examples import mask, noise, picture

SIDES = st.integers(1, 12)


def mirrored(place: int, size: int) -> int:
    """A place beyond a line's ends, walked back inside mirror by mirror."""
    while not 0 <= place < size:
        place = 0 if size == 1 else (-place if place < 0 else 2 * (size - 1) - place)
    return place


def slow_blur(image: Tensor, radius: int, sigma: float) -> Tensor:
    """The fold written out for each pixel."""
    line = torch.exp(-(torch.linspace(-1, 1, 2 * radius + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))
    kernel = line[:, None] * line
    kernel = kernel / kernel.sum()
    height, width = image.shape[1:3]
    result = torch.zeros_like(image, dtype=torch.float64)
    for dy, dx in itertools.product(range(-radius, radius + 1), repeat=2):
        rows = [mirrored(i + dy, height) for i in range(height)]
        columns = [mirrored(j + dx, width) for j in range(width)]
        result += kernel[dy + radius, dx + radius] * image[:, rows][:, :, columns]
    return result.float()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 6), (5, 7), (3, 2)])
@pytest.mark.parametrize(("radius", "sigma"), [(1, 1.0), (4, 0.3), (9, 10.0)])
def test_blur_is_a_gaussian_with_mirrors_at_the_edges(height: int, width: int, radius: int, sigma: float) -> None:
    image = picture(2, height, width)
    made = filters.image_blur(image=image, blur_radius=radius, sigma=sigma)
    torch.testing.assert_close(made, slow_blur(image, radius, sigma), atol=1e-6, rtol=1e-5)


def test_blur_keeps_flat_pictures_and_sharpening_does_too() -> None:
    flat = Image(torch.full((1, 9, 9, 3), 0.3))
    torch.testing.assert_close(filters.image_blur(image=flat, blur_radius=31), flat)
    torch.testing.assert_close(filters.image_sharpen(image=flat, sharpen_radius=31), flat, atol=1e-5, rtol=0)


@pytest.mark.parametrize("alpha", [0.0, 0.05, 1.0])
def test_sharpening_is_one_fold(alpha: float) -> None:
    """With minus ten times alpha of the Gaussian, and 1 + 10 alpha in the middle."""
    image = picture(1, 6, 5)
    made = filters.image_sharpen(image=image, sharpen_radius=2, sigma=0.7, alpha=alpha)
    law = (image * (1 + 10 * alpha) - 10 * alpha * slow_blur(image, 2, 0.7)).clamp(0, 1)
    torch.testing.assert_close(made, law, atol=1e-5, rtol=0)


def slow_window(image: Tensor, side: int, largest: bool) -> Tensor:
    height, width = image.shape[1:3]
    result = torch.empty_like(image)
    for i, j in itertools.product(range(height), range(width)):
        top, left = i - side // 2, j - side // 2
        part = image[:, max(top, 0) : top + side, max(left, 0) : left + side].flatten(1, 2)
        result[:, i, j] = part.amax(1) if largest else part.amin(1)
    return result


@pytest.mark.parametrize("side", [3, 4, 5, 8, 99])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (9, 6)])
def test_growing_and_shrinking_take_the_extremes_of_a_window(side: int, height: int, width: int) -> None:
    image = picture(2, height, width)
    grown, shrunk = slow_window(image, side, True), slow_window(image, side, False)
    made = {name: filters.morphology(image=image, operation=name, kernel_size=side) for name in filters.OPERATIONS}
    assert torch.equal(made["dilate"], grown)
    assert torch.equal(made["erode"], shrunk)
    assert torch.equal(made["gradient"], grown - shrunk)
    assert torch.equal(made["open"], slow_window(shrunk, side, True))
    assert torch.equal(made["close"], slow_window(grown, side, False))
    assert torch.equal(made["top_hat"], image - made["open"])
    assert torch.equal(made["bottom_hat"], made["close"] - image)


@settings(max_examples=20)
@given(st.integers(1, 4).map(lambda n: 2 * n + 1), st.integers(0, 99))
def test_opening_and_closing_twice_is_once(side: int, seed: int) -> None:
    image = picture(1, 9, 11, 1, seed=seed)
    for operation in ("open", "close"):
        once = filters.morphology(image=image, operation=operation, kernel_size=side)
        assert torch.equal(filters.morphology(image=once, operation=operation, kernel_size=side), once)
    opened = filters.morphology(image=image, operation="open", kernel_size=side)
    closed = filters.morphology(image=image, operation="close", kernel_size=side)
    assert (opened <= image).all()
    assert (image <= closed).all()


@pytest.mark.parametrize("dither", DITHERS)
@pytest.mark.parametrize("colours", [1, 2, 7, 256])
def test_a_picture_has_no_more_colours_than_asked_for(dither: str, colours: int) -> None:
    made = filters.image_quantize(image=picture(2, 16, 16), colors=colours, dither=dither)
    assert made.shape == (2, 16, 16, 3)
    for one in made:
        assert len(set(map(tuple, one.reshape(-1, 3).tolist()))) <= colours


def test_few_colours_are_kept_exactly() -> None:
    image = Image((noise(1, 8, 8, 1) > 0).float().expand(-1, -1, -1, 3) * 0.6)
    torch.testing.assert_close(filters.image_quantize(image=image, colors=4), image)


def test_a_sample_of_a_large_picture_chooses_as_good_a_palette(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pixel's error grows by less than a tenth; every second pixel alone would see one half of a chequerboard."""
    y, x = torch.meshgrid(torch.linspace(0, 1, 320), torch.linspace(0, 1, 320), indexing="ij")
    odd = (torch.arange(320)[:, None] + torch.arange(320)) % 2
    image = Image(torch.stack([x, y, torch.where(odd == 1, (x * y) ** 0.5, 1 - x)], dim=-1)[None])
    whole = filters.image_quantize(image=image, colors=64)
    monkeypatch.setattr(quantize, "SAMPLE", 1 << 13)
    monkeypatch.setattr(quantize, "SORTED", 1 << 8)
    sampled = filters.image_quantize(image=image, colors=64)
    assert not torch.equal(sampled, whole)
    assert torch.equal(sampled, filters.image_quantize(image=image, colors=64))
    assert (sampled - image).square().mean() < 1.1 * (whole - image).square().mean()


def test_no_colour_of_few_is_lost_in_a_large_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    image = Image(torch.full((1, 64, 64, 3), 0.6))
    image[0, 40, 7] = torch.tensor([1.0, 0.0, 0.2])
    monkeypatch.setattr(quantize, "SAMPLE", 16)
    torch.testing.assert_close(filters.image_quantize(image=image, colors=4), image)


@pytest.mark.parametrize("side", [1, 2, 4, 8, 16])
def test_bayers_pattern_has_every_level_once(side: int) -> None:
    pattern = torch.from_numpy(bayer(side)).flatten().sort().values
    levels = (torch.arange(side * side) - (side * side - 1) / 2) / side**2
    torch.testing.assert_close(pattern, levels, atol=1e-6, rtol=0)


def test_a_pattern_mixes_a_colour_that_the_palette_lacks() -> None:
    """A ramp in two colours: with a pattern its middle is on average as light as it was, without it is one colour."""
    ramp = Image(torch.linspace(0, 1, 64)[None, None, :, None].expand(1, 16, -1, 3).contiguous())
    for dither, tolerance in (("bayer-8", 0.16), ("floyd-steinberg", 0.16)):
        made = filters.image_quantize(image=ramp, colors=2, dither=dither)
        assert len(set(map(tuple, made.reshape(-1, 3).tolist()))) == 2
        assert float((made[0, :, 24:40].mean() - 0.5).abs()) < tolerance


def test_grain_is_the_seeds() -> None:
    image = Image(torch.full((1, 40, 40, 3), 0.5))
    one, two = (filters.image_add_noise(image=image, seed=s, strength=0.1) for s in (3, 4))
    assert not torch.equal(one, two)
    assert float((one - 0.5).std()) == pytest.approx(0.1, rel=0.05)
    assert torch.equal(filters.image_add_noise(image=image, seed=3, strength=0.0), image)
    law = (0.5 + 0.1 * torch.randn(1, 40, 40, 3, generator=torch.Generator().manual_seed(3))).clamp(0, 1)
    torch.testing.assert_close(one, law)


def written_out(mode: str, a: float, b: float) -> float:
    """W3C's formulas for one channel, backdrop a and source b."""
    match mode:
        case "normal":
            return b
        case "multiply":
            return a * b
        case "screen":
            return a + b - a * b
        case "overlay":
            return written_out("multiply", 2 * a, b) if a <= 0.5 else written_out("screen", 2 * a - 1, b)
        case "soft_light":
            d = ((16 * a - 12) * a + 4) * a if a <= 0.25 else a**0.5
            return a - (1 - 2 * b) * a * (1 - a) if b <= 0.5 else a + (2 * b - 1) * (d - a)
        case _:
            return a - b


@given(st.sampled_from(sorted(BLENDS)), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_blending_is_w3cs(mode: str, a: float, b: float, factor: float) -> None:
    one, two = (Image(torch.full((1, 1, 1, 3), value)) for value in (a, b))
    made = layers.image_blend(image1=one, image2=two, blend_factor=factor, blend_mode=mode)
    law = a * (1 - factor) + written_out(mode, a, b) * factor
    assert float(made[0, 0, 0, 0]) == pytest.approx(min(max(law, 0), 1), abs=1e-5)


def test_blending_takes_the_size_the_batch_and_the_channels_of_the_first() -> None:
    first = picture(3, 8, 10)
    for second in (picture(1, 8, 10), picture(2, 30, 4, 4), picture(5, 1, 1)):
        assert layers.image_blend(image1=first, image2=second).shape == first.shape
    assert torch.equal(layers.image_blend(image1=first, image2=picture(1, 1, 1), blend_factor=0.0), first)
    alpha = layers.image_blend(image1=picture(1, 8, 10, 4), image2=picture(1, 8, 10), blend_factor=1.0)
    assert (alpha[..., 3] == 1).all()


@settings(max_examples=30)
@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 14), st.integers(0, 14), st.booleans())
def test_composites_show_the_source_where_it_lies(
    w1: int, h1: int, w2: int, h2: int, x: int, y: int, masked: bool
) -> None:
    below, above = picture(2, h1, w1), picture(1, h2, w2, seed=1)
    shown = mask(1, h2, w2) if masked else None
    made = layers.image_composite_masked(destination=below, source=above, x=x, y=y, mask=shown)
    weight = torch.ones(1, h2, w2) if shown is None else shown
    for i, j in itertools.product(range(h1), range(w1)):
        law = below[:, i, j]
        if 0 <= i - y < h2 and 0 <= j - x < w2:
            share = weight[0, i - y, j - x]
            law = share * above[:, i - y, j - x] + (1 - share) * law
        torch.testing.assert_close(made[:, i, j], law.expand(2, 3))


def test_a_full_composite_is_the_source_and_an_empty_one_the_destination() -> None:
    below, above = picture(2, 9, 7), picture(2, 4, 5, 4, seed=1)
    usual: dict[str, Any] = {"destination": below, "source": above, "resize_source": True}
    assert torch.equal(layers.image_composite_masked(**usual, mask=Mask(torch.zeros(1, 3, 3))), below)
    full = layers.image_composite_masked(**usual)
    torch.testing.assert_close(full, layers.image_composite_masked(**usual, mask=Mask(torch.ones(1, 3, 3))))
    same_size = layers.image_composite_masked(destination=below, source=Image(1 - below))
    assert torch.equal(same_size, 1 - below)


SHARES: dict[
    str, Callable[[float, float], tuple[float, float]]
] = {  # what is seen of (source, destination) where the two are uncorrelated: Porter and Duff's table
    "CLEAR": lambda a, b: (0, 0),
    "SRC": lambda a, b: (1, 0),
    "DST": lambda a, b: (0, 1),
    "SRC_OVER": lambda a, b: (1, 1 - a),
    "DST_OVER": lambda a, b: (1 - b, 1),
    "SRC_IN": lambda a, b: (b, 0),
    "DST_IN": lambda a, b: (0, a),
    "SRC_OUT": lambda a, b: (1 - b, 0),
    "DST_OUT": lambda a, b: (0, 1 - a),
    "SRC_ATOP": lambda a, b: (b, 1 - a),
    "DST_ATOP": lambda a, b: (1 - b, a),
    "XOR": lambda a, b: (1 - b, 1 - a),
    "ADD": lambda a, b: (1, 1),
}


@given(st.sampled_from(sorted(SHARES)), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_porter_and_duff(mode: str, s: float, d: float, a: float, b: float) -> None:
    """Opacity is F_a a + F_b b and colour times opacity F_a a s + F_b b d."""
    over, under = SHARES[mode](a, b)
    opacity = min(over * a + under * b, 1)
    colour = min(over * a * s + under * b * d, 1) / opacity if opacity > 1e-4 else None
    made = layers.porter_duff_image_composite(
        source=Image(torch.full((1, 2, 2, 3), s)),
        source_alpha=Mask(torch.full((1, 2, 2), 1 - a)),
        destination=Image(torch.full((1, 2, 2, 3), d)),
        destination_alpha=Mask(torch.full((1, 1, 1), 1 - b)),
        mode=mode,
    )
    assert float(made.MASK[0, 0, 0]) == pytest.approx(1 - opacity, abs=1e-5)
    if colour is not None:
        assert float(made.IMAGE[0, 0, 0, 0]) == pytest.approx(min(colour, 1), abs=2e-3)


@pytest.mark.parametrize("mode", ["DARKEN", "LIGHTEN", "MULTIPLY", "SCREEN", "OVERLAY"])
def test_of_opaque_pictures_the_modes_are_the_blends(mode: str) -> None:
    s, d, opaque = picture(1), picture(1, seed=1), Mask(torch.zeros(1, 24, 16))
    made = layers.porter_duff_image_composite(
        source=s, source_alpha=opaque, destination=d, destination_alpha=opaque, mode=mode
    )
    law = {"DARKEN": s.minimum(d), "LIGHTEN": s.maximum(d)}.get(mode)
    torch.testing.assert_close(made.IMAGE, BLENDS[mode.lower()](d, s) if law is None else law, atol=1e-5, rtol=1e-5)
    assert not made.MASK.any()


def test_every_mode_is_finite_on_transparent_pictures() -> None:
    clear = Mask(torch.ones(1, 24, 16))
    for mode in MODES:
        made = layers.porter_duff_image_composite(
            source=picture(2), source_alpha=clear, destination=picture(1), destination_alpha=clear, mode=mode
        )
        assert torch.isfinite(made.IMAGE).all()
        assert (made.MASK == 1).all()


def test_alpha_apart_and_together() -> None:
    image = picture(2, channels=4)
    apart = layers.split_image_with_alpha(image=image)
    torch.testing.assert_close(layers.join_image_with_alpha(image=apart.IMAGE, alpha=apart.MASK), image)
    assert not layers.split_image_with_alpha(image=picture()).MASK.any()
    assert layers.join_image_with_alpha(image=picture(1), alpha=mask(3, 5, 5)).shape == (3, 24, 16, 4)
