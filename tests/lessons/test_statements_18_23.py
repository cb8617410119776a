"""Statements of lessons 18 to 23: inpainting, depth, ControlNet, guidance, the two versions, grids."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.lessons.kit import Lessons
from tests.lessons.statements import states
from tests.models.members import FULL, text_shapes

FEW = {"Size.width": 64, "Size.height": 64}


@states(
    18,
    "Outside the mask the picture stays as it was",
    "holds with a condition",
    0.0,
    "{:.0f} numbers of the latent differ there; of the pixels all do a little, for the VAE draws the whole anew",
)
def test_outside_the_mask_nothing_changes(lessons: Lessons) -> float:
    start, (end, _), old, new = lessons.values(
        18, "What may change", "Sampler", "Picture to change", "Latent to picture"
    )
    mask = start.noise_mask.reshape(1, 1, *start.noise_mask.shape[-2:])
    cells = np.asarray(mask)[0, 0].reshape(16, 8, 16, 8).max(axis=(1, 3))
    kept = cells == 0
    assert kept.any()
    pixels = np.asarray(mask)[0, 0] == 0
    assert 0 < np.abs(old[0] - new[0])[0][pixels].mean() < 0.05
    return float((start.samples != end.samples)[0][:, kept].sum())


@states(
    18,
    "Noise is added only inside the mask",
    "holds with a condition",
    0.0,
    "at the end; on the way the rest is noised too, with {:.0f} numbers that are not its own latent plus noise",
)
def test_the_rest_is_its_own_noised_self(lessons: Lessons) -> float:
    start, (_, trace) = lessons.values(18, "What may change", "Sampler")
    cells = np.asarray(start.noise_mask).reshape(16, 8, 16, 8).max(axis=(1, 3))
    kept = np.broadcast_to(cells == 0, (4, 16, 16))
    clean = ((start.samples - trace.latent.shift) * trace.latent.factor)[0].numpy()
    noise = np.stack([((step.x[0].numpy() - clean) / step.sigma)[kept] for step in trace.steps[1:10]])
    assert noise.std() == pytest.approx(1, abs=0.1)
    return float((np.abs(noise - noise[0]) > 1e-2).sum())


@states(
    19,
    "The depth model reads one channel more than the others: the depth map",
    "holds",
    5.0,
    "{:.0f} channels: 4 of the latent, 1 of the depth map at the latent's size",
)
def test_the_depth_model_reads_five_channels(lessons: Lessons) -> float:
    positive, _, latent = lessons.value(19, "1 and 4. Latent, and depth beside it")
    joined = positive[0].concat
    assert joined.shape[-2:] == latent.samples.shape[-2:]
    assert -1 <= float(joined.min()) < float(joined.max()) <= 1
    return float(latent.samples.shape[1] + joined.shape[1])


@states(
    20,
    "Without the ControlNet, at strength 0, the picture is the plain one",
    "holds",
    0.0,
    "{:.0f} pixels differ (random members)",
)
def test_a_controlnet_of_strength_0_is_none(lessons: Lessons) -> float:
    small = {**FEW, "Sampler without.steps": 2, "Sampler with the edges.steps": 2}
    titles = ("Latent to picture without", "Latent to picture with the edges")
    plain, steered = lessons.values(20, *titles, values=small)
    assert (plain != steered).any()
    plain, steered = lessons.values(20, *titles, values={**small, "Steer by the edges.strength": 0.0})
    return float((plain != steered).sum())


@states(
    21,
    "At cfg 0 the prompt is ignored",
    "holds",
    0.0,
    "{:.0f} numbers of the latent differ between two prompts (empty negative)",
)
def test_at_0_any_two_prompts_are_one(lessons: Lessons) -> float:
    values = {"Sampler.cfg": 0.0}
    fox = lessons.value(21, "Sampler", values)
    rocket = lessons.value(21, "Sampler", {**values, "Prompt.text": "3d render of a rocket on a blue background"})
    return float((fox.samples != rocket.samples).sum())


@states(
    21,
    "At cfg 1 the prompt is followed as it is, and the negative does not count",
    "holds",
    0.0,
    "{:.0f} numbers of the latent differ between two negatives",
)
def test_at_1_the_negative_is_not_asked(lessons: Lessons) -> float:
    values = {"Sampler.cfg": 1.0}
    plain = lessons.value(21, "Sampler", values)
    other = lessons.value(21, "Sampler", {**values, "Negative prompt.text": "a rocket"})
    return float((plain.samples != other.samples).sum())


@states(
    21,
    "The higher the scale, the further the picture goes along the prompt, and the more its colours burn",
    "holds",
    4.0,
    "the latent's deviation grows at each of {:.0f} steps of the scale from 1 to 15",
)
def test_high_scales_burn(lessons: Lessons) -> float:
    found = [
        float(lessons.value(21, "Sampler", {"Sampler.cfg": scale}).samples.std())
        for scale in (1.0, 3.0, 7.0, 11.0, 15.0)
    ]
    assert found == sorted(found)
    return float(len(found) - 1)


def used(family: str) -> int:
    """Parameters of the layers of a text encoder that conditioning is made with: of version 2 all but the last."""
    (text,) = FULL[family].texts
    unused = f".{text.layers - 1}." if family == "sd2" else "\0"
    table = text_shapes(text, text.naming)
    return sum(math.prod(s) for name, s in table.items() if unused not in name and name != "text_projection")


@states(
    22,
    "The text encoder of version 2 is up to five times larger",
    "false",
    2.8,
    "{:.1f} times in the layers that are used (340 against 123 million parameters, counted in files of full size)",
    within=0.02,
)
def test_the_text_encoder_counted(lessons: Lessons) -> float:
    one, two = (used(family) for family in ("sd1", "sd2"))
    assert one == pytest.approx(123e6, rel=0.01)
    assert two == pytest.approx(340e6, rel=0.01)
    return two / one


def made(lessons: Lessons, sampler: str, steps: int) -> np.ndarray:
    """Lesson 23's picture by one sampler, alone in its batch."""
    values = {"Sampler.sampler_name": sampler, "Sampler.steps": steps}
    found: np.ndarray = lessons.value(23, "Latent to picture", values)
    return found


@states(
    23,
    "With enough steps most samplers come to the same picture",
    "holds with a condition",
    0.007,
    "{:.3f} mean difference of euler and dpmpp_2m at 40 steps; euler_ancestral goes elsewhere",
    within=0.3,
)
def test_samplers_converge(lessons: Lessons) -> float:
    end = made(lessons, "dpmpp_2m", 40)
    near, far = (float(np.abs(made(lessons, "euler", steps) - end).mean()) for steps in (40, 5))
    away = float(np.abs(made(lessons, "euler_ancestral", 40) - end).mean())
    assert near < far
    assert near < away
    return near


@states(
    23,
    "Ancestral samplers never settle",
    "holds",
    9.3,
    "from 20 to 40 steps euler_ancestral changes the picture {:.1f} times as much as euler does",
    within=0.3,
)
def test_ancestral_samplers_do_not_settle(lessons: Lessons) -> float:
    ancestral, euler = (
        float(np.abs(made(lessons, sampler, 40) - made(lessons, sampler, 20)).mean())
        for sampler in ("euler_ancestral", "euler")
    )
    return ancestral / euler
