"""Pictures of latents: the linear map, how often, and what a family without factors gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.files import FileRef
from engine.models.families import FAMILIES
from engine.models.handle import ModelHandle
from engine.models.preview import Previews, colours


@dataclass
class State:
    clean: torch.Tensor


@dataclass
class Job:
    handle: Any


def job(family: str) -> Job:
    return Job(ModelHandle(FileRef("checkpoints", "x", "d"), family, "denoiser"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_each_channel_adds_its_colour(dtype: torch.dtype) -> None:
    latent = torch.zeros(2, 1, 3, dtype=dtype)
    latent[0, 0, 1], latent[1, 0, 2] = 1, -2
    pixels = colours(latent, ((0.5, 0, 0), (0, 0.25, 0), (0, 0, -1)))
    assert pixels.tolist() == [[[128, 128, 0], [191, 128, 0], [128, 64, 0]]]


def test_numbers_that_are_none_and_colours_beyond_the_range_are_shown_all_the_same() -> None:
    latent = torch.tensor([[[float("nan"), 99.0, -99.0]]])
    assert colours(latent, ((1, 1, 1), (0, 0, 0)))[0, :, 0].tolist() == [0, 255, 0]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_row_for_each_channel_and_one_more(family: str) -> None:
    row = FAMILIES[family]
    assert len(row.rgb) == row.latent.channels + 1


def test_pictures_come_ten_times_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("engine.models.preview.time.monotonic", lambda: now[0])
    previews, state, made = Previews(512), State(torch.zeros(2, 4, 5, 7)), 0
    for _ in range(100):
        draft = previews(job("sd1"), state)  # type: ignore[arg-type]
        made += draft is not None
        now[0] += 0.01
    assert made == 10


def test_the_size_is_what_the_picture_will_have_or_less() -> None:
    for size, expected in ((512, (56, 40)), (28, (28, 20))):
        draft = Previews(size)(job("mini1"), State(torch.zeros(2, 4, 5, 7)))  # type: ignore[arg-type]
        assert draft is not None
        picture = draft.picture()
        assert (picture.width, picture.height) == expected


def test_what_is_no_family_is_not_shown() -> None:
    assert Previews(512)(Job("handle"), State(torch.zeros(1, 4, 2, 2))) is None  # type: ignore[arg-type]
    assert Previews(512)(job("sd9"), State(torch.zeros(1, 4, 2, 2))) is None  # type: ignore[arg-type]


def test_the_minis_factors_fit_its_own_pictures(mini_pairs: tuple[np.ndarray, np.ndarray]) -> None:
    latents, pictures = mini_pairs
    factors = FAMILIES["mini1"].rgb
    shown = np.stack([colours(torch.from_numpy(latent), factors) for latent in latents]).astype(np.float32)
    error = np.square(shown - pictures).mean()
    assert error < 0.1 * pictures.var(), "a linear map explains nine tenths of the colours"


@pytest.fixture
def mini_pairs(tmp_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Latents of the shipped sample in the sampler's units, and its picture at their size, 0 to 255."""
    from engine.session import Session

    graph = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mini-v1.safetensors"}},
        "2": {"class_type": "LoadImage", "inputs": {"image": "apple.png"}},
        "3": {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["1", 2]}},
        "4": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["1", 2]}},
    }
    with Session(data=tmp_path, disk=0) as session:
        result = session.run(graph, targets=["3", "4"])
    latents = result["3"].samples.numpy() * FAMILIES["mini1"].latent.factor
    picture = result["4"]
    small = picture.reshape(len(picture), picture.shape[1] // 8, 8, picture.shape[2] // 8, 8, 3).mean((2, 4)) * 255
    return latents, small
