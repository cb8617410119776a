"""Depth estimators: names, sizes and numbers of MiDaS's and transformers' files, and what else is brought as one."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.files import Library
from engine.graph.keys import digest
from engine.models.build_depth import make_depth
from engine.models.depth import spread
from engine.models.depth_files import DepthFamily, DepthKind, DepthLayout, depth_layout, inspect_depth, read_layers
from engine.models.dpt_keys import sources
from engine.models.header import ModelFileError
from engine.models.working import MOST, working_size
from tests.models.vision import (
    HYBRID,
    LARGE,
    SMALL,
    TINY_ANYTHING,
    TINY_DPT,
    TINY_HYBRID,
    depth_network,
    leased,
    original,
    write,
)

STEMS = {"dpt": "scratch", "dpt_hybrid": "scratch", "depth_anything": "depth_head"}


def meta(layout: DepthLayout, family: DepthFamily = "dpt") -> nn.Module:
    with torch.device("meta"):
        return make_depth(layout, family)


@pytest.mark.parametrize(("layout", "millions"), [(LARGE, 343.0), (HYBRID, 122.4), (SMALL, 24.8)])
def test_real_sizes_are_told_from_real_names(layout: DepthLayout, millions: float) -> None:
    table = original(dict(meta(layout, "depth_anything_v2").named_parameters()), STEMS[layout.kind])
    kind: DepthKind = "depth_anything" if layout is SMALL else "dpt"
    assert depth_layout("x", kind, {name: tuple(t.shape) for name, t in table.items()}) == layout
    assert sum(t.numel() for t in table.values()) == pytest.approx(millions * 1e6, rel=1e-3)


LARGE_NAMES = {
    "pretrained.model.cls_token": (1, 1, 1024),
    "pretrained.model.pos_embed": (1, 577, 1024),
    "pretrained.model.patch_embed.proj.weight": (1024, 3, 16, 16),
    "pretrained.model.blocks.23.attn.qkv.weight": (3072, 1024),
    "pretrained.model.blocks.0.attn.proj.bias": (1024,),
    "pretrained.model.blocks.5.norm1.weight": (1024,),
    "pretrained.model.blocks.5.mlp.fc1.weight": (4096, 1024),
    "pretrained.model.blocks.5.mlp.fc2.weight": (1024, 4096),
    "pretrained.model.norm.bias": (1024,),
    "pretrained.act_postprocess1.0.project.0.weight": (1024, 2048),
    "pretrained.act_postprocess1.3.weight": (256, 1024, 1, 1),
    "pretrained.act_postprocess1.4.weight": (256, 256, 4, 4),
    "pretrained.act_postprocess2.4.weight": (512, 512, 2, 2),
    "pretrained.act_postprocess4.4.weight": (1024, 1024, 3, 3),
    "scratch.layer1_rn.weight": (256, 256, 3, 3),
    "scratch.layer4_rn.weight": (256, 1024, 3, 3),
    "scratch.refinenet4.out_conv.weight": (256, 256, 1, 1),
    "scratch.refinenet1.resConfUnit2.conv1.bias": (256,),
    "scratch.output_conv.0.weight": (128, 256, 3, 3),
    "scratch.output_conv.2.weight": (32, 128, 3, 3),
    "scratch.output_conv.4.weight": (1, 32, 1, 1),
}
HYBRID_NAMES = {
    "pretrained.model.patch_embed.backbone.stem.conv.weight": (64, 3, 7, 7),
    "pretrained.model.patch_embed.backbone.stem.norm.weight": (64,),
    "pretrained.model.patch_embed.backbone.stages.0.blocks.0.downsample.conv.weight": (256, 64, 1, 1),
    "pretrained.model.patch_embed.backbone.stages.2.blocks.8.conv3.weight": (1024, 256, 1, 1),
    "pretrained.model.patch_embed.backbone.stages.2.blocks.8.norm2.bias": (256,),
    "pretrained.model.patch_embed.proj.weight": (768, 1024, 1, 1),
    "pretrained.model.blocks.11.attn.qkv.bias": (2304,),
    "pretrained.act_postprocess3.0.project.0.weight": (768, 1536),
    "pretrained.act_postprocess3.3.weight": (768, 768, 1, 1),
    "pretrained.act_postprocess4.4.bias": (768,),
    "scratch.layer2_rn.weight": (256, 512, 3, 3),
}
SMALL_NAMES = {
    "pretrained.cls_token": (1, 1, 384),
    "pretrained.mask_token": (1, 384),
    "pretrained.pos_embed": (1, 1370, 384),
    "pretrained.patch_embed.proj.weight": (384, 3, 14, 14),
    "pretrained.blocks.11.attn.qkv.weight": (1152, 384),
    "pretrained.blocks.11.ls2.gamma": (384,),
    "pretrained.blocks.0.mlp.fc1.weight": (1536, 384),
    "pretrained.norm.weight": (384,),
    "depth_head.projects.3.weight": (384, 384, 1, 1),
    "depth_head.resize_layers.0.weight": (48, 48, 4, 4),
    "depth_head.resize_layers.3.weight": (384, 384, 3, 3),
    "depth_head.scratch.layer1_rn.weight": (64, 48, 3, 3),
    "depth_head.scratch.refinenet1.resConfUnit1.conv2.weight": (64, 64, 3, 3),
    "depth_head.scratch.output_conv1.weight": (32, 64, 3, 3),
    "depth_head.scratch.output_conv2.0.weight": (32, 32, 3, 3),
    "depth_head.scratch.output_conv2.2.weight": (1, 32, 1, 1),
}


@pytest.mark.parametrize(
    ("layout", "names", "count"), [(LARGE, LARGE_NAMES, 366), (HYBRID, HYBRID_NAMES, 366), (SMALL, SMALL_NAMES, 239)]
)
def test_names_of_published_files(layout: DepthLayout, names: dict[str, tuple[int, ...]], count: int) -> None:
    table = original(dict(meta(layout, "depth_anything_v2").named_parameters()), STEMS[layout.kind])
    assert {name: tuple(table[name].shape) for name in names} == names
    assert len(table) == count
    assert all(name.startswith(("pretrained.", STEMS[layout.kind])) for name in table)


def test_names_that_transformers_gave_before_and_since() -> None:
    now = "backbone.encoder.layer.3.attention.q_proj.bias"
    before = "backbone.encoder.layer.3.attention.attention.query.bias"
    assert {s.name for s in sources(now)} == {s.name for s in sources(before)} == {
        now, before, "pretrained.blocks.3.attn.qkv.bias",
    }  # fmt: skip
    assert [s.third for s in sources(before)] == [None, None, 0]


CASES = [
    (TINY_DPT, "dpt", (64, 64)),
    (TINY_DPT, "dpt", (96, 96)),
    (TINY_HYBRID, "dpt", (64, 64)),
    (TINY_ANYTHING, "depth_anything_v1", (70, 70)),
    (TINY_ANYTHING, "depth_anything_v2", (70, 98)),
]


@pytest.mark.parametrize(("layout", "family", "size"), CASES)
@pytest.mark.parametrize("form", ["transformers.safetensors", "original.pt"])
def test_numbers_are_those_of_transformers(
    layout: DepthLayout, family: DepthFamily, size: tuple[int, int], form: str, tmp_path: Path
) -> None:
    network = depth_network(layout, family)
    table = network.state_dict()
    path = write(tmp_path / form, original(table, STEMS[layout.kind]) if form == "original.pt" else table)
    x = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    mean = x.new_tensor((0.5,) * 3 if family == "dpt" else (0.485, 0.456, 0.406))[:, None, None]
    deviation = x.new_tensor((0.5,) * 3 if family == "dpt" else (0.229, 0.224, 0.225))[:, None, None]
    with torch.no_grad():
        expected = network(pixel_values=(x - mean) / deviation).predicted_depth
    assert expected.std() > 1e-3
    with leased(path, "depth_estimators", family, "depth") as estimator:
        torch.testing.assert_close(estimator.nearness(x), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("layout", [TINY_DPT, TINY_HYBRID])
def test_pictures_that_are_no_squares_go_through_the_same_layers(layout: DepthLayout, tmp_path: Path) -> None:
    network: Any = depth_network(layout)
    path = write(tmp_path / "x.safetensors", network.state_dict())
    wide = torch.rand(1, 3, 64, 128, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        network.dpt.embeddings.image_size = (64, 128)
        out = network.dpt(wide * 2 - 1, output_hidden_states=True)
        early = out.intermediate_activations or []
        maps = [*early, *(out.hidden_states[i + 1] for i in network.config.backbone_out_indices[len(early) :])]
        expected = network.head(network.neck(maps, 4, 8))
    with leased(path, "depth_estimators", "dpt", "depth") as estimator:
        torch.testing.assert_close(estimator.nearness(wide), expected, rtol=1e-4, atol=1e-6)


def test_which_layers_each_version_reads() -> None:
    assert read_layers(12, last=True) == (9, 10, 11, 12)
    assert read_layers(12) == (3, 6, 9, 12)
    assert read_layers(24) == (5, 12, 18, 24)


@pytest.mark.parametrize(
    ("name", "config", "family"),
    [
        ("depth_anything_vits14.pth", None, "depth_anything_v1"),
        ("depth_anything_v2_vits.pth", None, "depth_anything_v2"),
        ("depth_anything_v2_metric_hypersim_vitl.pth", None, "depth_anything_v2_metric"),
        ("model.safetensors", {"backbone_config": {"out_indices": [5, 6, 7, 8]}}, "depth_anything_v1"),
        ("model.safetensors", {"backbone_config": {"out_indices": [2, 4, 6, 8]}}, "depth_anything_v2"),
        ("model.safetensors", {"depth_estimation_type": "metric"}, "depth_anything_v2_metric"),
        ("model.safetensors", None, "depth_anything_v2"),
    ],
)
def test_versions_are_told_by_config_or_name(
    name: str, config: dict[str, object] | None, family: DepthFamily, tmp_path: Path
) -> None:
    path = write(tmp_path / name, depth_network(TINY_ANYTHING, "depth_anything_v2").state_dict())
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps({"model_type": "depth_anything"} | config))
    assert inspect_depth(path).family == family


def test_metres_become_nearness(tmp_path: Path) -> None:
    network = depth_network(TINY_ANYTHING, "depth_anything_v2_metric")
    path = write(tmp_path / "metric.safetensors", network.state_dict())
    x = torch.rand(1, 3, 70, 70, generator=torch.Generator().manual_seed(3))
    with leased(path, "depth_estimators", "depth_anything_v2_metric", "depth") as estimator:
        near = estimator.nearness(x)
    with torch.no_grad():
        mean, deviation = x.new_tensor((0.485, 0.456, 0.406)), x.new_tensor((0.229, 0.224, 0.225))
        far = network(pixel_values=(x - mean[:, None, None]) / deviation[:, None, None]).predicted_depth
    torch.testing.assert_close(near, 1 / far, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 17), (64, 64), (8000, 5)])
def test_estimates_have_the_pictures_size_and_fill_the_range(size: tuple[int, int], tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", depth_network(TINY_DPT).state_dict())
    told: list[tuple[int, int]] = []
    picture = torch.rand(2, *size, 4, generator=torch.Generator().manual_seed(4))
    with leased(path, "depth_estimators", "dpt", "depth") as estimator:
        depth = estimator.estimate(picture, told=lambda *at: told.append(at))
        alone = estimator.estimate(picture[1:])
    assert depth.shape == (2, *size)
    assert torch.equal(depth[1:], alone)
    assert told == [(1, 2), (2, 2)]
    assert depth.isfinite().all()
    if size != (1, 1):
        assert depth.amin((1, 2)).tolist() == [0, 0]
        assert depth.amax((1, 2)).tolist() == [1, 1]


def test_the_same_depth_everywhere_is_far_not_nan() -> None:
    assert torch.equal(spread(torch.full((1, 3, 3), 7.0)), torch.zeros(1, 3, 3))


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (512, 512, (384, 384)),
        (768, 1024, (384, 512)),
        (1024, 768, (512, 384)),
        (128, 256, (192, 384)),
        (1, 1, (384, 384)),
    ],
)
def test_working_sizes_are_midas_smallest_change(height: int, width: int, expected: tuple[int, int]) -> None:
    assert working_size(height, width, 384, 32) == expected


@pytest.mark.parametrize(("height", "width"), [(8000, 8000), (8000, 1), (1, 8000), (300, 8000), (16384, 200)])
def test_working_sizes_stay_within_reason(height: int, width: int) -> None:
    tall, wide = working_size(height, width, 384, 32)
    assert tall % 32 == wide % 32 == 0
    assert min(tall, wide) >= 32
    assert tall * wide <= 1.2 * MOST * 384**2
    assert math.log(tall / wide) * math.log(max(height, 2) / max(width, 2)) >= 0


WRONG = {
    "a MiDaS model with a BEiT backbone": "pretrained.model.blocks.0.attn.relative_position_bias_table",
    "a MiDaS model of version 2": "pretrained.layer1.0.weight",
    "not a depth estimator": "something.0.weight",
}


@pytest.mark.parametrize("told", WRONG)
def test_other_files_are_named(told: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", {WRONG[told]: torch.zeros(2, 2)})
    with pytest.raises(ModelFileError, match=f"^x.safetensors is {told}.*DPT-hybrid"):
        inspect_depth(path)


def test_a_checkpoint_with_its_estimator_inside_is_one(tmp_path: Path) -> None:
    table = original(depth_network(TINY_HYBRID).state_dict(), "scratch")
    path = write(tmp_path / "x.safetensors", {f"depth_model.model.{name}": t for name, t in table.items()})
    with leased(path, "depth_estimators", "dpt", "depth") as estimator:
        assert estimator.nearness(torch.rand(1, 3, 32, 64)).shape == (1, 32, 64)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: t.pop("neck.convs.2.weight"), 'it has no sound "neck.convs.2.weight"'),
        (lambda t: t.pop("head.head.2.bias"), 'lacks 1 of the .* tensors .*"head.head.2.bias"'),
        (lambda t: t.update({"head.head.2.bias": torch.zeros(7)}), r'"head.head.2.bias" has shape \[7\], not \[32\]'),
        (lambda t: t.update({"dpt.embeddings.cls_token": torch.zeros(3)}), 'no sound "dpt.embeddings.cls_token"'),
    ],
)
def test_files_that_are_not_whole(change: object, told: str, tmp_path: Path) -> None:
    table = dict(depth_network(TINY_DPT).state_dict())
    change(table)  # type: ignore[operator]
    path = write(tmp_path / "x.safetensors", table)
    with pytest.raises(ModelFileError, match=told), leased(path, "depth_estimators", "dpt", "depth"):
        pass


def test_a_renamed_estimator_is_another_file(tmp_path: Path) -> None:
    """What it computes may change with its name, so nothing made with the old one may stand for it."""
    for name in ("depth_anything_vits14.safetensors", "depth_anything_v2_vits.safetensors"):
        write(tmp_path / name, {"a": torch.zeros(1)})
    library = Library({"depth_estimators": [tmp_path], "edge_models": [tmp_path]})
    one, two = (library.ref("depth_estimators", name) for name in library.names("depth_estimators"))
    assert one.digest == two.digest
    assert digest("x", one) != digest("x", two)
    same, other = (library.ref("edge_models", name) for name in library.names("edge_models"))
    assert digest("x", same) == digest("x", other)
