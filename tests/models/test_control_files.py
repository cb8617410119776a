"""ControlNets' files: recognised from headers, built from every naming, refused in plain words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.diffusion.types import ControlRows
from engine.files import Library
from engine.models.build_control import control
from engine.models.control import ControlModule, Steered
from engine.models.control_files import MODES, ControlLayout, facts, inspect_control
from engine.models.fill import Numbers, fill
from engine.models.handle import ModelHandle, Patch
from engine.models.header import ModelFileError
from engine.models.load import make_manager
from engine.models.precision import Policy, policy
from tests.models import controls, make, members

FULL = policy("cpu", "full")
V1 = replace(controls.layout("sd1"), widths=(32, 32), attention=(1, None))


def handle(path: Path, family: str = "sd1") -> ModelHandle:
    return ModelHandle(Library({"controlnet": (path.parent,)}).ref("controlnet", path.name), family, "control")


def loaded(path: Path, family: str = "sd1") -> ControlModule:
    draft = control(path, handle(path, family), FULL)
    fill(draft.module, Numbers(path.name, draft.tensors), FULL, torch.float32)
    made: ControlModule = draft.wrap(draft.module)
    return made


def residuals(net: ControlModule, mode: str = "auto", hint: Tensor | None = None) -> list[Tensor]:
    """Of two rows of noise."""
    noise = torch.Generator().manual_seed(1)

    def numbers(*shape: int) -> Tensor:
        return torch.randn(shape, generator=noise)

    config: Any = net.module.config
    x, embeds, pooled, shown = (
        numbers(2, 4, 4, 4),
        numbers(2, 77, config.cross_attention_dim),
        None,
        numbers(2, 3, 32, 32),
    )
    extras = None
    if config.addition_embed_type is not None:
        pooled, extras = numbers(2, 1280), {"time_ids": numbers(2, 6)}
    rows = ControlRows("c", shown if hint is None else hint, torch.tensor([1.0, 0.5]), mode)
    made = net(rows, x, torch.tensor([900.0, 20.0]), embeds, pooled, extras)
    return [*made.down, made.middle]


@pytest.mark.parametrize("prefix", ["control_model.", ""])
def test_both_namings_hold_the_same_network(tmp_path: Path, prefix: str) -> None:
    here = controls.write_layout(tmp_path / "a.safetensors", V1, "sd1")
    there = controls.write_layout(tmp_path / "b.safetensors", V1, "sd1", "ldm", prefix=prefix)
    assert inspect_control(there) == replace(inspect_control(here), naming="ldm", prefix=prefix)
    ours, expected = (dict(loaded(path).module.named_parameters()) for path in (there, here))
    assert ours.keys() == expected.keys()
    assert all(torch.equal(ours[name], expected[name]) for name in expected)


def test_the_original_names_are_those_that_diffusers_converts(tmp_path: Path) -> None:
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    path = controls.write(tmp_path / "a.safetensors", "sd1", "ldm")
    convert: Any = convert_controlnet_checkpoint
    theirs = convert(load_file(path), {"layers_per_block": 2})
    ours = dict(loaded(path).module.named_parameters())
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name].flatten(), theirs[name].flatten()) for name in ours)


def test_a_pickle_is_read_too(tmp_path: Path) -> None:
    tensors = load_file(controls.write_layout(tmp_path / "a.safetensors", V1, "sd1", "ldm"))
    torch.save({"state_dict": tensors}, tmp_path / "control.pth")
    assert inspect_control(tmp_path / "control.pth").layout == V1
    assert len(residuals(loaded(tmp_path / "control.pth"))) == 7


@pytest.mark.parametrize("naming", ["ldm", "diffusers"])
@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl", "sdxl_refiner"])
@pytest.mark.parametrize("modes", [0, 8])
def test_full_size_files_are_recognised_from_their_headers(tmp_path: Path, name: str, naming: str, modes: int) -> None:
    layout = controls.layout(name, modes, members.FULL)
    path = make.write_header(tmp_path / "full.safetensors", controls.shapes(layout, name, naming))
    found = inspect_control(path)
    assert (found.family, found.layout, found.naming) == (name, layout, naming)
    assert facts(path, path.name)["modes"] == modes


def test_full_size_has_the_numbers_that_were_published(tmp_path: Path) -> None:
    path = make.write_header(
        tmp_path / "full.safetensors", controls.shapes(controls.layout("sd1", 0, members.FULL), "sd1", "ldm"), "fp16"
    )
    assert inspect_control(path).nbytes == 2 * 361_279_120


def test_small_controlnets_have_no_attention(tmp_path: Path) -> None:
    layout = controls.without_attention("sdxl")
    path = controls.write_layout(tmp_path / "small.safetensors", layout, "sdxl")
    assert (inspect_control(path).family, inspect_control(path).layout) == ("sdxl", layout)
    assert len(residuals(loaded(path, "sdxl"))) == 10


def test_attention_without_transformer_blocks_is_kept(tmp_path: Path) -> None:
    layout = replace(controls.layout("sdxl"), attention=(None, 0, 2))
    path = controls.write_layout(tmp_path / "mid.safetensors", layout, "sdxl")
    assert inspect_control(path).layout == layout
    assert not residuals(loaded(path, "sdxl"))[-1].isnan().any()


@torch.no_grad()
@pytest.mark.parametrize("mode", ["auto", *MODES])
def test_what_a_union_makes_of_a_row_depends_on_that_row_alone(tmp_path: Path, mode: str) -> None:
    path = controls.write(tmp_path / "union.safetensors", "sdxl", modes=8)
    net, one = loaded(path, "sdxl"), torch.rand(2, 3, 32, 32)
    other = torch.cat([one[:1], torch.rand(1, 3, 32, 32)])
    for a, b in zip(residuals(net, mode, one), residuals(net, mode, other), strict=True):
        torch.testing.assert_close(a[:1], b[:1])
        assert not torch.allclose(a[1:], b[1:])


def test_a_union_refuses_a_type_that_it_does_not_know(tmp_path: Path) -> None:
    path = controls.write(tmp_path / "union.safetensors", "sdxl", modes=6)
    with pytest.raises(ValueError, match=r'union\.safetensors knows no hints of type "tile"; it knows openpose, depth'):
        residuals(loaded(path, "sdxl"), "tile")


@torch.no_grad()
def test_shuffle_averages_over_the_picture_and_config_may_say_so(tmp_path: Path) -> None:
    plain = controls.write_layout(tmp_path / "plain.safetensors", V1, "sd1")
    named = controls.write_layout(tmp_path / "control_v11e_sd15_shuffle.safetensors", V1, "sd1")
    told = controls.write_layout(tmp_path / "folder" / "diffusion_pytorch_model.safetensors", V1, "sd1")
    (told.parent / "config.json").write_text('{"_class_name": "ControlNetModel", "global_pool_conditions": true}')
    expected = [map.mean((2, 3), keepdim=True) for map in residuals(loaded(plain))]
    for path in (named, told):
        for found, wanted in zip(residuals(loaded(path)), expected, strict=True):
            torch.testing.assert_close(found, wanted)


@torch.no_grad()
def test_config_may_say_that_colours_are_the_other_way_round(tmp_path: Path) -> None:
    plain = controls.write_layout(tmp_path / "plain.safetensors", V1, "sd1")
    told = controls.write_layout(tmp_path / "folder" / "diffusion_pytorch_model.safetensors", V1, "sd1")
    (told.parent / "config.json").write_text(
        '{"_class_name": "ControlNetModel", "controlnet_conditioning_channel_order": "bgr"}'
    )
    hint = torch.rand(2, 3, 32, 32)
    found, wanted = residuals(loaded(told), hint=hint), residuals(loaded(plain), hint=hint.flip(1))
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


@torch.no_grad()
def test_strength_counts_by_row(tmp_path: Path) -> None:
    net = loaded(controls.write_layout(tmp_path / "a.safetensors", V1, "sd1"))
    hint = torch.rand(1, 3, 32, 32).repeat(2, 1, 1, 1)
    x, time, embeds = torch.randn(1, 4, 4, 4).repeat(2, 1, 1, 1), torch.tensor([5.0, 5.0]), torch.ones(2, 77, 768)
    made = net(ControlRows("c", hint, torch.tensor([1.0, 0.25])), x, time, embeds, None, None)
    torch.testing.assert_close(made.middle[1], made.middle[0] * 0.25, rtol=1e-4, atol=1e-6)


REFUSED: dict[str, tuple[dict[str, tuple[int, ...]], str]] = {
    "lora": ({"lora_unet_mid.alpha": (1,)}, "is a LoRA; load it with LoraLoader"),
    "lllite": ({"lllite_unet_input.conditioning1.0.weight": (1,)}, "is a ControlNet-LLLite"),
    "adapter": ({"body.0.in_conv.weight": (1,)}, "is a T2I-Adapter"),
    "adapter-folder": ({"adapter.body.0.resnets.0.block1.weight": (1,)}, "is a T2I-Adapter"),
    "control-lora": ({"lora_controlnet": (0,), "input_hint_block.0.weight": (16, 3, 3, 3)}, "is a Control-LoRA"),
    "flux": ({"controlnet_blocks.0.weight": (8, 8)}, "is a ControlNet for Stable Diffusion 3, Flux or the like"),
    "checkpoint": (
        {"model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3)},
        "is a checkpoint; load it with CheckpointLoader",
    ),
    "nothing": ({}, "is not a ControlNet; its tensors are named like nothing"),
    "other": ({"a.weight": (1,)}, 'is not a ControlNet; its tensors are named like "a.weight"'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused_by_what_they_are(tmp_path: Path, name: str) -> None:
    table, reason = REFUSED[name]
    path = make.write(tmp_path / f"{name}.safetensors", table)
    with pytest.raises(ModelFileError, match=rf"^{name}.safetensors {reason}"):
        inspect_control(path)


def changed(tmp_path: Path, change: Any) -> Path:
    tensors = load_file(controls.write_layout(tmp_path / "a.safetensors", V1, "sd1", "ldm", prefix=""))
    change(tensors)
    save_file(tensors, tmp_path / "b.safetensors")
    return tmp_path / "b.safetensors"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    path = changed(tmp_path, lambda tensors: tensors.pop("zero_convs.1.0.weight"))
    with pytest.raises(ModelFileError, match=r"b\.safetensors lacks 1 of the .* tensors of a ControlNet"):
        loaded(path)
    path = changed(tmp_path, lambda tensors: tensors.pop("input_blocks.0.0.weight"))
    with pytest.raises(
        ModelFileError, match=r'not a whole ControlNet: the tensor "input_blocks\.0\.0\.weight" is missing'
    ):
        inspect_control(path)


def test_hints_and_latents_of_other_channels_are_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, lambda t: t.update({"input_hint_block.0.weight": torch.zeros(16, 6, 3, 3)}))
    with pytest.raises(ModelFileError, match="it reads hints of 6 channels"):
        inspect_control(path)
    path = changed(tmp_path, lambda t: t.update({"input_blocks.0.0.weight": torch.zeros(32, 9, 3, 3)}))
    with pytest.raises(ModelFileError, match="it reads latents of 9 channels"):
        inspect_control(path)


def test_a_controlnet_of_no_known_family_is_told_by_its_widths(tmp_path: Path) -> None:
    layout = replace(V1, context=4096)
    table = {name: tuple(p.shape) for name, p in controls.module(layout, "sd1").named_parameters()}
    path = make.write_header(tmp_path / "new.safetensors", table)
    with pytest.raises(ModelFileError, match="reads text of width 4096 and a vector of 0"):
        inspect_control(path)


def test_a_controlnet_never_steers_a_denoiser_of_other_maps(tmp_path: Path) -> None:
    net = loaded(controls.write_layout(tmp_path / "a.safetensors", V1, "sd1"))

    class Other:
        module = controls.module(ControlLayout((32, 64), 1, (1, None), 1, 768, False, (16, 16)), "sd1")

    with pytest.raises(ValueError, match=r"a\.safetensors is a ControlNet for another denoiser than this model's"):
        Steered(Other(), {"c": net})  # type: ignore[arg-type]


def test_a_difference_is_added_to_its_model(tmp_path: Path) -> None:
    whole = controls.write(tmp_path / "whole.safetensors", "sd1", "ldm")
    model = members.part("sd1", "denoiser", tmp_path)
    base = load_file(model)
    tensors = load_file(whole)
    difference = {
        name: tensor - base[own] if (own := name.removeprefix(controls.LDM)) in base else tensor
        for name, tensor in tensors.items()
    }
    save_file(difference | {"difference": torch.zeros(1)}, tmp_path / "diff.safetensors")
    library = Library({"controlnet": (tmp_path,), "diffusion_models": (tmp_path,)})
    ref = library.ref("controlnet", "diff.safetensors")
    assert facts(tmp_path / "diff.safetensors", "diff.safetensors")["difference"]
    patch = Patch(library.ref("diffusion_models", model.name), 1.0, "difference")
    with make_manager(library, FULL).lease(ModelHandle(ref, "sd1", "control", (patch,))) as (net,):
        ours = dict(net.module.named_parameters())
    theirs = dict(loaded(whole).module.named_parameters())
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs)


def leased(path: Path, rule: Policy, device_bytes: int = 0) -> list[Tensor]:
    manager = make_manager(Library({"controlnet": (path.parent,)}), rule, device_bytes)
    with manager.lease(handle(path, "sdxl")) as (net,):
        return residuals(net, "depth")


@torch.no_grad()
def test_one_that_is_larger_than_its_room_gives_the_same_numbers(tmp_path: Path) -> None:
    path = controls.write(tmp_path / "union.safetensors", "sdxl", modes=8)
    streamed = leased(path, FULL, inspect_control(path).nbytes // 2)
    assert all(torch.equal(a, b) for a, b in zip(streamed, leased(path, FULL), strict=True))


@torch.no_grad()
def test_half_precision_gives_nearly_the_same_numbers(tmp_path: Path) -> None:
    """Maps of one pixel are left out: norms over two numbers a group turn any rounding round, in diffusers too."""
    path = controls.write(tmp_path / "union.safetensors", "sdxl", modes=8)
    pairs = list(zip(leased(path, policy("cpu", "bf16")), leased(path, FULL), strict=True))
    assert all(found.dtype is torch.bfloat16 for found, _ in pairs)
    errors = [float((a.float() - b).norm() / b.norm()) for a, b in pairs if b.shape[-1] > 1]
    assert len(errors) == 6
    assert max(errors) < 3e-2
