"""Values as views: true numbers, plain data, bounded sizes."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from engine.diffusion.traces import Trace, TraceStep
from engine.diffusion.types import Area, Cond, Embeds, Latent, LatentSpec, ModelSampling, Noise, Sampler
from engine.files import FileRef
from engine.looking.describe import describe
from engine.looking.latents import channels, rough, span
from engine.looking.numbers import numbers, parts
from engine.looking.pieces import pieces, text_of
from engine.looking.report import report
from engine.looking.views import KEYS, MOST_PICTURES, MOST_PIXELS, MOST_POINTS, MOST_TEXT
from engine.models.families import FAMILIES
from engine.models.handle import Clip, Model, ModelHandle, Patch, Vae
from engine.models.tokens import tokenize_prompt
from engine.models.vocabulary import END_ID, START_ID

WORDS = Path(__file__).parents[2] / "web" / "ui" / "src" / "i18n"


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def handle(part: Any = "denoiser", *patches: Patch) -> ModelHandle:
    return ModelHandle(FileRef("checkpoints", "fox.safetensors", "0" * 64), "mini1", part, patches)


def trace(steps: int = 20) -> Trace:
    x = noise(1, 4, 8, 8)
    made = tuple(TraceStep(i, float(steps - i), x, x * 0.5, (("positive", x),)) for i in range(steps))
    sigmas = tuple(float(steps - i) for i in range(steps + 1))
    return Trace(made, sigmas, x, Sampler("euler"), ModelSampling(), LatentSpec(), 2**64 - 1, family="mini1")


TOKENS = tokenize_prompt("a (fox:1.2) trên nền vàng", "mini1")
VALUES: dict[str, Any] = {
    "IMAGE": noise(3, 20, 30, 3).sigmoid(),
    "MASK": noise(2, 20, 30).sigmoid(),
    "SIGMAS": torch.linspace(14.6, 0, 21),
    "LATENT": Latent(noise(2, 4, 8, 6), noise_mask=torch.ones(1, 1, 8, 6)),
    "CONDITIONING": (
        Cond(noise(1, 77, 64), noise(1, 64), strength=0.5, area=Area(0, 0, 4, 4), when=(0.0, 0.5)),
        Cond(noise(1, 154, 64), mask=torch.ones(1, 8, 8), size_crop=(1, 2, 3, 4, 5, 6), term=(0, 1.5)),
    ),
    "TOKENS": TOKENS,
    "EMBEDS": Embeds(noise(1, 77, 64), TOKENS),
    "TRACE": trace(),
    "NOISE": Noise(7),
    "SAMPLER": Sampler("euler", (("eta", 0.5),)),
    "MODEL": Model(handle("denoiser", Patch(FileRef("loras", "l.safetensors", "1" * 64), 0.7))),
    "CLIP": Clip((handle("text"),), -2),
    "VAE": Vae(handle("vae")),
    "STRING": "con cáo\ntrên nền vàng",
    "INT": 2**64,
    "*": {"a": [1, None, torch.ones(2)]},
    "LIST": [noise(1, 4, 4, 3), "a"],
    "NAN": torch.tensor([1.0, float("nan"), float("inf")]),
    "EMPTY": torch.zeros(0, 4, 4, 3),
    "NOTHING": None,
}


@pytest.mark.parametrize("name", VALUES)
def test_views_are_plain_bounded_data_of_known_words(name: str) -> None:
    views = describe(VALUES[name], name)
    assert json.loads(json.dumps(views, allow_nan=False)) == list(views)
    assert views[0]["rows"][0] == ["type", name]
    assert {key for view in views if view["kind"] == "table" for key, _ in view["rows"]} <= KEYS
    assert report(views)


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_editor_has_a_word_for_every_key(language: str) -> None:
    words = json.loads((WORDS / language / "inspect.json").read_text("utf-8"))
    assert set(words["row"]) >= KEYS


@settings(max_examples=60)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=60))
def test_numbers_are_those_of_the_finite_values(values: list[float]) -> None:
    found = numbers(torch.tensor(values))
    finite = np.array([value for value in values if np.isfinite(value)], dtype=np.float64)
    assert found.bad == len(values) - len(finite)
    assert found.count == len(values)
    assert found.nbytes == 4 * len(values)
    if len(finite):
        size = max(1.0, float(np.abs(finite).max()))
        assert (found.min, found.max) == (finite.min(), finite.max())
        assert found.mean == pytest.approx(finite.mean(), abs=1e-5 * size)
        if size < 1e15:
            assert found.std == pytest.approx(finite.std(), abs=1e-4 * size)


def table(value: Any) -> dict[str, Any]:
    """The first table of a value's views."""
    return dict(next(view["rows"] for view in describe(value) if view["kind"] == "table"))


