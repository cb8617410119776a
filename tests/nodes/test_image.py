"""Pictures: what files hold is what flows, and what flows is what files hold."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pil

from engine.files import Library
from engine.graph.graph import Graph
from engine.workflow.png_text import png_texts
from nodes import pictures
from nodes.image import image_batch, image_invert, image_scale, load_image
from nodes.output import preview_image, save_image
from nodes.resize import IMAGE_METHODS
from tests.nodes.desk import Desk


@pytest.fixture
def bare(tmp_path: Path) -> Desk:
    return Desk(Library({"input": [tmp_path]}))


def colours(h: int, w: int, c: int = 3, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, (h, w, c), dtype=np.uint8)


def loaded(context: Desk, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    return load_image(image=context.library.ref("input", name), context=context)


def floats(array: np.ndarray[Any, Any]) -> torch.Tensor:
    return torch.from_numpy(array).float() / 255


@pytest.mark.parametrize("ending", ["png", "bmp", "tiff", "webp"])
def test_colours_come_exactly(tmp_path: Path, bare: Desk, ending: str) -> None:
    rgb = colours(5, 7)
    Pil.fromarray(rgb).save(tmp_path / f"x.{ending}", lossless=True)
    picture, mask = loaded(bare, f"x.{ending}")
    assert picture.dtype == torch.float32
    assert torch.equal(picture[0], floats(rgb))
    assert mask.shape == (1, 5, 7)
    assert not mask.any()


def test_alpha_becomes_the_mask_turned_round(tmp_path: Path, bare: Desk) -> None:
    rgba = colours(4, 4, 4)
    Pil.fromarray(rgba).save(tmp_path / "x.png")
    picture, mask = loaded(bare, "x.png")
    assert torch.equal(picture[0], floats(rgba[..., :3]))
    assert torch.allclose(mask[0], 1 - floats(rgba[..., 3]))


def test_a_palette_with_a_transparent_colour_has_a_mask(tmp_path: Path, bare: Desk) -> None:
    image = Pil.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "x.png", transparency=0)
    picture, mask = loaded(bare, "x.png")
    assert mask[0].tolist() == [[1, 0]]
    assert picture[0, 0, 1].tolist() == [0, 0, 1]


def test_grey_of_16_bits_keeps_them(tmp_path: Path, bare: Desk) -> None:
    grey = np.array([[0, 1, 256, 65535]], dtype=np.uint16)
    Pil.fromarray(grey).save(tmp_path / "x.png")
    picture, _ = loaded(bare, "x.png")
    assert torch.allclose(picture[0, 0, :, 0], torch.tensor([0, 1, 256, 65535]) / 65535)
    assert torch.equal(picture[..., 0], picture[..., 2])


def test_the_cameras_orientation_is_applied(tmp_path: Path, bare: Desk) -> None:
    exif = Pil.Exif()
    exif[0x0112] = 6
    Pil.fromarray(colours(8, 16)).save(tmp_path / "x.jpg", exif=exif)
    assert loaded(bare, "x.jpg")[0].shape == (1, 16, 8, 3)
    assert pictures.size(tmp_path / "x.jpg", "x") == (8, 16)


@pytest.mark.parametrize("ending", ["gif", "png", "webp"])
def test_an_animation_is_a_batch_of_frames(tmp_path: Path, bare: Desk, ending: str) -> None:
    frames = [Pil.new("RGB", (6, 4), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / f"x.{ending}", save_all=True, append_images=frames[1:], lossless=True, duration=50)
    picture, _ = loaded(bare, f"x.{ending}")
    assert picture.shape == (3, 4, 6, 3)
    assert picture[:, 0, 0].argmax(-1).tolist() == [0, 1, 2]


def test_a_text_file_is_no_picture(tmp_path: Path, bare: Desk) -> None:
    (tmp_path / "x.png").write_text("hello")
    with pytest.raises(pictures.PictureError, match=r'"x\.png" is no picture that can be read'):
        loaded(bare, "x.png")
    assert pictures.size(tmp_path / "x.png", "x") is None


def test_a_picture_cut_short_is_broken(tmp_path: Path, bare: Desk) -> None:
    Pil.fromarray(colours(64, 64)).save(tmp_path / "x.png")
    data = (tmp_path / "x.png").read_bytes()
    (tmp_path / "x.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(pictures.PictureError, match="broken"):
        loaded(bare, "x.png")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("width", "height"), [(20000, 10), (12000, 12000), (60000, 60000)])
def test_a_small_file_that_claims_many_pixels_is_refused(tmp_path: Path, bare: Desk, width: int, height: int) -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (tmp_path / "x.png").write_bytes(data)
    with pytest.raises(pictures.PictureError, match="too large"):
        loaded(bare, "x.png")


def test_frames_count_together(tmp_path: Path, bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 60)
    frames = [Pil.new("RGB", (5, 5), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(pictures.PictureError, match="too large"):
        loaded(bare, "x.gif")


def test_a_saved_picture_comes_back_with_its_text(tmp_path: Path, bare: Desk) -> None:
    bare.metadata = {"prompt": '{"1": {}}', "inkwater": '{"1": {"title": "Füchse 狐"}}'}
    image = torch.rand(2, 3, 5, 3, generator=torch.Generator().manual_seed(0))
    shown = save_image(images=image, filename_prefix="a_%width%x%height%_%batch_num%", context=bare)
    assert [entry["filename"] for entry in shown["images"]] == ["a_5x3_0_00001_.png", "a_5x3_1_00002_.png"]
    assert bare.told == [(1, 2), (2, 2)]
    for name, data in bare.files.items():
        (tmp_path / Path(name).name).write_bytes(data)
    picture, _ = loaded(bare, "a_5x3_1_00002_.png")
    assert torch.allclose(picture[0], image[1], atol=0.5 / 255 + 1e-6)
    assert png_texts(tmp_path / "a_5x3_1_00002_.png") == bare.metadata
    with Pil.open(tmp_path / "a_5x3_1_00002_.png") as file:
        assert file.text == bare.metadata


def test_without_metadata_nothing_is_written_into_the_file(tmp_path: Path, bare: Desk) -> None:
    bare.graph = Graph.from_api({"1": {"class_type": "SaveImage", "inputs": {}}})
    save_image(images=torch.zeros(1, 2, 2, 3), context=bare)
    (name, data), *_ = bare.files.items()
    assert name == "output/Inkwater_00001_.png"
    (tmp_path / "x.png").write_bytes(data)
    assert png_texts(tmp_path / "x.png") == {}


def test_a_preview_goes_to_temp(bare: Desk) -> None:
    shown = preview_image(images=torch.zeros(1, 2, 2, 4), context=bare)
    assert shown["images"][0]["type"] == "temp"
    assert [*bare.files] == ["temp/preview_00001_.png"]


def test_values_outside_0_to_1_are_clipped() -> None:
    odd = torch.tensor([-1.0, 2.0, float("nan"), float("inf"), 0.5, 1.0])
    assert pictures.to_bytes(odd).tolist() == [0, 255, 0, 255, 128, 255]


@pytest.mark.parametrize("method", IMAGE_METHODS)
def test_scaling(method: str) -> None:
    image = torch.rand(2, 6, 8, 3, generator=torch.Generator().manual_seed(1))
    scaled = image_scale(image=image, upscale_method=method, width=16, height=12)
    assert scaled.shape == (2, 12, 16, 3)
    assert 0 <= scaled.min() <= scaled.max() <= 1
    flat = torch.full((1, 5, 5, 3), 0.3)
    assert torch.allclose(
        image_scale(image=flat, upscale_method=method, width=9, height=3), torch.tensor(0.3), atol=1e-6
    )


def test_scaling_keeps_proportions_where_a_side_is_0() -> None:
    image = torch.zeros(1, 6, 8, 3)
    assert image_scale(image=image, width=0, height=3).shape == (1, 3, 4, 3)
    assert image_scale(image=image, width=16, height=0).shape == (1, 12, 16, 3)
    assert image_scale(image=image, width=0, height=0) is image


def test_a_centred_crop_drops_the_sides() -> None:
    image = torch.zeros(1, 4, 8, 3)
    image[:, :, 2:6] = 1
    assert image_scale(image=image, width=4, height=4, crop="center").min() == 1
    assert image_scale(image=image, width=4, height=4, crop="disabled").min() == 0


def test_a_crop_to_extreme_proportions_leaves_a_pixel() -> None:
    image = floats(colours(20, 30))[None]
    assert image_scale(image=image, width=1, height=400, crop="center").shape == (1, 400, 1, 3)
    assert image_scale(image=image, width=400, height=1, crop="center").shape == (1, 1, 400, 3)


def test_lanczos_keeps_more_than_8_bits() -> None:
    fine = torch.linspace(0.5, 0.501, 64).reshape(1, 1, 64, 1).expand(1, 4, 64, 3)
    assert len(image_scale(image=fine, upscale_method="lanczos", width=64, height=8)[0, 0, :, 0].unique()) > 32


def test_a_batch_takes_the_size_of_the_first() -> None:
    first, second = torch.zeros(2, 4, 6, 3), torch.ones(1, 8, 8, 4)
    both = image_batch(image1=first, image2=second)
    assert both.shape == (3, 4, 6, 4)
    assert both[:2, ..., 3].min() == 1
    assert torch.equal(both[2], torch.ones(4, 6, 4))


def test_inverting_twice_is_nothing() -> None:
    image = torch.tensor([0.0, 0.25, 1.0]).reshape(1, 1, 1, 3)
    assert image_invert(image=image).flatten().tolist() == [1.0, 0.75, 0.0]
    assert torch.equal(image_invert(image=image_invert(image=image)), image)
