"""The real art: packages are checked, every concept is drawn; and the shipped weights paint what is asked."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.training.classifier import Judge, background, held_out, ranks
from engine.training.concepts import CONCEPTS
from engine.training.data import FLAT, STYLES, Art, fetch, load_art
from engine.training.evaluate import CHECKPOINT, cases, full_rows
from engine.training.pictures import COLOURS, Placement, compose

DATA = Path(os.environ.get("INKWATER_ART", "temp/mini/data"))
HERE = all((DATA / package.tarball).exists() for package in STYLES.values())


def test_a_changed_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / FLAT.tarball).write_bytes(b"not the package")
    with pytest.raises(ValueError, match="checksum"):
        fetch(FLAT, tmp_path)


def test_backgrounds_are_recognised() -> None:
    pixels = np.zeros((256, 256, 4), np.uint8)
    pixels[40:216, 40:216] = (200, 120, 10, 255)
    assert [background(compose(pixels, rgb, Placement(0.9))) for rgb in COLOURS.values()] == list(COLOURS)


def test_ranks_count_what_the_judge_finds_likelier() -> None:
    pixels = np.full((256, 256, 4), 255, np.uint8)
    pictures, concepts = held_out([Art(concept, "flat", pixels) for concept in range(len(CONCEPTS))])
    found = ranks(Judge().eval(), [pictures[0]] * len(CONCEPTS), concepts)
    assert sorted(found) == list(range(len(CONCEPTS)))


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason=f"the packages are not in {DATA}: run python -m engine.training.mini")
def test_every_concept_is_drawn_in_every_style() -> None:
    art = load_art(DATA, styles=tuple(STYLES))
    assert len(art) == len(STYLES) * len(CONCEPTS)
    assert all(one.pixels[..., 3].max() == 255 for one in art)


@pytest.mark.slow
@pytest.mark.skipif(not CHECKPOINT.exists(), reason="the shipped checkpoint is not there")
def test_shipped_weights_paint_the_background_that_is_asked() -> None:
    from engine.training.export import load_checkpoint
    from engine.training.networks import MiniShape
    from engine.training.preview import Painter

    vae, unet, text = load_checkpoint(CHECKPOINT, MiniShape())
    asked = cases()[:10]
    prompts = [case.english for case in asked[:5]] + [case.vietnamese for case in asked[5:]]
    pictures = Painter(vae, unet, text, full_rows).paint(prompts, [case.seed for case in asked], steps=10, scale=4.0)
    assert sum(background(picture) == case.colour for picture, case in zip(pictures, asked, strict=True)) >= 9
