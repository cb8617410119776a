"""Statements of lessons 5 to 9: latent space, the autoencoder, sizes, conditioning."""

from __future__ import annotations

from typing import Any

import numpy as np
from safetensors import safe_open

from tests.lessons.costs import operations
from tests.lessons.kit import Lessons
from tests.lessons.statements import states


def lost(before: Any, after: Any) -> float:
    """Share of a picture's variance that is not in another one."""
    return float(((before - after) ** 2).mean() / before.var())


def decibels(before: Any, after: Any) -> float:
    return float(-10 * np.log10(((before - after) ** 2).mean()))


def steepness(picture: Any) -> float:
    """Mean squared difference of neighbours: the energy of fine detail."""
    return float((np.diff(picture, axis=1) ** 2).mean() + (np.diff(picture, axis=2) ** 2).mean())


@states(5, "A picture of 512 × 512 with three colours is 786,432 numbers", "holds", 786_432, "{:,.0f}")
def test_numbers_of_a_picture(lessons: Lessons) -> float:
    picture, told = lessons.values(5, "A picture of 512 × 512", "The picture in numbers")
    assert told[2] == picture.size
    assert told[1] == picture.nbytes
    return float(picture.size)


@states(
    5,
    "Its latent, 4 × 64 × 64, is 48 times smaller",
    "holds",
    48,
    "{:.0f} times, for the cat of 128 × 128 as well",
)
def test_the_latent_is_smaller(lessons: Lessons) -> float:
    latent, cat, small = lessons.values(5, "A latent of 512 × 512", "A cat", "The cat's latent")
    assert tuple(latent.samples.shape) == (1, 4, 64, 64)
    assert 786_432 / latent.samples.numel() == 48
    assert lessons.value(5, "How many times smaller")[1] == 48
    return float(cat[0].size / small.samples.numel())


@states(
    5,
    "So it is a lot faster than working on pixels",
    "holds",
    98.2,
    "the mini's denoiser calculates {:.0f} times more on a latent with as many places as the pixels",
    within=0.01,
)
def test_latent_space_is_faster(lessons: Lessons) -> float:
    latent = lessons.value(5, "The cat's latent").samples
    return operations(128, 128) / operations(*latent.shape[2:])


@states(
    6,
    "The encoder makes a picture small and the decoder restores it",
    "holds with a condition",
    25.2,
    "softer: {:.1f} dB for the cat (at 40 dB hardly anyone sees a difference)",
    within=0.01,
)
def test_the_decoder_restores(lessons: Lessons) -> float:
    (cat, _), back = lessons.values(6, "A cat", "Decode the cat")
    assert lost(cat, back) < 0.06
    return decibels(cat, back)


@states(
    6,
    "Natural pictures go into latent space without losing any information",
    "false",
    0.615,
    "{:.0%} of the fine detail of the cat is gone",
    within=0.03,
)
def test_something_is_lost(lessons: Lessons) -> float:
    (cat, _), back = lessons.values(6, "A cat", "Decode the cat")
    assert decibels(cat, back) < 40
    return 1 - steepness(back) / steepness(cat)


@states(
    6,
    "It is possible because natural pictures are regular and not random",
    "holds",
    0.993,
    "{:.0%} of the variance of random pixels is lost, 4% of the cat's",
    within=0.005,
)
def test_random_pixels_cannot_be_packed(lessons: Lessons) -> float:
    (cat, _), back = lessons.values(6, "A cat", "Decode the cat")
    noise, noise_back = lessons.values(6, "Random pixels", "Decode random pixels")
    assert round(100 * lost(cat, back)) == 4
    return lost(noise, noise_back)


@states(
    7,
    "A picture 512 wide and 768 high has a latent of 4 × 96 × 64",
    "holds",
    1.5,
    "{:.1f} times the numbers of 512 × 512",
)
def test_shape_of_a_high_picture(lessons: Lessons) -> float:
    square, high = (lessons.value(7, title).samples for title in ("512 wide, 512 high", "512 wide, 768 high"))
    assert tuple(high.shape) == (1, 4, 96, 64)
    return float(high.numel() / square.numel())


@states(
    7,
    "So a larger picture takes longer, and more memory",
    "holds",
    4.0,
    "twice as wide and high is {:.2f} times the work for the mini",
    within=0.05,
)
def test_larger_pictures_take_longer(lessons: Lessons) -> float:
    small, large = (lessons.value(7, title).samples.shape for title in ("The model's own size", "Twice as large"))
    told = [lessons.value(7, f"Cost at {size}") for size in ("128 × 128", "128 × 256", "256 × 256")]
    assert told[0][2] < told[1][2] < told[2][2], "memory"
    return operations(*large[2:]) / operations(*small[2:])


