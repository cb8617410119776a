"""Statements of lessons 13 to 17: attention, patches, text to image, schedules, image to image."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from tests.lessons.kit import Lessons
from tests.lessons.statements import states


def coloured(picture: Any) -> Any:
    """Where a picture is not of its background's colour, as its corners have it."""
    corners = np.median(picture[[0, 0, -1, -1], [0, -1, 0, -1]], axis=0)
    return np.abs(picture - corners).max(axis=-1) > 0.25


def mean_heat(lessons: Lessons, word: str, prompt: str) -> tuple[float, float]:
    """Of a word's heat the mean on the thing and the mean around it."""
    (_, mask, _), pictures = lessons.values(13, f"Heat of {word}: {prompt}", f"Latent to picture: {prompt}")
    thing = coloured(pictures[0])
    heat = np.asarray(mask)[0]
    assert heat.shape == thing.shape
    return float(heat[thing].mean()), float(heat[~thing].mean())


@states(
    13,
    "Cross-attention joins each word to the places of the picture that it is about",
    "holds with a condition",
    5.8,
    "*dog* is read {:.1f} times as much on the animal as around it; other words, as *fox*, hardly anywhere: the words "
    "behind them, which have taken them in, are read in their place",
    within=0.3,
)
def test_words_are_read_where_they_count(lessons: Lessons) -> float:
    on, around = mean_heat(lessons, "dog", "a dog")
    text: str = lessons.value(13, "All words: on blue")[2]
    share = {
        line.partition(":")[0]: float(line.split()[1].rstrip("%"))
        for line in text.splitlines()
        if " of the attention" in line
    }
    assert share["fox"] < 1 < 4 < share["background"]
    return on / around


@states(
    13,
    "A colour is read where it is to be",
    "holds",
    4.0,
    "*green* is read {:.1f} times as much around the dog as on it, in a prompt for a green background",
    within=0.3,
)
def test_the_colour_is_read_around_the_animal(lessons: Lessons) -> float:
    on, around = mean_heat(lessons, "green", "a dog")
    return around / on


@states(
    13,
    "A prompt for a blue fox makes another picture than one for a fox on a blue background",
    "holds with a condition",
    0.01,
    "{:.2f} mean difference only: the mini saw colours of backgrounds alone, and paints the background blue for both",
    within=0.8,
)
def test_the_order_of_words_counts(lessons: Lessons) -> float:
    titles = ("Latent to picture: on blue", "Latent to picture: blue fox")
    pictures = [found[0] for found in lessons.values(13, *titles)]
    corners = [np.median(picture[[0, 0, -1, -1], [0, -1, 0, -1]], axis=0) for picture in pictures]
    assert all(blue > red for red, _, blue in corners)
    return float(np.abs(pictures[0] - pictures[1]).mean())


@states(
    14,
    "A hypernetwork changes the keys and values of cross-attention, and nothing else",
    "holds with a condition",
    1.0,
    "{:.0%} of the changed layers are keys or values; files for self-attention exist too (random members)",
)
def test_where_a_hypernetwork_sits(lessons: Lessons) -> float:
    text: str = lessons.value(14, "What the hypernetwork changes")[0]
    layers = [line.split()[-1] for line in text.splitlines() if "%  " in line and "_blocks" in line]
    assert layers
    return sum(layer.endswith((".attn2.to_k", ".attn2.to_v")) for layer in layers) / len(layers)


@states(
    14,
    "A LoRA is a small file; the weights that it changes are matrices of attention",
    "holds with a condition",
    1.0,
    "{:.0%} of those that change most are of cross-attention (random members; a LoRA may change convolutions as well)",
)
def test_where_a_lora_sits(lessons: Lessons) -> float:
    text = lessons.value(14, "What the LoRA changes")[0]
    layers = [line.split()[-1] for line in text.splitlines() if "%  " in line and "_blocks" in line]
    assert layers
    return sum(".attn" in layer for layer in layers) / len(layers)


@states(15, "The same seed gives the same random tensor", "holds", 0.0, "{:.0f} of 1,024 numbers differ")
def test_a_seed_is_a_matrix(lessons: Lessons) -> float:
    (one, _), (two, _) = lessons.values(15, "First matrix", "Second matrix")
    assert one.samples.shape == (1, 4, 16, 16)
    return float((one.samples != two.samples).sum())


