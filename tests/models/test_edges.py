"""Soft edges: HED in its two kinds of file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.models.edge_files import HedNaming, hed_names, inspect_edges
from engine.models.header import ModelFileError
from tests.models.vision import HED_WIDTHS, hed, leased, write

VGG = {"One": (0, 2), "Two": (1, 3), "Thr": (1, 3, 5), "Fou": (1, 3, 5), "Fiv": (1, 3, 5)}
PICTURE = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(1))


def reference(t: dict[str, Tensor], naming: HedNaming) -> Tensor:
    """HED written out from its two published codes, for a picture of the size that it is looked at."""
    x = PICTURE.permute(0, 3, 1, 2) * 255
    scores = []
    if naming == "blocks":
        x = x - t["norm"]
        for block, convs in enumerate((2, 2, 3, 3, 3), 1):
            x = F.max_pool2d(x, 2) if block > 1 else x
            for i in range(convs):
                x = F.relu(
                    F.conv2d(x, t[f"block{block}.convs.{i}.weight"], t[f"block{block}.convs.{i}.bias"], padding=1)
                )
            scores.append(F.conv2d(x, t[f"block{block}.projection.weight"], t[f"block{block}.projection.bias"]))
    else:
        x = x[:, [2, 1, 0]] - x.new_tensor([104.00698793, 116.66876762, 122.67891434])[:, None, None]
        for word, layers in VGG.items():
            x = x if word == "One" else F.max_pool2d(x, 2)
            for i in layers:
                x = F.relu(F.conv2d(x, t[f"netVgg{word}.{i}.weight"], t[f"netVgg{word}.{i}.bias"], padding=1))
            scores.append(F.conv2d(x, t[f"netScore{word}.weight"], t[f"netScore{word}.bias"]))
    whole = torch.cat([F.interpolate(s, size=(64, 64), mode="bilinear") for s in scores], 1)
    if naming == "blocks":
        return whole.mean(1).sigmoid()
    return F.conv2d(whole, t["netCombine.0.weight"], t["netCombine.0.bias"])[:, 0].sigmoid()


@pytest.mark.parametrize("naming", ["blocks", "vgg"])
@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_edges_are_those_of_the_published_codes(naming: HedNaming, ending: str, tmp_path: Path) -> None:
    tensors = hed(naming)
    path = write(tmp_path / f"x.{ending}", tensors)
    assert (inspect_edges(path).naming, inspect_edges(path).widths) == (naming, HED_WIDTHS)
    expected = reference(tensors, naming)
    assert expected.std() > 1e-3
    with leased(path, "edge_models", "hed", "edges") as finder:
        torch.testing.assert_close(finder.find(PICTURE, 64), expected, rtol=1e-4, atol=1e-5)


def test_names_of_published_files() -> None:
    blocks, vgg = set(hed_names("blocks").values()), set(hed_names("vgg").values())
    assert {"norm", "block1.convs.1.weight", "block5.convs.2.bias", "block3.projection.bias"} <= blocks
    assert {"netVggOne.2.bias", "netVggFiv.5.weight", "netScoreFou.weight", "netCombine.0.bias"} <= vgg
    assert (len(blocks), len(vgg)) == (37, 38)


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (3, 8000), (50, 33)])
def test_edges_of_pictures_of_any_size(size: tuple[int, int], tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", hed("blocks"))
    with leased(path, "edge_models", "hed", "edges") as finder:
        found = finder.find(torch.rand(2, *size, 4, generator=torch.Generator().manual_seed(2)), 64)
    assert found.shape == (2, *size)
    assert found.isfinite().all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_other_files_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", {"a.weight": torch.zeros(2)})
    with pytest.raises(ModelFileError, match=r'^x.safetensors is not a network that finds soft edges.*"a.weight"'):
        inspect_edges(path)
    cut = {name: tensor for name, tensor in hed("vgg").items() if name != "netVggThr.3.bias"}
    path = write(tmp_path / "y.safetensors", cut)
    with pytest.raises(ModelFileError, match=r"y.safetensors lacks 1"), leased(path, "edge_models", "hed", "edges"):
        pass
