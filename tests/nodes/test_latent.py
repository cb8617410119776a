"""Latents: sizes, resizing, files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save_file

from engine.diffusion.types import Latent
from engine.files import Library
from nodes import resize
from nodes.latent import empty_latent_image, latent_upscale, latent_upscale_by
from nodes.latent_file import LatentFileError, read, write
from nodes.output import load_latent, save_latent
from tests.nodes.desk import Desk


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_an_empty_latent_has_a_cell_for_8_pixels() -> None:
    latent = empty_latent_image(width=136, height=71, batch_size=3)
    assert latent.samples.shape == (3, 4, 8, 17)
    assert not latent.samples.any()


@pytest.mark.parametrize(
    ("width", "height", "cells"),
    [(128, 64, (8, 16)), (0, 128, (16, 24)), (96, 0, (8, 12)), (8, 8, (8, 8)), (100, 80, (10, 12))],
)
def test_upscale_to_a_size_in_pixels(width: int, height: int, cells: tuple[int, int]) -> None:
    """A side of 0 keeps the proportions (here 12 × 8 cells); no side is below 64 pixels, as in ComfyUI."""
    latent = Latent(noise(2, 4, 8, 12))
    assert latent_upscale(samples=latent, width=width, height=height).samples.shape[2:] == cells


def test_upscale_to_0_by_0_changes_nothing() -> None:
    latent = Latent(noise(1, 4, 8, 12))
    assert latent_upscale(samples=latent, width=0, height=0) is latent


@pytest.mark.parametrize("method", resize.LATENT_METHODS)
def test_upscale_by_a_factor_keeps_all_else(method: str) -> None:
    mask = torch.ones(1, 8, 12)
    latent = Latent(noise(1, 4, 8, 12), noise_mask=mask, batch_index=(7,))
    grown = latent_upscale_by(samples=latent, upscale_method=method, scale_by=1.5)
    assert grown.samples.shape == (1, 4, 12, 18)
    assert grown.noise_mask is mask
    assert grown.batch_index == (7,)
    assert latent_upscale_by(samples=latent, scale_by=0.01).samples.shape == (1, 4, 1, 1)


@pytest.mark.parametrize("method", resize.LATENT_METHODS)
def test_a_constant_latent_stays_constant(method: str) -> None:
    flat = noise(1, 4, 1, 1).expand(1, 4, 6, 5)
    grown = resize.resize(flat, 11, 9, method)
    assert torch.allclose(grown, flat[..., :1, :1].expand(1, 4, 9, 11), atol=1e-5)


def test_bislerp_keeps_lengths_where_straight_lines_shorten() -> None:
    """Between orthogonal unit vectors the arc has length 1 throughout, the line 1/√2 in the middle."""
    pair = torch.zeros(1, 2, 1, 2)
    pair[0, 0, 0, 0] = pair[0, 1, 0, 1] = 1
    bent = resize.bislerp(pair, 5, 1)
    assert torch.allclose(bent.norm(dim=1), torch.ones(1, 1, 5), atol=1e-6)
    assert torch.allclose(bent[0, :, 0, 2], torch.full((2,), 0.5**0.5), atol=1e-6)
    assert resize.resize(pair, 5, 1, "bilinear").norm(dim=1).min() < 0.8


def test_bislerp_is_linear_in_length_on_one_ray() -> None:
    ray = noise(1, 4, 1, 1) * torch.tensor([1.0, 3.0])
    line = resize.resize(ray, 7, 1, "bilinear")
    assert torch.allclose(resize.bislerp(ray, 7, 1), line, atol=1e-5)


def test_bislerp_of_opposite_and_zero_vectors_is_finite() -> None:
    v = noise(1, 4, 1, 1)
    for pair in (torch.cat([v, -v], -1), torch.cat([v, 0 * v], -1), torch.zeros(1, 4, 1, 2)):
        assert torch.isfinite(resize.bislerp(pair, 9, 3)).all()


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 20), st.integers(1, 20))
def test_bislerp_turns_with_the_channels(h: int, w: int, height: int, width: int) -> None:
    """A rotation of the channel space before or after is the same: only angles and lengths count."""
    x = noise(1, 4, h, w, seed=h * 10 + w)
    turn = torch.linalg.qr(noise(4, 4, seed=1))[0]

    def turned(y: torch.Tensor) -> torch.Tensor:
        return torch.einsum("ij,bjhw->bihw", turn, y)

    assert torch.allclose(resize.bislerp(turned(x), width, height), turned(resize.bislerp(x, width, height)), atol=1e-4)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_a_centred_crop_has_the_new_proportions(w: int, h: int, width: int, height: int) -> None:
    x = torch.zeros(1, 1, h * 4, w * 4)
    cut = resize.crop_to_proportions(x, width, height)
    assert cut.shape[-1] == w * 4 or cut.shape[-2] == h * 4
    ideal_w, ideal_h = min(w * 4, h * 4 * width / height), min(h * 4, w * 4 * height / width)
    assert abs(cut.shape[-1] - ideal_w) <= 1.5
    assert abs(cut.shape[-2] - ideal_h) <= 1.5


def test_a_saved_latent_is_comfyuis_format_and_comes_back(tmp_path: Path, bare: Desk) -> None:
    latent = Latent(noise(2, 4, 3, 5), noise_mask=torch.ones(1, 3, 5), batch_index=(4, 9))
    shown = save_latent(samples=latent, filename_prefix="x", context=bare)
    assert shown == {"latents": [{"filename": "x_00001_.latent", "subfolder": "", "type": "output"}]}
    data = bare.files["output/x_00001_.latent"]
    assert load(data)["latent_format_version_0"].numel() == 0
    assert torch.equal(load(data)["latent_tensor"], latent.samples)
    (tmp_path / "x.latent").write_bytes(data)
    back = load_latent(latent=bare.library.ref("input", "x.latent"), context=bare)
    assert torch.equal(back.samples, latent.samples)
    assert torch.equal(back.noise_mask, latent.noise_mask)
    assert back.batch_index == (4, 9)


def test_old_latent_files_are_scaled(tmp_path: Path) -> None:
    save_file({"latent_tensor": torch.full((1, 4, 2, 2), 0.18215)}, tmp_path / "old.latent")
    assert torch.allclose(read(tmp_path / "old.latent", "old").samples, torch.ones(1, 4, 2, 2))


def test_the_workflow_is_in_the_header(tmp_path: Path) -> None:
    from safetensors import safe_open

    (tmp_path / "x.latent").write_bytes(write(Latent(noise(1, 4, 2, 2)), {"prompt": '{"1": "ü"}'}))
    with safe_open(tmp_path / "x.latent", "pt") as file:
        assert file.metadata() == {"prompt": '{"1": "ü"}'}


@pytest.mark.parametrize("data", [b"", b"no latent at all", b"\xff" * 64])
def test_a_file_that_is_no_latent_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(LatentFileError, match=r"is no \.latent file"):
        read(tmp_path / "x", "x")


def test_a_file_without_latents_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(2)}, tmp_path / "x")
    with pytest.raises(LatentFileError, match="holds no latents"):
        read(tmp_path / "x", "x")


@pytest.fixture
def bare(tmp_path: Path) -> Desk:
    return Desk(Library({"input": [tmp_path]}))
