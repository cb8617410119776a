"""Networks built from files against diffusers' and transformers' own way of building them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.models.build_sd import build, make_text, make_unet, make_vae
from engine.models.detect import detect, inspect_file, part_file, read_header
from engine.models.families import FAMILIES
from engine.models.handle import Part, Storage
from engine.models.header import ModelFileError
from engine.models.precision import Policy, policy
from engine.models.weights import open_weights
from tests.models import make

FULL = policy("cpu", "full")


def loaded(path: Path, part: Part, rule: Policy = FULL, storage: Storage = "default") -> Any:
    found = detect(read_header(path))[part]
    return build(open_weights(path), found, FAMILIES["mini1"], rule, storage, path.name)


def oracle(size: make.Size, part: str, seed: int = 0) -> Any:
    """diffusers' own conversion of a single-file checkpoint, or transformers' plain loading."""
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

    family = FAMILIES["mini1"]
    table = dict(make.values(make.shapes(size), seed))
    module: nn.Module
    if part == "text":
        module = make_text(size.clip, family)
        inner = any(name.startswith("text_model.") for name, _ in module.named_parameters())
        own = {
            n.removeprefix(make.PREFIXES["text"]): t for n, t in table.items() if n.startswith(make.PREFIXES["text"])
        }
        state = {f"text_model.{name}" if inner else name: tensor for name, tensor in own.items()}
    else:
        module = make_unet(size.unet, family) if part == "denoiser" else make_vae(size.vae)
        convert = convert_ldm_unet_checkpoint if part == "denoiser" else convert_ldm_vae_checkpoint
        state = convert(table, module.config)
    module.load_state_dict(state)
    return module.eval()


def same_parameters(ours: nn.Module, theirs: nn.Module) -> bool:
    expected = dict(theirs.named_parameters())
    found = dict(ours.named_parameters())
    return found.keys() == expected.keys() and all(torch.equal(found[n], expected[n]) for n in expected)


@pytest.mark.parametrize("size", [make.TINY, make.UNEVEN], ids=["tiny", "uneven"])
@pytest.mark.parametrize("part", make.PARTS)
def test_single_files_become_what_diffusers_makes_of_them(tmp_path: Path, size: make.Size, part: Part) -> None:
    path = make.write_checkpoint(tmp_path / "a.safetensors", size)
    assert same_parameters(loaded(path, part), oracle(size, part))


@torch.no_grad()
def test_the_denoiser_gives_the_numbers_of_diffusers(tmp_path: Path) -> None:
    path = make.write_checkpoint(tmp_path / "a.safetensors", make.UNEVEN)
    x, t, embeds = torch.randn(2, 4, 16, 8), torch.tensor([999.0, 3.0]), torch.randn(2, 77, 64)
    ours = loaded(path, "denoiser")(x, t, embeds).sample
    assert torch.equal(ours, oracle(make.UNEVEN, "denoiser")(x, t, embeds).sample)


@pytest.mark.parametrize("part", make.PARTS)
@pytest.mark.parametrize("variant", ["", ".fp16"])
def test_a_diffusers_folder_gives_the_same_networks(tmp_path: Path, part: Part, variant: str) -> None:
    folder = make.write_folder(tmp_path / "model", make.UNEVEN, variant=variant)
    file = part_file(folder, part)
    assert file is not None
    found = inspect_file(folder).parts[part]
    ours = build(open_weights(file), found, FAMILIES["mini1"], FULL, "default", "model")
    prefixed = {"text": "text_model."}.get(part, "")
    for name, value in make.values(make.shapes(make.UNEVEN, (part,), naming="diffusers")):
        assert torch.equal(ours.get_parameter(_own(ours, name.removeprefix(prefixed))), value)


def _own(module: nn.Module, name: str) -> str:
    return name if name in dict(module.named_parameters()) else f"text_model.{name}"


def test_bin_files_and_old_names_of_attention(tmp_path: Path) -> None:
    """Hugging Face's first uploads of v1-4 and v1-5 are such folders."""
    table = dict(make.values(make.shapes(make.TINY, ("vae",), naming="diffusers")))
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

    def rename(name: str) -> str:
        for new, before in old.items():
            name = name.replace(f"attentions.0.{new}.", f"attentions.0.{before}.")
        return name

    torch.save({rename(name): tensor for name, tensor in table.items()}, tmp_path / "vae.bin")
    ours = loaded(tmp_path / "vae.bin", "vae")
    assert all(torch.equal(ours.get_parameter(name), tensor) for name, tensor in table.items())


