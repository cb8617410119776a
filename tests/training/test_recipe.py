"""The whole recipe at toy size, from drawings to an exported file, and the header of the file that is shipped."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.models.ldm_keys import TEXT_PREFIX, UNET_PREFIX, VAE_PREFIX, text_keys, unet_keys, vae_keys
from engine.training.data import Art
from engine.training.evaluate import CHECKPOINT, full_rows
from engine.training.export import load_checkpoint
from engine.training.mini import Recipe, export, prepare, run_decoder, run_denoiser
from engine.training.networks import MiniShape
from engine.training.pictures import COLOURS, Placement, compose
from engine.training.preview import Painter

TINY = MiniShape(vae=(64, 32, 32, 64), unet=(32, 32), attention=(False, True), text_layers=1)
RECIPE = Recipe(shape=TINY, steps=2, decoder_batch=2, denoiser_batch=2, text_updates=2, placements=1, fit_crops=2)


def _drawings() -> list[Art]:
    pixels = np.zeros((256, 256, 4), np.uint8)
    pixels[64:192, 64:192] = (200, 30, 30, 255)
    return [Art(concept, style, pixels) for concept in (0, 1) for style in ("flat", "3d")]


@pytest.fixture(scope="module", name="made")
def _made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    out = tmp_path_factory.mktemp("mini")
    art = _drawings()
    data = prepare(RECIPE, art, out)
    assert data.latents.shape == (4 * len(COLOURS), 4, 16, 16)
    run_decoder(RECIPE, art, out, "cpu")
    run_denoiser(RECIPE, art, out, "cpu")
    target = out / "tiny.safetensors"
    export(RECIPE, art, out, target)
    return out, target


def header(path: Path) -> dict[str, dict[str, object]]:
    """Return a safetensors file's header."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        found: dict[str, dict[str, object]] = json.loads(file.read(length))
    return found


def expected(shape: MiniShape) -> set[str]:
    """Return the names a file of this shape must have, from the general mapping."""
    levels = len(shape.unet)
    names = {UNET_PREFIX + name for name in unet_keys(levels, 1, shape.attention, shape.unet).values()}
    names |= {VAE_PREFIX + name for name in vae_keys(len(shape.vae), 1, shape.vae).values()}
    return names | {TEXT_PREFIX + name for name in text_keys(shape.text_layers).values()}


def test_file_has_stable_diffusions_names(made: tuple[Path, Path]) -> None:
    names = set(header(made[1])) - {"__metadata__"}
    assert names == expected(TINY)
    assert "model.diffusion_model.input_blocks.1.0.in_layers.2.weight" in names
    assert "first_stage_model.decoder.mid.attn_1.proj_out.weight" in names
    assert "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight" in names


def test_file_paints(made: tuple[Path, Path]) -> None:
    vae, unet, text = load_checkpoint(made[1], TINY)
    (picture,) = Painter(vae, unet, text, full_rows).paint(["a dog"], [7], steps=2)
    assert picture.shape == (128, 128, 3)
    assert picture.dtype == np.uint8


def test_training_resumes_where_it_stopped(made: tuple[Path, Path]) -> None:
    out, _ = made
    before = torch.load(out / "denoiser.pt", weights_only=True)
    run_denoiser(RECIPE, _drawings(), out, "cpu")
    after = torch.load(out / "denoiser.pt", weights_only=True)
    assert before["done"] == after["done"] == 2
    assert all(torch.equal(before["model"][name], after["model"][name]) for name in before["model"])


def test_composition_puts_the_drawing_on_the_colour() -> None:
    picture = compose(_drawings()[0].pixels, COLOURS["blue"], Placement(1.0))
    assert tuple(picture[2, 2]) == COLOURS["blue"]
    assert tuple(picture[64, 64]) == (200, 30, 30)


@pytest.mark.skipif(not CHECKPOINT.exists(), reason="the shipped checkpoint is not there")
def test_shipped_file_is_small_whole_and_finite() -> None:
    from safetensors.torch import load_file

    assert CHECKPOINT.stat().st_size <= 26_000_000
    facts = header(CHECKPOINT)
    assert set(facts) - {"__metadata__"} == expected(MiniShape())
    assert facts["__metadata__"]["modelspec.license"] == "Apache-2.0"
    assert all(tensor.float().isfinite().all() for tensor in load_file(CHECKPOINT).values())
