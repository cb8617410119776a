"""Statements of lessons 1 to 4: what the model does, noise in, noise out, training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.lessons.kit import JUDGE, Lessons
from tests.lessons.statements import states

FACTOR = 0.18215
"""Of the autoencoder's latents to those that noise is mixed into."""
BETAS = (0.00085, 0.012, 1000)
"""Of Stable Diffusion's scaled-linear schedule: the first, the last, how many."""


def sigmas() -> NDArray[np.float64]:
    """Noise levels of the training schedule, from its definition."""
    first, last, count = BETAS
    kept = np.cumprod(1 - np.linspace(first**0.5, last**0.5, count) ** 2)
    return np.asarray(np.sqrt((1 - kept) / kept))


def cosine(a: Any, b: Any) -> float:
    one, other = (np.asarray(value, np.float64).ravel() for value in (a, b))
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def detail(picture: Any) -> float:
    """Mean steepness of a picture [1, H, W, 3]: how much neighbours differ."""
    return float(np.abs(np.diff(picture, axis=1)).mean() + np.abs(np.diff(picture, axis=2)).mean())


@states(1, "A picture that fits the prompt comes out", "holds", 0.99, "a classifier sees a fox: {:.0%}", within=0.02)
def test_the_picture_fits(lessons: Lessons) -> float:
    picture = lessons.value(1, "Latent to picture")
    red, green, blue = np.median(picture[0, [0, 0, -1, -1], [0, -1, 0, -1]], axis=0)
    assert min(red, green) > 2 * blue, "the corners are yellow"
    _, _, best, score = lessons.value(1, "What a classifier sees")
    assert best == "fox"
    return float(score)


@states(
    2,
    "Noise drowns a picture step by step until it is an uncharacteristic noise image",
    "holds with a condition",
    0.071,
    "by eye; at the highest level (sigma 14.6) latent and cat still correlate by {:.3f}",
    within=0.1,
)
def test_noise_drowns_the_picture(lessons: Lessons) -> float:
    clean, noisy = lessons.values(2, "Picture to latent", "Noise into the latent")
    near = [cosine(clean.samples, level.samples) for level in noisy[0]]
    assert len(near) == 8
    assert near[0] > 0.999
    assert near == sorted(near, reverse=True)
    signal, noise = FACTOR * np.asarray(clean.samples, np.float64), sigmas()[-1]
    expected = np.sqrt((signal**2).mean() / ((signal**2).mean() + noise**2))
    assert abs(near[-1] - expected) < 0.05
    return near[-1]


@states(
    2,
    "In the end nobody can tell whether it was a cat or a dog",
    "holds with a condition",
    0.934,
    "by eye; who knows both pictures tells them apart in {:.0%} of 4,000 draws at the highest level (50% is guessing)",
    within=0.02,
)
def test_cat_or_dog(lessons: Lessons) -> float:
    sampler, other = "The sampler in one node", {"Prompt.text": "flat emoji of a dog on a green background"}
    cat, dog = lessons.value(3, sampler).samples, lessons.value(3, sampler, other).samples
    a, b = (FACTOR * np.asarray(latent, np.float64).ravel() for latent in (cat, dog))
    noisy = a + sigmas()[-1] * np.random.default_rng(0).standard_normal((4000, a.size))
    told = float((((noisy - a) ** 2).sum(1) < ((noisy - b) ** 2).sum(1)).mean())
    distance = np.linalg.norm(a - b) / sigmas()[-1]
    assert abs(told - 0.5 * (1 + math.erf(distance / 2 / math.sqrt(2)))) < 0.02
    return told


@states(
    3,
    "Predict the noise, subtract it, repeat: a picture comes out",
    "holds",
    1e-5,
    "six steps by hand give the sampler's own latent; the largest difference is {:.0e}",
    within=10,
)
def test_steps_by_hand_are_the_sampler(lessons: Lessons) -> float:
    (last, *_), whole = lessons.values(3, "Step 6", "The sampler in one node")
    gap = float(np.abs(np.asarray(last.samples) - np.asarray(whole.samples)).max())
    assert lessons.judged(3, "Decode step 6")[0] == "cat"
    assert gap < 1e-4
    return gap


@states(
    3,
    "The noise has to be subtracted a few times over, not once",
    "holds with a condition",
    0.843,
    "for the detail: one big subtraction has {:.0%} of that of six steps, though the classifier sees a cat already",
    within=0.05,
)
def test_one_big_subtraction_lacks_detail(lessons: Lessons) -> float:
    once, often = lessons.values(3, "Decode the rough shape", "Decode step 6")
    assert detail(once) < detail(often)
    assert lessons.judged(3, "Decode the rough shape")[0] == "cat"
    return detail(once) / detail(often)