@states(
    15,
    "Another seed gives another random tensor",
    "holds",
    0.0,
    "correlation {:.2f} (0 is no likeness; chance alone gives up to 0.06)",
    within=float("inf"),
)
def test_another_seed_is_another_matrix(lessons: Lessons) -> float:
    one, two = (
        latent.samples.numpy().ravel()
        for latent, _ in lessons.values(15, "First matrix", "Second matrix", values={"Second seed.noise_seed": 8})
    )
    found = float(np.corrcoef(one, two)[0, 1])
    assert abs(found) < 0.1
    return round(found, 1)


@states(
    15,
    "What the predictor names in the first step is noise: nearly the noise that is there",
    "holds",
    0.97,
    "cosine {:.2f} between the predicted and the true noise",
    within=0.02,
)
def test_the_prediction_is_near_the_noise(lessons: Lessons) -> float:
    (noisy, _), (noise, _, _) = lessons.values(15, "First matrix", "Predicted noise")
    a, b = noisy.samples.numpy().ravel(), noise.samples.numpy().ravel()
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@states(
    16,
    "A schedule may take equal portions of noise, or more at the beginning",
    "holds",
    0.34,
    "the first of 15 steps takes {:.0%} of all noise with *normal*, 1/14 with equal portions",
    within=0.05,
)
def test_schedules_are_front_loaded(lessons: Lessons) -> float:
    equal, normal = lessons.values(16, "Equal portions, 15 steps", "normal, 15 steps")
    assert len(equal) == len(normal) == 16
    portions = -np.diff(equal)[:-1]
    assert np.allclose(portions, portions[0], rtol=1e-3)
    return float(1 - normal[1] / normal[0])


@states(
    16,
    "The sampler keeps the schedule: after each step the latent has the noise that the schedule says",
    "holds with a condition",
    0.007,
    "measured noise is off by {:.1%} (median of 15 steps), by more in the last two, where next to none is left",
    within=0.5,
)
def test_measured_noise_is_on_the_curve(lessons: Lessons) -> float:
    _, trace = lessons.value(16, "Sampler")
    off = [abs(float((s.x - s.clean).std()) / s.sigma - 1) for s in trace.steps]
    assert max(off[:11]) < 0.05
    return float(np.median(off))


@states(
    17,
    "At strength 1 the picture turns to noise altogether and plays no part any more",
    "holds with a condition",
    0.005,
    "{:.3f} mean difference from a run without the picture: not quite 0, for the noise at the start is finite",
    within=2.0,
)
def test_at_strength_1_hardly_anything_is_left(lessons: Lessons) -> float:
    apple = lessons.value(17, "Latent to picture", {"Sampler.denoise": 1.0})
    graph = lessons.session.check(lessons.file(17)).plan.graph.to_api()
    sampler = next(id for id, node in graph.items() if node["class_type"] == "KSampler")
    graph["none"] = {"class_type": "EmptyLatentImage", "inputs": {"width": 128, "height": 128, "batch_size": 1}}
    graph[sampler]["inputs"] |= {"latent_image": ["none", 0], "denoise": 1.0}
    plain = lessons.graph(graph, next(id for id, node in graph.items() if node["class_type"] == "VAEDecode"))
    found = float(np.abs(apple - plain).mean())
    assert found < 0.05
    return found


@states(
    17,
    "At strength 0 no noise is added, and nothing changes",
    "holds",
    0.0,
    "{:.0f} numbers of the latent differ",
)
def test_at_strength_0_nothing_changes(lessons: Lessons) -> float:
    start, end = lessons.values(17, "Picture to latent", "Sampler", values={"Sampler.denoise": 0.0})
    return float((start.samples != end.samples).sum())


@states(
    17,
    "The higher the strength, the less is left of the picture",
    "holds",
    4.0,
    "at each of {:.0f} strengths the result is further from the sketch than at the one before",
)
def test_strength_takes_from_the_picture(lessons: Lessons) -> float:
    sketch = lessons.value(17, "Picture to latent").samples.numpy()
    ends = [
        lessons.value(17, "Sampler", {"Sampler.denoise": strength}).samples.numpy()
        for strength in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    apart = [float(np.linalg.norm(end - sketch)) for end in ends]
    assert apart == sorted(apart)
    return float(sum(b > a for a, b in pairwise(apart)))
