from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.models import tiled
from engine.models.handle import ModelHandle
from engine.models.manager import ModelManager
from engine.models.precision import policy
from engine.models.vae import VaeModule, crop
from tests.models import make
from tests.models.test_build import loaded, oracle


@pytest.fixture
def vae(manager: ModelManager, handles: dict[str, ModelHandle]) -> Iterator[VaeModule]:
    with manager.lease(handles["vae"]) as (module,):
        yield module


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> VaeModule:
    path = make.write_checkpoint(tmp_path_factory.mktemp("vae") / "a.safetensors", make.UNEVEN, parts=("vae",))
    return VaeModule(loaded(path, "vae"))


@torch.no_grad()
def test_encode_and_decode_are_diffusers(vae: VaeModule) -> None:
    theirs: Any = oracle(make.TINY, "vae")
    image = torch.rand(2, 64, 48, 3)
    raw = vae.encode(image)
    expected = theirs.encode(image.permute(0, 3, 1, 2) * 2 - 1).latent_dist.mean
    torch.testing.assert_close(raw, expected, rtol=1e-4, atol=1e-5)
    back = (theirs.decode(raw).sample.permute(0, 2, 3, 1) / 2 + 0.5).clamp(0, 1)
    torch.testing.assert_close(vae.decode(raw), back, rtol=1e-4, atol=1e-5)


def test_a_picture_does_not_depend_on_its_batch(vae: VaeModule) -> None:
    z = torch.randn(3, 4, 8, 8)
    assert torch.equal(vae.decode(z)[1:2], vae.decode(z[1:2]))


def test_sides_are_cut_around_the_middle_and_alpha_is_dropped(vae: VaeModule) -> None:
    image = torch.rand(1, 70, 41, 4)
    assert torch.equal(vae.encode(image), vae.encode(image[:, 3:67, :40, :3]))
    with pytest.raises(ValueError, match="7×64 is too small"):
        crop(torch.rand(1, 64, 7, 3), 8)


@pytest.mark.parametrize("side", [64, 96, 136])
@pytest.mark.parametrize("shape", [(1, 4, 24, 16), (2, 4, 13, 9)])
def test_tiled_decoding_is_plain_decoding(uneven: VaeModule, shape: tuple[int, ...], side: int) -> None:
    z = 3 * torch.randn(shape)
    z[:, :, :8] += 4  # one part unlike the rest: norms of a tile alone would differ
    plain = uneven.decode(z)
    assert (uneven.decode_tiled(z, side) - plain).abs().max() < 1e-4
    assert plain.std() > 0.1


@pytest.mark.parametrize("side", [64, 96])
def test_tiled_encoding_is_plain_encoding(uneven: VaeModule, side: int) -> None:
    image = torch.rand(1, 136, 104, 3)
    image[:, :50] = 0
    torch.testing.assert_close(uneven.encode_tiled(image, side), uneven.encode(image), rtol=1e-3, atol=1e-4)


def test_tiles_in_half_precision_stay_within_two_levels(tmp_path: Path) -> None:
    path = make.write_checkpoint(tmp_path / "a.safetensors", make.TINY, parts=("vae",))
    half = VaeModule(loaded(path, "vae", policy("cpu", "fp16")))
    z = torch.randn(1, 4, 12, 9)
    assert (half.decode_tiled(z, 64) - half.decode(z)).abs().max() < 2 / 255


def test_tiles_alone_would_not_do(uneven: VaeModule) -> None:
    """The test above has something to find: each tile through the plain decoder differs by far more than 2/255."""
    z = 3 * torch.randn(1, 4, 24, 12)
    z[:, :, :8] += 4
    alone = uneven.decode(z[:, :, :12])
    assert (alone[:, :48] - uneven.decode(z)[:, :48]).abs().max() > 10 / 255


def test_no_layer_sees_more_than_a_tile(uneven: VaeModule, monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 0
    convolve = tiled.F.conv2d

    def spy(x: torch.Tensor, *args: Any) -> torch.Tensor:
        nonlocal largest
        largest = max(largest, x.shape[2], x.shape[3])
        return convolve(x, *args)

    monkeypatch.setattr(tiled.F, "conv2d", spy)
    uneven.decode_tiled(torch.randn(1, 4, 18, 18), 64)
    assert 64 < largest <= 66


def test_an_overflow_in_half_precision_is_decoded_again_in_full(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = make.write_checkpoint(tmp_path / "a.safetensors", make.TINY, parts=("vae",))
    half, full = VaeModule(loaded(path, "vae", policy("cpu", "fp16"))), VaeModule(loaded(path, "vae"))
    for module in (half, full):
        blow_up(module.module.decoder)
    z = torch.randn(1, 4, 8, 8)
    with caplog.at_level(logging.WARNING, "inkwater.models"):
        found = half.decode(z)
    assert found.isfinite().all()
    assert (found - full.decode(z)).abs().max() < 0.02
    assert half.dtype == torch.float16
    assert "once more in float32" in caplog.text
    assert (half.decode_tiled(z, 64) - found).abs().max() < 1e-3


def blow_up(decoder: Any) -> None:
    """Make the first feature map overflow fp16 and no later one notice: norms take the scale out again."""
    with torch.no_grad():
        conv: nn.Conv2d = decoder.conv_in
        conv.weight.mul_(30_000)
        attention = decoder.mid_block.attentions[0]
        attention.to_out[0].weight.zero_()
