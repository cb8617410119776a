"""Upscalers: every naming of RRDBNet, compact nets, sizes, tiles, and what else is brought as one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from engine.models.header import ModelFileError
from engine.models.upscale import OVERLAP, SMALLEST, Upscaler, ramps, spans
from engine.models.upscale_files import inspect_upscaler
from tests.models.vision import compact, first, later, leased, rrdb, write

PICTURE = torch.rand(1, 13, 10, 3, generator=torch.Generator().manual_seed(1))


def act(x: Tensor) -> Tensor:
    return torch.where(x >= 0, x, 0.2 * x)


def reference(t: dict[str, Tensor], x: Tensor, shuffle: int = 1) -> Tensor:
    """RRDBNet written out from its papers, on tensors in Real-ESRGAN's names."""

    def conv(name: str, x: Tensor) -> Tensor:
        weight = t[f"{name}.weight"]
        return F.conv2d(x, weight, t.get(f"{name}.bias"), padding=weight.shape[-1] // 2)

    def dense(stem: str, x: Tensor) -> Tensor:
        plus = f"{stem}.conv1x1.weight" in t
        seen = [x]
        for i in range(1, 5):
            made = act(conv(f"{stem}.conv{i}", torch.cat(seen, 1)))
            made = made + conv(f"{stem}.conv1x1", x) if plus and i == 2 else made
            seen.append(made + seen[2] if plus and i == 4 else made)
        return x + 0.2 * conv(f"{stem}.conv5", torch.cat(seen, 1))

    if shuffle > 1:
        x = F.pixel_unshuffle(x, shuffle)
    start = deep = conv("conv_first", x)
    block = 0
    while f"body.{block}.rdb1.conv1.weight" in t:
        inner = deep
        for i in (1, 2, 3):
            inner = dense(f"body.{block}.rdb{i}", inner)
        deep, block = deep + 0.2 * inner, block + 1
    x = start + conv("conv_body", deep)
    up = 1
    while f"conv_up{up}.weight" in t:
        x = act(conv(f"conv_up{up}", x.repeat_interleave(2, -1).repeat_interleave(2, -2)))
        up += 1
    return conv("conv_last", act(conv("conv_hr", x)))


NAMINGS: dict[str, Callable[[dict[str, Tensor]], dict[str, Tensor]]] = {"now": dict, "later": later, "first": first}
SIZES: list[tuple[dict[str, Any], int]] = [
    ({"doublings": 2}, 4),
    ({"doublings": 1}, 2),
    ({"doublings": 0}, 1),
    ({"doublings": 3}, 8),
    ({"shuffle": 2}, 2),
    ({"shuffle": 4}, 1),
    ({"plus": True, "blocks": 1}, 4),
]


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize(("size", "scale"), SIZES)
def test_rrdb_in_every_naming(naming: str, size: dict[str, Any], scale: int, tmp_path: Path) -> None:
    tensors = rrdb(**size)
    path = write(tmp_path / "x.pth", NAMINGS[naming](tensors))
    assert inspect_upscaler(path).layout.scale == scale
    picture = PICTURE[:, :12, :8]
    expected = reference(tensors, picture.permute(0, 3, 1, 2), size.get("shuffle", 1)).clamp(0, 1).permute(0, 2, 3, 1)
    assert expected.std() > 0.01
    with leased(path, "upscale_models", "upscaler", "upscaler") as upscaler:
        torch.testing.assert_close(upscaler.enlarge(picture), expected, rtol=1e-4, atol=1e-5)


def test_sides_that_the_shuffle_does_not_divide(tmp_path: Path) -> None:
    tensors = rrdb(shuffle=4)
    path = write(tmp_path / "x.safetensors", tensors)
    filled = F.pad(PICTURE.permute(0, 3, 1, 2), (0, 2, 0, 3), mode="replicate")
    expected = reference(tensors, filled, 4)[..., :13, :10].clamp(0, 1).permute(0, 2, 3, 1)
    with leased(path, "upscale_models", "upscaler", "upscaler") as upscaler:
        torch.testing.assert_close(upscaler.enlarge(PICTURE), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_compact_nets_add_to_the_enlarged_picture(scale: int, tmp_path: Path) -> None:
    tensors = compact(scale=scale)
    path = write(tmp_path / "x.pth", tensors)
    x = PICTURE.permute(0, 3, 1, 2)
    last = max(int(name.split(".")[1]) for name in tensors)
    y = x
    for i in range(0, last, 2):
        y = F.conv2d(y, tensors[f"body.{i}.weight"], tensors[f"body.{i}.bias"], padding=1)
        y = torch.where(y >= 0, y, tensors[f"body.{i + 1}.weight"][:, None, None] * y)
    y = F.conv2d(y, tensors[f"body.{last}.weight"], tensors[f"body.{last}.bias"], padding=1)
    expected = F.pixel_shuffle(y, scale) + x.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
    with leased(path, "upscale_models", "upscaler", "upscaler") as upscaler:
        assert upscaler.scale == scale
        torch.testing.assert_close(
            upscaler.enlarge(PICTURE), expected.clamp(0, 1).permute(0, 2, 3, 1), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("wrap", ["params_ema", "params", "state_dict"])
def test_tables_inside_a_file(wrap: str, tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save({wrap: compact(), "iter": 3}, path)
    assert inspect_upscaler(path).layout.kind == "compact"


def test_the_averaged_table_is_the_one_that_counts(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    torch.save({"params": compact(scale=2), "params_ema": compact(scale=4)}, path)
    with leased(path, "upscale_models", "upscaler", "upscaler") as upscaler:
        assert upscaler.enlarge(PICTURE).shape == (1, 52, 40, 3)


def test_real_sizes_of_the_published_files(tmp_path: Path) -> None:
    plus = inspect_upscaler(write(tmp_path / "x4plus.safetensors", rrdb(64, 32, 23))).layout
    anime = inspect_upscaler(write(tmp_path / "anime.safetensors", rrdb(64, 32, 6))).layout
    assert (plus.channels, plus.growth, plus.blocks, plus.scale) == (64, 32, 23, 4)
    assert anime.blocks == 6
    assert sum(t.numel() for t in rrdb(64, 32, 23).values()) == 16_697_987
    assert sum(t.numel() for t in compact(64, 16).values()) == 621_424


@given(size=st.integers(1, 3000), tile=st.integers(64, 512), scale=st.sampled_from([1, 2, 4]))
def test_tiles_cover_everything_and_their_weights_add_up_to_one(size: int, tile: int, scale: int) -> None:
    axis = spans(size, tile, OVERLAP)
    total = torch.zeros(size * scale)
    for span, weight in zip(axis, ramps(axis, OVERLAP, scale), strict=True):
        assert span.stop - span.start == min(size, tile)
        total[span.start * scale : span.stop * scale] += weight
    assert axis[0].start == 0
    assert axis[-1].stop == size
    assert all(a.stop - b.start >= OVERLAP for a, b in pairwise(axis))
    torch.testing.assert_close(total, torch.ones_like(total))


class Doubled(torch.nn.Module):
    """Enlarges by repeating; sees `reach` pixels around."""

    def __init__(self, reach: int) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.reach = reach
        self.tiles: list[tuple[int, ...]] = []
        self.most = 10_000

    def forward(self, x: Tensor) -> Tensor:
        self.tiles.append(tuple(x.shape[-2:]))
        if max(x.shape[-2:]) > self.most:
            raise torch.OutOfMemoryError("no memory")
        side = 2 * self.reach + 1
        x = F.avg_pool2d(F.pad(x, (self.reach,) * 4, mode="replicate"), side, 1)
        return F.interpolate(x, scale_factor=2, mode="nearest")


def test_tiles_make_what_the_whole_makes_where_the_network_looks_no_further_than_they_share() -> None:
    picture = torch.rand(2, 150, 90, 3, generator=torch.Generator().manual_seed(3))
    network = Doubled(0)
    told: list[tuple[int, int]] = []
    tiled = Upscaler(network, 2).enlarge(picture, lambda *at: told.append(at), tile=64)
    torch.testing.assert_close(tiled, Upscaler(network, 2).enlarge(picture, tile=512))
    assert told[-1] == (16, 16)
    assert [done for done, _ in told] == list(range(1, 17))


def test_no_seam_shows_where_it_looks_a_little_further() -> None:
    picture = torch.rand(1, 200, 120, 3, generator=torch.Generator().manual_seed(4))
    network = Doubled(8)
    difference = Upscaler(network, 2).enlarge(picture, tile=96) - Upscaler(network, 2).enlarge(picture, tile=512)
    assert difference.abs().max() < 0.02


def test_tiles_are_halved_when_memory_runs_out() -> None:
    picture = torch.rand(1, 300, 200, 3, generator=torch.Generator().manual_seed(5))
    network = Doubled(0)
    network.most = 100
    out = Upscaler(network, 2).enlarge(picture, tile=256)
    torch.testing.assert_close(out, picture.repeat_interleave(2, 1).repeat_interleave(2, 2))
    assert max(network.tiles[-1]) == SMALLEST


def test_memory_that_does_not_suffice_for_the_smallest_tile_is_told() -> None:
    network = Doubled(0)
    network.most = 10
    with pytest.raises(torch.OutOfMemoryError):
        Upscaler(network, 2).enlarge(torch.rand(1, 90, 90, 3))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (65, 64)])
def test_pictures_of_any_size(size: tuple[int, int], tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", rrdb(shuffle=2))
    with leased(path, "upscale_models", "upscaler", "upscaler") as upscaler:
        out = upscaler.enlarge(torch.rand(1, *size, 4), tile=64)
    assert out.shape == (1, size[0] * 2, size[1] * 2, 3)
    assert out.isfinite().all()


def without(name: str) -> dict[str, Tensor]:
    return {key: tensor for key, tensor in rrdb().items() if key != name}


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({"something.x": torch.zeros(1)}, r'not an upscaler .*RRDBNet.*"something.x"'),
        ({}, "not an upscaler"),
        (without("conv_hr.bias"), 'lacks 1 of .*"conv_hr.bias"'),
        (without("conv_last.weight"), 'no sound tensor for its "conv_last.weight"'),
        ({**rrdb(), "conv_first.weight": torch.zeros(8, 4, 3, 3)}, "takes 4 channels and makes 3"),
        ({**rrdb(), "conv_hr.weight": torch.zeros(8, 9, 3, 3)}, r'"conv_hr.weight" has shape \[8, 9, 3, 3\]'),
        ({**compact(), "body.8.weight": torch.zeros(47, 8, 3, 3)}, "not a whole SRVGGNetCompact"),
        (rrdb(doublings=0, shuffle=2), "would make pictures smaller"),
    ],
)
def test_files_that_are_of_no_use(tensors: dict[str, Tensor], told: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", tensors)
    with pytest.raises(ModelFileError, match=told), leased(path, "upscale_models", "upscaler", "upscaler"):
        pass


def test_text_with_the_ending_of_a_model(tmp_path: Path) -> None:
    path = tmp_path / "x.pth"
    path.write_text("no model")
    with pytest.raises(ModelFileError, match=r"^x.pth "):
        inspect_upscaler(path)
