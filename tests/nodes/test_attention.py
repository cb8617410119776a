"""AttentionMap and AttentionWords: true numbers, on the picture's places, and clear words where something is wrong."""

from __future__ import annotations

import asyncio
import re
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

import nodes
from engine.diffusion.guidance import Single
from engine.diffusion.traces import Trace
from engine.diffusion.types import Area, Conditioning, Image, Latent, Mask, Noise, Sampler, Tokens
from engine.graph.check import check
from engine.graph.graph import Graph
from engine.models.attention import LAYERS, TELLING, AttentionWatch
from engine.models.handle import Guider
from engine.models.heat import step_heat
from engine.models.tokens import tokenize_prompt
from nodes.attention import attention_map, attention_words
from nodes.loaders import Checkpoint
from nodes.sampling import job_of
from nodes.text import clip_text_encode
from nodes.trace import sampler_trace
from tests.nodes.desk import Desk, call

PROMPT = "a blue fox, a (yellow:1.2) background"
CELLS = (6, 8)


@pytest.fixture
def positive(context: Desk, parts: Checkpoint) -> Conditioning:
    return clip_text_encode(text=PROMPT, clip=parts.CLIP, context=context)


@pytest.fixture
def tokens(parts: Checkpoint) -> Tokens:
    return tokenize_prompt(PROMPT, parts.CLIP.family)


@pytest.fixture
def given(context: Desk, parts: Checkpoint, positive: Conditioning, tokens: Tokens) -> dict[str, Any]:
    trace = traced(context, parts, positive, latent=Latent(torch.zeros(2, 4, *CELLS)))
    return {"trace": trace, "model": parts.MODEL, "conditioning": positive, "tokens": tokens, "context": context}


def traced(context: Desk, parts: Checkpoint, positive: Conditioning, latent: Latent, **rest: Any) -> Trace:
    negative = clip_text_encode(text="", clip=parts.CLIP, context=context)
    sides = {"positive": positive, "negative": negative}
    made = call(
        sampler_trace, model=parts.MODEL, **sides, latent_image=latent, steps=3, cfg=4.0, context=context, **rest
    )
    trace: Trace = made.trace
    return trace


def shares(given: dict[str, Any], step: int, layer: str = TELLING) -> Tensor:
    """[B, T, h, w]: what a watch on the run itself finds."""
    at = given["trace"].steps[step]
    guider = Guider(given["model"], Single(given["conditioning"]))
    watch = AttentionWatch([0], choose=LAYERS[layer], longest=0)
    job = job_of(guider, Sampler("euler"), torch.tensor([at.sigma, 0.0]), Latent(at.clean), Noise(None), 0)
    given["context"].loop.submit(replace(job, x=at.x, watch=watch)).result(60)
    return watch.heats(0, "positive")[0].maps


def test_the_layers_that_can_be_chosen_are_those_that_there_are() -> None:
    layer = nodes.registry()["AttentionMap"].input("layer")
    assert layer is not None
    assert layer.constraints[0].options == tuple(LAYERS)  # type: ignore[attr-defined]
    assert layer.default == TELLING


def test_a_word_is_where_its_tokens_are_read(given: dict[str, Any]) -> None:
    made = call(attention_map, word="fox", step=1, layer="all", **given)
    share = shares(given, 1, "all")[:, 3]
    low, high = share.amin((1, 2), keepdim=True), share.amax((1, 2), keepdim=True)
    expected = (share - low) / (high - low)
    assert made.heat.shape == (2, 48, 64, 3)
    fine = torch.nn.functional.interpolate(expected[:, None], size=(48, 64), mode="bilinear")[:, 0]
    torch.testing.assert_close(made.mask, fine, atol=1e-3, rtol=0)
    numbers = [100 * float(v) for v in (share[0].mean(), share[0].min(), share[0].max())]
    told = [float(number) for number in re.findall(r"([\d.]+)%", made.text)]
    assert told == pytest.approx(numbers, rel=0.06)
    assert "(token 3)" in made.text
    assert made.ui == {"text": [made.text]}


def test_several_tokens_are_added_up(given: dict[str, Any]) -> None:
    made = call(attention_map, word="blue fox", **given)
    mean = 100 * float(shares(given, 0)[0, 2:4].sum(0).mean())
    assert float(re.findall(r"([\d.]+)%", made.text)[0]) == pytest.approx(mean, rel=0.06)


def test_all_words_are_a_grid_with_what_frames_them(given: dict[str, Any]) -> None:
    made = call(attention_map, **given)
    words = [line.partition(": ")[0] for line in made.text.splitlines()[:-1]]
    assert words == ["a", "blue", "fox", ",", "a", "yellow", "background", "(start)", "(end)"]
    assert made.mask.shape == (9, 48, 64)
    assert made.heat.shape[0] == 1
    assert min(made.heat.shape[1:3]) > 3 * 192 * 6 / 8


def test_the_heat_lies_over_the_picture(given: dict[str, Any]) -> None:
    image = Image(torch.rand(1, 40, 56, 3, generator=torch.Generator().manual_seed(0)))
    made = call(attention_map, word="fox", image=image, **given)
    assert made.heat.shape == (2, 40, 56, 3)
    assert made.mask.shape == (2, 40, 56)
    assert made.heat.min() >= 0
    assert made.heat.max() <= 1


def test_the_negative_has_its_own(given: dict[str, Any], parts: Checkpoint) -> None:
    negative = clip_text_encode(text="ugly", clip=parts.CLIP, context=given["context"])
    own = given | {"conditioning": negative, "tokens": tokenize_prompt("ugly", parts.CLIP.family)}
    assert "ugly" in call(attention_map, word="ugly", **own).text


