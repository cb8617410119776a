"""Nodes that tell: their numbers are those of independent formulas, bad input is one sentence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil
from torch import Tensor

from engine.diffusion.types import Cond, Conditioning, Embeds, Image, Latent, Mask, Sigmas
from engine.drawing.pixels import PAPER
from engine.files import FileRef
from engine.models.handle import Patch
from engine.models.header import ModelFileError
from engine.models.tokens import tokenize_prompt
from nodes.classify import class_scores
from nodes.compare import TITLES, compare, image_grid
from nodes.inspect import model_info, tensor_info
from nodes.loaders import Checkpoint
from nodes.show_latent import MOST_CHANNELS, latent_histogram, show_latent
from nodes.show_tokens import nearest_tokens, show_tokens
from tests.models.classifiers import CLASSES
from tests.nodes.desk import Desk, tensors
from tests.nodes.look_examples import classifier

TOKENS = tokenize_prompt("a (fox:1.2) on a yellow background", "mini1")


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def cond(*shape: int, seed: int = 0) -> Cond:
    return Cond(noise(*shape, seed=seed), noise(1, 8, seed=seed))


PAIRS: dict[str, Any] = {
    "pictures": lambda seed: Image(noise(2, 12, 9, 3, seed=seed).sigmoid()),
    "masks": lambda seed: Mask(noise(2, 12, 9, seed=seed).sigmoid()),
    "latents": lambda seed: Latent(noise(2, 4, 6, 5, seed=seed), noise_mask=noise(1, 6, 5, seed=seed)),
    "conditionings": lambda seed: Conditioning((cond(1, 77, 16, seed=seed), cond(1, 77, 16, seed=seed + 9))),
    "token vectors": lambda seed: Embeds(noise(1, 77, 16, seed=seed), TOKENS),
}


def flat(value: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The numbers that count, one after the other."""
    if isinstance(value, Embeds):
        found = [value.vectors]
    elif isinstance(value, Latent):
        found = [value.samples]
    else:
        found = [value] if isinstance(value, Tensor) else [one.embeds for one in value]
    return np.concatenate([tensor.double().numpy().ravel() for tensor in found])


def test_every_type_that_is_promised_is_compared() -> None:
    assert set(PAIRS) == {str(title) for title in TITLES.values()}


@pytest.mark.parametrize("kind", PAIRS)
def test_differences_are_those_of_the_formulas(kind: str) -> None:
    a, b = PAIRS[kind](1), PAIRS[kind](2)
    x, y = flat(a), flat(b)
    found = compare(a=a, b=b)
    peak = 1.0 if kind in ("pictures", "masks") else x.max() - x.min()
    assert found.mse == pytest.approx(((x - y) ** 2).mean(), rel=1e-9)
    assert found.psnr == pytest.approx(20 * np.log10(peak) - 10 * np.log10(((x - y) ** 2).mean()), rel=1e-9)
    assert found.cosine == pytest.approx(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)), rel=1e-9)
    assert found.text.startswith(kind)
    assert found.ui["text"] == [found.text]


@pytest.mark.parametrize("kind", PAIRS)
def test_equal_values_are_said_to_be_equal(kind: str) -> None:
    found = compare(a=PAIRS[kind](1), b=PAIRS[kind](1))
    assert (found.psnr, found.mse) == (math.inf, 0.0)
    assert found.cosine == pytest.approx(1.0)
    assert "equal" in found.text
    assert float(found.difference.sum(-1).max()) == pytest.approx(float(found.difference.sum(-1).min()))


def test_the_picture_of_the_difference_is_bright_where_they_differ() -> None:
    a = torch.zeros(2, 300, 260, 3)
    b = a.clone()
    b[1, 40, 70] = 0.5
    shown = compare(a=a, b=b).difference
    assert shown.shape == a.shape
    assert divmod(int(shown[1].sum(-1).argmax()), 260) == (40, 70)
    assert float(shown[0].sum(-1).max()) == float(shown[0].sum(-1).min()) < 0.2
    assert "brightest spot 0.5" in compare(a=a, b=b).text