@pytest.mark.parametrize("dtype", ["fp16", "bf16", "fp8", "fp8_e5m2"])
@pytest.mark.parametrize("precision", ["full", "bf16"])
def test_files_of_every_dtype_become_the_policys(tmp_path: Path, dtype: str, precision: Any) -> None:
    path = make.write_checkpoint(tmp_path / "a.safetensors", make.TINY, dtype)
    rule = policy("cpu", precision)
    for part in ("denoiser", "text", "vae"):
        ours, exact = loaded(path, part, rule), oracle(make.TINY, part)
        kind = make.DTYPES[dtype][1]
        for name, parameter in ours.named_parameters():
            assert parameter.dtype == rule.dtype(part)
            assert torch.equal(parameter, exact.get_parameter(name).to(kind).to(rule.dtype(part)))


def test_convolutions_lie_channels_last_where_that_is_fast(tmp_path: Path) -> None:
    path = make.write_checkpoint(tmp_path / "a.safetensors", make.TINY)
    quick, plain = loaded(path, "denoiser", policy("cpu", "bf16")), loaded(path, "denoiser")
    weight = quick.down_blocks[0].resnets[0].conv1.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not weight.is_contiguous()
    assert plain.down_blocks[0].resnets[0].conv1.weight.is_contiguous()


@torch.no_grad()
@pytest.mark.parametrize(("storage", "kind"), [("fp8_e4m3fn", torch.float8_e4m3fn), ("fp8_e5m2", torch.float8_e5m2)])
def test_fp8_storage_halves_the_weights_and_computes_in_the_policys_dtype(
    tmp_path: Path, storage: Storage, kind: torch.dtype
) -> None:
    path = make.write_checkpoint(tmp_path / "a.safetensors", make.TINY)
    small, exact = loaded(path, "denoiser", FULL, storage), loaded(path, "denoiser")
    stored = sum(p.numel() for p in small.parameters() if p.dtype == kind)
    assert stored > 0.9 * sum(p.numel() for p in small.parameters())
    for (_, ours), (_, full) in zip(small.named_parameters(), exact.named_parameters(), strict=True):
        full.copy_(ours.to(torch.float32))
    x, t, embeds = torch.randn(1, 4, 8, 8), torch.tensor([500.0]), torch.randn(1, 77, 64)
    assert torch.equal(small(x, t, embeds).sample, exact(x, t, embeds).sample)
    assert sum(p.numel() for p in small.parameters() if p.dtype == kind) == stored


def changed(tmp_path: Path, change: Mapping[str, Tensor | None]) -> Path:
    table = dict(make.values(make.shapes(make.TINY))) | change
    path = tmp_path / "changed.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in table.items() if tensor is not None}, path)
    return path


def test_extra_tensors_are_tolerated(tmp_path: Path) -> None:
    ids = make.PREFIXES["text"] + "embeddings.position_ids"
    path = changed(
        tmp_path,
        {
            ids: torch.arange(77)[None],
            "model_ema.decay": torch.ones(1),
            "model_ema.diffusion_modelinput_blocks00weight": torch.ones(3),
            "model.diffusion_model.odd": torch.ones(1),
            "alphas_cumprod": torch.ones(1000),
        },
    )
    for part in ("denoiser", "text", "vae"):
        assert same_parameters(loaded(path, part), oracle(make.TINY, part))


def test_missing_tensors_are_named(tmp_path: Path) -> None:
    gone = ["model.diffusion_model.out.0.bias", "model.diffusion_model.time_embed.0.weight"]
    path = changed(tmp_path, dict.fromkeys(gone))
    with pytest.raises(ModelFileError) as told:
        loaded(path, "denoiser")
    assert str(told.value).startswith("changed.safetensors lacks 2 of the ")
    assert all(name in str(told.value) for name in gone)
    assert loaded(path, "vae") is not None


def test_wrong_shapes_are_named(tmp_path: Path) -> None:
    name = "model.diffusion_model.out.2.weight"
    with pytest.raises(ModelFileError, match=r"out\.2\.weight.*\[4, 32, 1, 3\], not \[4, 32, 3, 3\]"):
        loaded(changed(tmp_path, {name: torch.zeros(4, 32, 1, 3)}), "denoiser")


def test_a_part_that_is_no_whole_network(tmp_path: Path) -> None:
    name = "first_stage_model.encoder.down.0.block.0.conv1.weight"
    with pytest.raises(ModelFileError, match=r"^changed\.safetensors is not a whole VAE: "):
        loaded(changed(tmp_path, {name: None}), "vae")


def test_unaligned_tensors_are_read(tmp_path: Path) -> None:
    """Nothing in the format makes a header end at a multiple of four bytes."""
    path = make.write_header(tmp_path / "a.safetensors", {"a": (2,), "b": (3,)}, "fp32")
    raw = bytearray(path.read_bytes())
    values = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    raw[-20:] = values.numpy().tobytes()
    for pad in range(4):
        length = int.from_bytes(raw[:8], "little") + pad
        path.write_bytes(length.to_bytes(8, "little") + raw[8:-20] + b" " * pad + raw[-20:])
        found = open_weights(path)
        assert torch.equal(torch.cat([found["a"], found["b"]]), values)