def test_dimensions_are_told_by_their_names() -> None:
    rows = table(VALUES["IMAGE"])
    assert rows["shape"] == "3×20×30×3"
    assert [rows[name] for name in ("batch", "height", "width", "channels")] == [3, 20, 30, 3]
    assert rows["mean"] == pytest.approx(VALUES["IMAGE"].mean().item(), rel=1e-4)
    assert rows["std"] == pytest.approx(VALUES["IMAGE"].std(correction=0).item(), rel=1e-4)
    assert rows["bytes"] == 3 * 20 * 30 * 3 * 4
    assert [table(VALUES["LATENT"])[name] for name in ("batch", "channels", "height", "width")] == [2, 4, 8, 6]
    assert table(VALUES["EMBEDS"])["vector"] == 64


def test_what_is_not_finite_is_counted() -> None:
    assert table(VALUES["NAN"])["not_finite"] == 2
    assert "not_finite" not in table(VALUES["IMAGE"])


def test_pictures_are_the_pixels() -> None:
    (view,) = (view for view in describe(VALUES["IMAGE"][:1]) if view["kind"] == "picture")
    shown = Pil.open(io.BytesIO(base64.b64decode(view["png"])))
    assert (shown.width, shown.height) == (view["width"], view["height"]) == (150, 100)
    own = (VALUES["IMAGE"][0] * 255).round().byte().numpy()
    assert np.array_equal(np.asarray(shown)[2::5, 2::5], own)


def test_pictures_points_and_text_are_bounded() -> None:
    many = describe(torch.zeros(18, 700, 60, 3))
    pictures = [view for view in many if view["kind"] == "picture"]
    assert len(pictures) == MOST_PICTURES
    assert all(max(view["width"], view["height"]) <= MOST_PIXELS for view in pictures)
    assert [view["kind"] for view in describe(torch.zeros(40, 4, 4, 3), pictures=0)] == ["table"]
    (curve,) = (view for view in describe(torch.linspace(1, 0, 50_000)) if view["kind"] == "curve")
    assert len(curve["x"]) == len(curve["y"]) <= MOST_POINTS
    assert len(describe("a" * 10**6)[0]["text"]) == MOST_TEXT
    many_tokens = tokenize_prompt("fox " * 2100, "mini1")
    (shown,) = (view for view in describe(many_tokens) if view["kind"] == "tokens")
    assert len(shown["tokens"]) <= MOST_POINTS


def test_tokens_are_told_without_their_padding() -> None:
    (view,) = (view for view in describe(TOKENS) if view["kind"] == "tokens")
    told = view["tokens"]
    assert (told[0]["id"], told[-1]["id"]) == (START_ID, END_ID)
    assert (told[2]["text"], told[2]["weight"], told[2]["chunk"]) == ("fox", 1.2, 0)
    rows = table(TOKENS)
    assert rows["tokens"] == len(told)
    assert rows["tokens"] + rows["padding"] == 77