def test_small_maps_are_enlarged_to_be_seen() -> None:
    shown = compare(a=PAIRS["latents"](1), b=PAIRS["latents"](2)).difference
    assert shown.shape == (2, 258, 215, 3)


@settings(max_examples=30)
@given(st.floats(-60, 0), st.integers(0, 99))
def test_noise_of_a_known_power_has_the_psnr_it_should_have(decibels: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    gap = rng.choice([-1.0, 1.0], size=(1, 16, 16, 3)) * 10 ** (decibels / 20)
    found = compare(a=Image(torch.zeros(1, 16, 16, 3)), b=Image(torch.from_numpy(gap)))
    assert found.psnr == pytest.approx(-decibels, abs=1e-6)


def test_cosines_of_nothing_and_of_opposites() -> None:
    zero, one = torch.zeros(1, 4, 4, 3), torch.ones(1, 4, 4, 3)
    assert compare(a=zero, b=zero).cosine == 1.0
    assert compare(a=zero, b=one).cosine == 0.0
    assert compare(a=one, b=-one).cosine == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        (noise(1, 4, 4, 3), noise(1, 4, 5, 3), "a has the size 1 batch × 4 height × 4 width × 3 channels and b"),
        (noise(1, 4, 4, 3), Latent(noise(1, 4, 4, 3)), "a is pictures and b is latents"),
        (noise(4, 4, 3), noise(1, 4, 4, 3), "a is masks and b is pictures"),
        (Conditioning((cond(1, 77, 8),)), Conditioning((cond(1, 154, 8),)), "77 tokens"),
        (Conditioning((cond(1, 77, 8),) * 2), Conditioning((cond(1, 77, 8),)), "a holds 2 prompts and b holds 1"),
        (Sigmas(noise(5)), Sigmas(noise(5)), "a is sigmas, and only these can be compared"),
        ("text", noise(1, 4, 4, 3), "a is str"),
        (noise(1, 4, 4, 3), TOKENS, "b is Tokens"),
        (noise(1, 4, 4, 3), (), "b is tuple"),
        (torch.zeros(0, 4, 4, 3), torch.zeros(0, 4, 4, 3), "a is empty"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(a: Any, b: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told) as raised:
        compare(a=a, b=b)
    assert "\n" not in str(raised.value)


def test_a_grid_takes_batches_lists_and_lists_of_batches() -> None:
    batch = Image(torch.randint(0, 256, (3, 20, 30, 3), generator=torch.Generator().manual_seed(1)) / 255)
    whole = image_grid(images=[batch])
    assert whole.shape == (1, 42, 62, 3)
    assert torch.equal(whole, image_grid(images=[Image(batch[:1]), Image(batch[1:])]))
    assert torch.allclose(whole[0, 22:, :30], batch[2], atol=1e-6)
    assert image_grid(images=[batch], columns=3).shape == (1, 20, 94, 3)
    labelled = image_grid(images=[batch], columns=3, labels="a\n\ncon cáo")
    band = labelled[0, 20:]
    assert torch.allclose(labelled[0, :20], image_grid(images=[batch], columns=3)[0], atol=1e-6)
    inked = [bool((band[:, left : left + 30] < 0.5).any()) for left in (0, 32, 64)]
    assert inked == [True, False, True]


def test_what_is_transparent_in_a_grid_shows_the_paper() -> None:
    clear = torch.zeros(1, 8, 8, 4)
    ground = [int(PAPER[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    assert image_grid(images=[Image(clear)])[0, 4, 4].tolist() == pytest.approx(ground, abs=1e-3)


def test_each_channel_of_a_latent_is_drawn_by_one_scale() -> None:
    samples = torch.zeros(1, 4, 8, 8)
    samples[0, 0], samples[0, 3] = -1.0, 0.5
    made = show_latent(latent=Latent(samples))
    cells = [made[0, 80, 80 + 164 * index] for index in range(4)]
    assert cells[0][2] > cells[0][0] + 0.2, "below zero is blue"
    assert bool((cells[1] > 0.95).all()), "zero is white"
    assert cells[3][0] > cells[3][2] + 0.2, "above zero is red"
    assert float(cells[0].sum()) < float(cells[3].sum()), "half as far is half as strong"


@pytest.mark.parametrize(("columns", "batch"), [(1, 1), (2, 3), (4, 1), (16, 1)])
def test_latents_are_drawn_in_the_columns_that_are_asked(columns: int, batch: int) -> None:
    made = show_latent(latent=Latent(noise(batch, 4, 6, 5)), columns=columns)
    assert made.shape[0] == batch
    assert made.shape[2] >= 500
    assert bool(((made >= 0) & (made <= 1)).all())


def test_latents_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \[4, 6, 5\]"):
        show_latent(latent=Latent(noise(4, 6, 5)))
    with pytest.raises(ValueError, match=f"at most {MOST_CHANNELS}"):
        latent_histogram(latent=Latent(noise(1, MOST_CHANNELS + 1, 2, 2)))


@pytest.mark.parametrize("value", [0.0, 3.5, float("nan")])
def test_latents_of_one_number_have_a_histogram_too(value: float) -> None:
    assert latent_histogram(latent=Latent(torch.full((1, 4, 4, 4), value))).shape[0] == 1
    assert show_latent(latent=Latent(torch.full((1, 4, 4, 4), value))).shape[0] == 1


def test_a_histogram_is_a_density() -> None:
    from nodes.show_latent import BINS, _density, _normal

    values = noise(1, 1, 200, 200)
    found = _density(values, -4.0, 4.0, "")
    width = 8.0 / BINS
    expected, _ = np.histogram(values.numpy(), BINS, (-4.0, 4.0))
    assert np.array(found.y) == pytest.approx(expected / values.numel() / width, abs=2e-3)
    assert sum(found.y) * width == pytest.approx(1.0, abs=1e-3)
    normal = _normal(0.0, 1.0, -4.0, 4.0)
    assert sum(normal.y) * width == pytest.approx(math.erf(4 / math.sqrt(2)), abs=1e-6)
    assert np.abs(np.array(found.y) - np.array(normal.y)).max() < 0.03


def test_a_value_is_told_in_numbers() -> None:
    latent = Latent(noise(2, 4, 6, 5), noise_mask=torch.ones(1, 6, 5))
    found = tensor_info(value=latent)
    assert found.mean == pytest.approx(latent.samples.mean().item(), abs=1e-6)
    assert found.std == pytest.approx(latent.samples.std(correction=0).item(), rel=1e-6)
    assert (found.count, found.bytes) == (2 * 4 * 6 * 5 + 30, 4 * (2 * 4 * 6 * 5 + 30))
    assert all(line in found.text.splitlines() for line in ("shape: 2×4×6×5", "batch: 2", "channels: 4", "height: 6"))


@pytest.mark.parametrize("kind", PAIRS)
def test_bytes_and_counts_are_of_all_tensors(kind: str) -> None:
    value = PAIRS[kind](1)
    found = tensor_info(value=value)
    held = list(tensors(value))
    assert found.count == sum(tensor.numel() for tensor in held)
    assert found.bytes == sum(tensor.numel() * tensor.element_size() for tensor in held)


def test_what_has_no_numbers_is_named() -> None:
    assert tensor_info(value="a fox").text == "a fox"
    assert tensor_info(value=None)[1:5] == (0, 0, 0.0, 0.0)


def test_tokens_are_shown_with_number_weight_and_chunk() -> None:
    found = show_tokens(tokens=tokenize_prompt("a (fox:1.2) " + "photo " * 80, "mini1"))
    lines = found.text.splitlines()
    assert lines[0] == "chunk 1 of 2: 75 of 75 tokens"
    assert "  3240  fox × 1.2" in lines
    assert lines[1].endswith("start")
    assert any(line.startswith("chunk 2 of 2: 7 of 75") for line in lines)
    assert found.image.shape[2] == 640


def test_the_nearest_tokens_are_those_of_the_table(context: Desk, parts: Checkpoint) -> None:
    with context.lease(parts.CLIP.handles[0]) as (encoder,):
        rows = encoder.module.get_input_embeddings().weight.detach().double().numpy()
    fox = 3240
    cosines = rows @ rows[fox] / (np.linalg.norm(rows, axis=1) * np.linalg.norm(rows[fox]))
    cosines[fox] = -2
    found = nearest_tokens(clip=parts.CLIP, word="fox", count=4, context=context)
    told = [line.split() for line in found.text.splitlines()[1:5]]
    assert "never trained" not in found.text
    assert [float(line[0]) for line in told] == pytest.approx(np.sort(cosines)[::-1][:4].tolist(), abs=1e-4)
    assert len(found.words) == 4


def test_a_word_of_several_tokens_is_said_to_be(context: Desk, parts: Checkpoint) -> None:
    assert (
        "con cáo is 4 tokens (con · c · á · o)" in nearest_tokens(clip=parts.CLIP, word="con cáo", context=context).text
    )
    with pytest.raises(ValueError, match="no word to look for"):
        nearest_tokens(clip=parts.CLIP, word="  ", context=context)


def test_a_model_is_told_from_its_file(context: Desk, parts: Checkpoint) -> None:
    counts = []
    for handle in (parts.MODEL.handle, *parts.CLIP.handles, parts.VAE.handle):
        with context.lease(handle) as (module,):
            counts.append(sum(parameter.numel() for parameter in module.module.parameters()))
    found = model_info(model=parts.MODEL, clip=parts.CLIP, vae=parts.VAE, context=context)
    assert found.parameters == sum(counts)
    assert all(f"{count:,}" in found.text for count in counts)
    assert "predicts: v" in found.text
    assert model_info(vae=parts.VAE, context=context).parameters == counts[-1]


def test_patches_of_a_model_are_named_and_not_counted(context: Desk, parts: Checkpoint) -> None:
    from dataclasses import replace

    patch = Patch(FileRef("loras", "style.safetensors", "0" * 64), 0.7)
    patched = replace(parts.MODEL, handle=parts.MODEL.handle.patched(patch))
    found = model_info(model=patched, context=context)
    assert "changed by: style.safetensors × 0.7" in found.text
    assert found.parameters == model_info(model=parts.MODEL, context=context).parameters


def test_nothing_connected_is_one_sentence(context: Desk) -> None:
    with pytest.raises(ValueError, match="connect a model, a CLIP or a VAE"):
        model_info(context=context)


def test_pictures_are_classified_one_by_one(context: Desk) -> None:
    image = Image(noise(3, 20, 30, 3).sigmoid())
    name = classifier(context)
    found = class_scores(image=image, classifier_name=name, count=2, context=context)
    assert found.image.shape[0] == 3
    assert found.best in CLASSES
    assert found.text.startswith("picture 1:")
    alone = class_scores(image=Image(image[:1]), classifier_name=name, count=50, context=context)
    assert alone.best == found.best
    assert alone.score == pytest.approx(found.score, abs=1e-5)
    assert sum(float(line.split("%")[0]) for line in alone.text.splitlines()) == pytest.approx(100, abs=0.05)


def test_a_file_that_is_no_classifier_is_refused(context: Desk, tmp_path: Path) -> None:
    folder = context.library.folder("classifiers")
    folder.mkdir(parents=True, exist_ok=True)
    Pil.new("RGB", (4, 4)).save(folder / "picture.bin", "PNG")
    ref = context.library.ref("classifiers", "picture.bin")
    with pytest.raises(ModelFileError, match=r"^picture\.bin is not"):
        class_scores(image=Image(noise(1, 8, 8, 3)), classifier_name=ref, context=context)