@states(
    3,
    "Every such process has two parts, drift and random motion",
    "holds with a condition",
    1.0,
    "euler is drift alone: another seed of its steps changes nothing; euler_ancestral moves at random, {:.2f} "
    "times as much as its formula says",
    within=0.06,
)
def test_drift_and_random_motion(lessons: Lessons) -> float:
    def step(sampler: str, seed: int) -> NDArray[np.float64]:
        values = {"Step 1.sampler_name": sampler, "Step 1.noise_seed": seed}
        return FACTOR * np.asarray(lessons.value(3, "Step 1", values)[0].samples, np.float64)

    assert np.array_equal(step("euler", 1), step("euler", 2))
    levels = [float(x) for x in lessons.value(3, "Noise levels of six steps")[:2]]
    up = math.sqrt(levels[1] ** 2 * (levels[0] ** 2 - levels[1] ** 2) / levels[0] ** 2)
    apart = step("euler_ancestral", 1) - step("euler_ancestral", 2)
    return float(apart.std() / math.sqrt(2) / up)


@states(
    3,
    "It ends at a cat or at a dog, at nothing in between",
    "holds with a condition",
    0.0,
    "where the prompt names one of them; half way between both prompts a classifier is sure of {:.0f} of 4 pictures",
)
def test_something_in_between(lessons: Lessons) -> float:
    text = "flat emoji of a {} on a green background"
    nodes = {
        "model": ("CheckpointLoaderSimple", {"ckpt_name": "mini-v1.safetensors"}),
        "cat": ("CLIPTextEncode", {"text": text.format("cat"), "clip": ["model", 1]}),
        "dog": ("CLIPTextEncode", {"text": text.format("dog"), "clip": ["model", 1]}),
        "half": (
            "ConditioningAverage",
            {"conditioning_to": ["cat", 0], "conditioning_from": ["dog", 0], "conditioning_to_strength": 0.5},
        ),
        "none": ("CLIPTextEncode", {"text": "", "clip": ["model", 1]}),
        "size": ("EmptyLatentImage", {"width": 128, "height": 128, "batch_size": 4}),
    }
    nodes |= {f"sampler {name}": ("KSampler", sampled(name)) for name in ("cat", "half")}
    nodes |= {
        f"decode {n}": ("VAEDecode", {"samples": [f"sampler {n}", 0], "vae": ["model", 2]}) for n in ("cat", "half")
    }
    nodes |= {
        f"judge {n}": ("ClassScores", {"image": [f"decode {n}", 0], "classifier_name": JUDGE, "count": 1})
        for n in ("cat", "half")
    }
    graph = {id: {"class_type": type, "inputs": inputs} for id, (type, inputs) in nodes.items()}
    sure = {n: scores(lessons.graph(graph, f"judge {n}")[0]) for n in ("cat", "half")}
    assert [name for name, score in sure["cat"] if score > 0.5] == ["cat"] * 4
    return float(sum(score > 0.5 for _, score in sure["half"]))


def sampled(positive: str) -> dict[str, Any]:
    """Inputs of a sampler for one of the prompts."""
    links = {"model": ["model", 0], "positive": [positive, 0], "negative": ["none", 0], "latent_image": ["size", 0]}
    return {**links, "seed": 1, "steps": 6, "cfg": 4.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}


def scores(text: str) -> list[tuple[str, float]]:
    """What ClassScores tells, as (name, share)."""
    rows = [line.split("%") for line in text.splitlines() if "%" in line]
    return [(name.strip(), float(share) / 100) for share, name in rows]


@states(
    4,
    "The network is taught to tell the noise that was added",
    "holds",
    0.992,
    "cosine of true and predicted noise at the lesson's level: {:.3f}",
    within=0.005,
)
def test_the_noise_is_told(lessons: Lessons) -> float:
    (_, true), (predicted, *_) = lessons.values(4, "3. Noise it", "4. Which noise was added?")
    return cosine(true.samples, predicted.samples)


@states(
    4,
    "However much noise was added, it can tell",
    "holds with a condition",
    0.265,
    "the less noise, the worse: at the last level before none the cosine is {:.2f}",
    within=0.05,
)
def test_little_noise_is_hard_to_tell(lessons: Lessons) -> float:
    found = []
    for step in (0, 3, 7):
        values = {"3. Noise it.step": step, "4. Which noise was added?.step": step}
        (_, true), (predicted, *_) = lessons.values(4, "3. Noise it", "4. Which noise was added?", values=values)
        found.append(cosine(true.samples, predicted.samples))
    assert found == sorted(found, reverse=True)
    return found[-1]


@states(
    4,
    "What the network gives is the noise",
    "holds with a condition",
    1.0,
    "where it was trained so (v1 gives eps); the mini gives v, at sigma {:.2f} as much noise as picture",
    within=0.02,
)
def test_v_is_a_mixture(lessons: Lessons) -> float:
    """v = noise · kept − clean · lost, with kept² = 1 / (1 + sigma²): both weigh alike at sigma 1."""
    from engine.models.detect import inspect_file
    from tests.lessons.costs import MINI

    assert inspect_file(MINI).sampling.prediction == "v"
    levels = sigmas()
    kept, lost = 1 / np.sqrt(1 + levels**2), levels / np.sqrt(1 + levels**2)
    return float(levels[np.abs(kept - lost).argmin()])