def test_parts_of_letters_are_told_by_their_bytes() -> None:
    ids = [piece.id for piece in pieces(tokenize_prompt("ế", "mini1")) if not piece.mark]
    told = b"".join(bytes.fromhex(text_of(id).strip("⟨⟩")) for id in ids)
    assert told.decode() == "ế"
    assert text_of(10**6) == "?"
    assert text_of(-1) == "?"


def test_learnt_words_are_told_by_their_file() -> None:
    from dataclasses import replace

    from engine.models.vocabulary import TOKENS as COUNT

    ref = FileRef("embeddings", "style.pt", "2" * 64)
    learnt = replace(
        TOKENS, ids=((START_ID, COUNT, COUNT + 1, END_ID),), weights=((1.0,) * 4,), learnt=((ref, 0), (ref, 1))
    )
    assert [piece.text for piece in pieces(learnt)][1:3] == ["embedding:style.pt[0]", "embedding:style.pt[1]"]


def test_a_conditioning_tells_where_when_and_how_strongly() -> None:
    rows = table(VALUES["CONDITIONING"])
    assert (rows["pooled"], rows["strength"], rows["area"], rows["when"]) == (64, 0.5, "0 0 4 4", "0–0.5")
    lengths = next(view for view in describe(VALUES["CONDITIONING"]) if view["kind"] == "curve")
    expected = np.linalg.norm(VALUES["CONDITIONING"][0].embeds[0].numpy().astype(np.float64), axis=-1)
    assert lengths["y"] == pytest.approx(expected.tolist(), rel=1e-5)


def test_a_trace_shows_its_sigmas_and_clean_pictures() -> None:
    views = describe(trace(40))
    (curve,) = (view for view in views if view["kind"] == "curve")
    pictures = [view for view in views if view["kind"] == "picture"]
    assert curve["y"] == [40.0 - i for i in range(41)]
    assert len(pictures) == MOST_PICTURES
    assert [pictures[0]["title"], pictures[-1]["title"]] == ["0 · σ 40", "39 · σ 1"]
    assert table(trace())["seed"] == str(2**64 - 1)


def test_a_model_is_told_from_its_handle() -> None:
    rows = table(VALUES["MODEL"])
    assert (rows["file"], rows["family"], rows["patches"]) == ("fox.safetensors", "mini-v1", "l.safetensors ×0.7")
    assert table(VALUES["CLIP"])["layer"] == -2


def test_parts_of_a_trace_are_all_its_tensors() -> None:
    found = parts(trace(3))
    assert [part.name for part in found] == ["x"] + ["x", "clean", "positive"] * 3
    assert sum(numbers(part.tensor).nbytes for part in found) == 10 * 4 * 8 * 8 * 4


def test_channels_are_blue_below_zero_and_red_above() -> None:
    sample = torch.tensor([[[-1.0, 0.0, 1.0]]])
    (made,) = channels(sample, 1.0)
    assert made[0, 0, 2] > made[0, 0, 0]
    assert made[0, 2, 0] > made[0, 2, 2]
    assert bool((made[0, 1] > 0.95).all())


def test_the_span_of_a_latent_leaves_out_a_few_outliers() -> None:
    values = torch.linspace(-1, 1, 4000)
    values[0] = 1000.0
    assert 0.9 < span(values) <= 1.0
    assert span(torch.zeros(5)) == span(torch.full((3,), float("nan"))) == 1.0


def test_rough_colours_are_the_familys() -> None:
    sample = noise(4, 5, 6)
    made = rough(sample, "mini1")
    assert made is not None
    rows = np.array(FAMILIES["mini1"].rgb)
    expected = np.einsum("chw,cr->hwr", sample.numpy(), rows[:4]) + rows[4]
    assert np.allclose(made.numpy(), ((expected + 1) / 2).clip(0, 1), atol=1 / 255)
    assert rough(sample, "") is None
    assert rough(noise(3, 5, 6), "mini1") is None