@states(
    7,
    "Larger than the model's own size, things come double",
    "holds",
    4,
    "{:.0f} foxes at 256 × 256 for one that was asked for, by a classifier that looks at each quarter",
)
def test_things_come_double(lessons: Lessons) -> float:
    quarters = [lessons.judged(7, "Decode, twice as large", (x, y)) for x in (0, 128) for y in (0, 128)]
    return float(sum(best == "fox" for best, _ in quarters))


@states(
    7,
    "Keeping one side at the model's own size prevents that",
    "false",
    2,
    "{:.0f} foxes at 128 × 256 for the mini, whose own size is 128 × 128",
)
def test_one_side_does_not_help(lessons: Lessons) -> float:
    return float(sum(lessons.judged(7, "Decode, one side larger", (0, y))[0] == "fox" for y in (0, 128)))


@states(
    7,
    "The cure: make it at the model's own size and enlarge it",
    "holds",
    0.937,
    "one fox at 256 × 256: the classifier is {:.0%} sure; without the cure it takes the whole for a sun",
    within=0.05,
)
def test_the_cure(lessons: Lessons) -> float:
    best, score = lessons.judged(7, "Decode the second pass", side=256)
    quarters = [lessons.judged(7, "Decode the second pass", (x, y)) for x in (0, 128) for y in (0, 128)]
    assert best == "fox"
    assert all(score < 0.5 for name, score in quarters if name == "fox")
    assert lessons.judged(7, "Decode, twice as large", side=256)[0] == "sun"
    return score


@states(
    8,
    "Small details are painted by the decoder, since the latent does not hold them",
    "holds with a condition",
    0.385,
    "as far as it has learnt them: the mini's brings back {:.0%} of the fine detail of the cat",
    within=0.03,
)
def test_details_are_the_decoders(lessons: Lessons) -> float:
    (cat, _), back = lessons.values(6, "A cat", "Decode the cat")
    return steepness(back) / steepness(cat)


@states(
    8,
    "A VAE file is another decoder",
    "holds with a condition",
    0.3865,
    "it holds an encoder too, {:.0%} of its numbers (counted on a small random member in a real file's layout)",
    within=0.01,
)
def test_a_vae_file_has_an_encoder(lessons: Lessons) -> float:
    file = lessons.session.library.path("vae", "vae-ft-mse-840000-ema-pruned.safetensors")
    with safe_open(file, "np") as tensors:
        sizes = {name: int(np.prod(tensors.get_slice(name).get_shape())) for name in tensors.keys()}  # noqa: SIM118
    ours, theirs = lessons.values(8, "By the checkpoint's decoder", "By the file's decoder")
    assert np.abs(ours - theirs).max() > 0.1, "one latent, two pictures"
    return sum(size for name, size in sizes.items() if "encoder." in name) / sum(sizes.values())


@states(
    9,
    "Without conditioning nobody decides what comes out",
    "holds",
    0.32,
    "same seed: with the prompt a fox, without it the classifier's best guess gets {:.0%}",
    within=0.1,
)
def test_without_a_prompt_anything_comes(lessons: Lessons) -> float:
    assert lessons.judged(9, "Decode, with prompt") > ("fox", 0.9)
    best, score = lessons.judged(9, "Decode, without prompt")
    assert best != "fox"
    return score


@states(
    9,
    "Conditioning steers the noise predictor",
    "holds",
    0.07,
    "the first answers with and without the prompt differ by {:.0%} of the noise's size",
    within=0.1,
)
def test_conditioning_steers(lessons: Lessons) -> float:
    noise, _, guidance = lessons.value(9, "Ask with and without")
    links = {"model": ("Model", 0), "negative": ("Without", 0), "latent_image": ("The noise of the seed", 0)}
    asked = {**links, "sigmas": ("Noise levels", 0), "cfg": 1.0, "step": 0}
    with_prompt, without = (
        lessons.beside(9, {"ask": ("PredictNoise", {**asked, "positive": (title, 0)})}, "ask")[0].samples
        for title in ("With a prompt", "Without")
    )
    difference = np.asarray(with_prompt, np.float64) - np.asarray(without, np.float64)
    assert np.allclose(difference, guidance.samples, atol=1e-4)
    return float(np.linalg.norm(difference) / np.linalg.norm(noise.samples))