def test_a_spot_reads_what_the_map_says(given: dict[str, Any]) -> None:
    share = shares(given, 2)[0]
    made = call(attention_words, x=0.6, y=0.99, step=2, **given)
    row, column = CELLS[0] - 1, int(0.6 * CELLS[1])
    assert f"row {row}, column {column}" in made.text
    here = {word: float(share[place, row, column]) for word, place in (("blue", 2), ("fox", 3), ("yellow", 6))}
    order = [word for word in made.words if word in here]
    assert order == sorted(here, key=lambda word: -here[word])
    told = {name: float(number) for name, number in re.findall(r"^(.+): ([\d.]+)%$", made.text, re.MULTILINE)}
    assert told["fox"] == pytest.approx(100 * here["fox"], rel=0.06)
    assert told["(end)"] == pytest.approx(100 * float(share[8:, row, column].sum()), rel=0.06)


def test_a_conditioning_for_an_area_is_seen_there(given: dict[str, Any]) -> None:
    (cond,) = given["conditioning"]
    left = given | {"conditioning": Conditioning((replace(cond, area=Area(0, 0, 6, 4)),))}
    made = call(attention_map, word="fox", **left)
    assert made.mask[:, :, :28].amax() > 0.8
    assert made.mask[:, :, 36:].amax() == 0
    with pytest.raises(ValueError, match=r"The spot 0.9, 0.5 is outside the area"):
        call(attention_words, x=0.9, **left)


class Seen:
    """A watch that notes what x the network is shown."""

    def __init__(self, step: int) -> None:
        self.steps = frozenset([step])
        self.x: list[Tensor] = []

    def __call__(self, network: Any, asked: Any) -> Any:
        self.x += [evaluation.x for _, evaluation in asked]
        return nullcontext()


def test_what_a_noise_mask_kept_is_shown_as_it_was(context: Desk, parts: Checkpoint, tokens: Tokens) -> None:
    positive = clip_text_encode(text=PROMPT, clip=parts.CLIP, context=context)
    mask = torch.zeros(1, *CELLS)
    mask[:, :, 4:] = 1
    start = Latent(torch.randn(1, 4, *CELLS, generator=torch.Generator().manual_seed(5)), noise_mask=Mask(mask))
    trace = traced(context, parts, positive, start, seed=7)
    then, now = Seen(1), Seen(0)

    async def denoise(job: Any) -> Any:
        context.loop.submit(replace(job, watch=now)).result(60)
        return await context.denoise(job)

    whole = job_of(
        Guider(parts.MODEL, Single(positive)), Sampler("euler"), torch.tensor(trace.sigmas), start, Noise(7), 7
    )
    context.loop.submit(replace(whole, watch=then)).result(60)
    asyncio.run(step_heat(denoise, trace, parts.MODEL, positive, tokens, step=1, layer="all"))
    kept = mask[0] == 0
    assert torch.equal(then.x[0][0][:, kept], now.x[0][0][:, kept])
    assert not torch.equal(now.x[0][0][:, kept], trace.steps[1].x[0][:, kept]), "x of the sampler is not what it saw"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"word": "dog"},
            r'"dog" is not in this prompt; its words are "a", "blue", "fox", ",", "yellow", "background"',
        ),
        ({"step": 3}, "The trace has sampler steps 0 to 2, and 3 was asked for"),
        ({"head": 99}, "There is no attention head 99: the chosen layers have"),
        ({"layer": "1/8"}, "This model reads no words at the chosen layers; it does so at down 1/1"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(given: dict[str, Any], changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call(attention_map, **given | {"word": "fox"} | changes)


def test_tokens_of_another_prompt_are_told(given: dict[str, Any], parts: Checkpoint) -> None:
    longer = tokenize_prompt("fox " * 80, parts.CLIP.family)
    with pytest.raises(ValueError, match="they make 154 vectors, and it has 77"):
        call(attention_map, word="fox", **given | {"tokens": longer})


def test_a_conditioning_that_does_not_hold_then_is_told(given: dict[str, Any]) -> None:
    (cond,) = given["conditioning"]
    late = Conditioning((replace(cond, when=(0.9, 1.0)),))
    with pytest.raises(ValueError, match=r"does not hold at sampler step 0"):
        call(attention_map, word="fox", **given | {"conditioning": late})


def test_a_trace_of_other_latents_is_told(given: dict[str, Any]) -> None:
    model = replace(given["model"], latent=replace(given["model"].latent, channels=16))
    with pytest.raises(ValueError, match="latents of 4 channels and the model takes 16"):
        call(attention_map, word="fox", **given | {"model": model})


def test_a_step_behind_the_trace_is_told_before_the_run() -> None:
    sampler = {"model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0], "steps": 3}
    graph = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini-v1.safetensors"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "a fox"}},
        "3": {"class_type": "EmptyLatentImage", "inputs": {"width": 128, "height": 128}},
        "4": {"class_type": "SamplerTrace", "inputs": sampler},
        "5": {"class_type": "CLIPTokenize", "inputs": {"clip": ["1", 1], "text": "a fox"}},
        "6": {
            "class_type": "AttentionMap",
            "inputs": {
                "trace": ["4", 1],
                "model": ["1", 0],
                "conditioning": ["2", 0],
                "tokens": ["5", 0],
                "step": 3,
            },
        },
        "7": {"class_type": "PreviewImage", "inputs": {"images": ["6", 0]}},
    }
    (problem,) = check(Graph.from_api(graph), nodes.registry()).problems
    assert (problem.code, problem.node, problem.input) == ("value_bigger_than_max", "6", "step")
