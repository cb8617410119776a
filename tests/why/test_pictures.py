"""Two pictures side by side."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.why.pictures import compared, difference, read

RNG = np.random.default_rng(3)
A = RNG.integers(0, 256, (9, 7, 3), dtype=np.uint8)


def test_psnr_is_its_formula() -> None:
    b = np.clip(A.astype(int) + RNG.integers(-20, 21, A.shape), 0, 255).astype(np.uint8)
    found = compared(Image.fromarray(A), Image.fromarray(b))
    error = ((A.astype(float) - b.astype(float)) ** 2).mean()
    assert found is not None
    assert found.psnr == pytest.approx(10 * math.log10(255**2 / error))
    assert found.largest == np.abs(A.astype(int) - b.astype(int)).max()


def test_equal_pictures_and_pictures_of_two_sizes() -> None:
    picture = Image.fromarray(A)
    found = compared(picture, picture.copy())
    assert found is not None
    assert found.equal
    assert found.psnr is None
    assert compared(picture, picture.resize((4, 4))) is None


def test_a_picture_that_differs_only_in_what_is_transparent_is_not_equal() -> None:
    see_through = Image.fromarray(A).convert("RGBA")
    see_through.putalpha(128)
    found = compared(Image.fromarray(A), see_through)
    assert found is not None
    assert not found.equal


def test_the_difference_is_stretched_to_white() -> None:
    b = A.copy()
    b[2, 3] = np.clip(b[2, 3].astype(int) - 1, 0, 255)
    seen = np.asarray(difference(Image.fromarray(A), Image.fromarray(b)))
    assert seen[2, 3].max() == 255
    assert seen.sum() == seen[2, 3].sum()


def test_a_file_that_is_gone_or_none_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    assert read(tmp_path / "a.png") is None
    assert read(tmp_path / "b.png") is None
