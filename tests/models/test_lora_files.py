"""Which files are LoRAs, for which family, and what is said of those that are not what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.files import FileRef
from engine.models.families import FAMILIES
from engine.models.handle import Patch
from engine.models.header import ModelFileError
from engine.models.lora.file import facts, inspect_lora
from engine.models.lora.merge import changes
from tests.models import make
from tests.models.lora_files import draw, pair, save
from tests.models.test_lora import LAYER, target

UNET = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
SGM = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k"
CONV = "lora_unet_down_blocks_0_resnets_0_conv1"
TEXT = "text_model_encoder_layers_0_self_attn_q_proj"

Shapes = Mapping[str, tuple[int, ...]]


def low(stem: str, out: int, into: int) -> dict[str, tuple[int, ...]]:
    return {f"{stem}.lora_up.weight": (out, 4), f"{stem}.lora_down.weight": (4, into), f"{stem}.alpha": ()}


@pytest.mark.parametrize(
    ("table", "family"),
    [
        (low(UNET, 640, 768), "sd1"),
        (low(UNET, 640, 1024), "sd2"),
        (low(UNET, 640, 64), "mini1"),
        (low(SGM, 640, 2048), "sdxl"),
        (low(SGM, 640, 1280), "sdxl_refiner"),
        ({f"unet.{LAYER}.lora_A.weight": (4, 2048), f"unet.{LAYER}.lora_B.weight": (640, 4)}, "sdxl"),
        ({f"{UNET}.hada_w1_a": (640, 4), f"{UNET}.hada_w1_b": (4, 768),
          f"{UNET}.hada_w2_a": (640, 4), f"{UNET}.hada_w2_b": (4, 768)}, "sd1"),
        ({f"{UNET}.lokr_w1": (8, 8), f"{UNET}.lokr_w2_a": (80, 4), f"{UNET}.lokr_w2_b": (4, 256)}, "sdxl"),
        ({f"{UNET}.diff": (640, 1024)}, "sd2"),
        (low(f"lora_te_{TEXT}", 1024, 1024), "sd2"),
        (low(f"lora_te1_{TEXT}", 768, 768) | low(f"lora_te2_{TEXT}", 1280, 1280), "sdxl"),
        (low(f"lora_te_{TEXT}", 768, 768), None),
        (low(CONV, 320, 320), None),
        (low(CONV, 320, 320) | low(f"lora_te1_{TEXT}", 768, 768) | low(f"lora_te2_{TEXT}", 1280, 1280), "sdxl"),
    ],
)  # fmt: skip
def test_the_family_is_told_by_the_header_alone(tmp_path: Path, table: Shapes, family: str | None) -> None:
    path = make.write_header(tmp_path / "x.safetensors", table)
    assert inspect_lora(path).family == family
    assert facts(path, "x").get("family") == family


@pytest.mark.parametrize(
    ("key", "value", "family"),
    [
        ("ss_base_model_version", "sdxl_base_v1-0", "sdxl"),
        ("ss_base_model_version", "sd_v2_768_v", "sd2"),
        ("ss_base_model_version", "sd_v1", "sd1"),
        ("modelspec.architecture", "stable-diffusion-xl-v1-base/lora", "sdxl"),
        ("modelspec.architecture", "stable-diffusion-v2-768-v/lora", "sd2"),
        ("modelspec.architecture", "flux-1-dev/lora", None),
    ],
)
def test_metadata_tell_where_shapes_do_not(tmp_path: Path, key: str, value: str, family: str | None) -> None:
    tensors = {f"{CONV}.{leaf}": tensor for leaf, tensor in pair((8, 8, 3, 3)).items()}
    assert inspect_lora(save(tmp_path / "x.safetensors", tensors, {key: value})).family == family
    assert family is None or family in FAMILIES


def test_what_it_changes_is_told(tmp_path: Path) -> None:
    table = low(UNET, 640, 768) | low(f"lora_te_{TEXT}", 768, 768) | {f"{CONV}.diff": (320, 320, 3, 3)}
    told = facts(make.write_header(tmp_path / "x.safetensors", table), "x")
    assert told == {"family": "sd1", "changes": ("denoiser", "text"), "forms": ("LoRA", "full difference")}


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"network.out.2.weight": (4, 320)}, "is no LoRA: none of its tensors is named as one is"),
        ({"emb_params": (2, 768)}, "is an embedding; "),
        (low("lora_unet_double_blocks_0_img_attn_proj", 64, 64), "for another kind of model than Stable Diffusion"),
        (low("transformer.transformer_blocks.0.attn.to_q", 64, 64), "for another kind of model than Stable Diffusion"),
        (low(UNET, 640, 4096), "reads text vectors of width 4096; none of Stable Diffusion 1.x"),
        ({f"{UNET}.lora_up.weight": (640, 4)}, "the piece down is missing"),
        ({f"{UNET}.lokr_w2_a": (640, 4), f"{UNET}.lokr_w1": (1, 1)}, "the piece lokr_w2_b is missing"),
        ({f"{UNET}.lora_up.weight": (640, 4), f"{UNET}.lora_down.weight": (8, 768)}, "cannot be multiplied"),
        ({f"{UNET}.lora_up.weight": (640,), f"{UNET}.lora_down.weight": (8, 768)}, "cannot be multiplied"),
        ({f"{UNET}.oft_blocks": (4, 8, 8)}, "in the form OFT"),
        ({f"{UNET}.a1.weight": (4, 8), f"{UNET}.a2.weight": (4, 8)}, "in the form GLoRA"),
        ({**low(UNET, 640, 768), f"{UNET}.hada_w1_a": (640, 4)}, "has no meaning in a LoRA"),
        ({"lora_controlnet": (0,), "a.up": (4, 4), **low("input_blocks.0.0", 320, 4)}, "Control-LoRA"),
        ({}, "is no LoRA: it holds nothing"),
    ],
)
def test_a_file_that_is_no_lora_is_refused_in_a_sentence(tmp_path: Path, table: Shapes, reason: str) -> None:
    path = make.write_header(tmp_path / "x.safetensors", table)
    with pytest.raises(ModelFileError, match=r"^x\.safetensors[ :]") as told:
        inspect_lora(path)
    assert reason in str(told.value)
    assert str(told.value).endswith(".")


@pytest.mark.parametrize("length", [3, 40, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, length: int) -> None:
    path = save(tmp_path / "x.safetensors", {f"{UNET}.{leaf}": tensor for leaf, tensor in pair((8, 8)).items()})
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ModelFileError, match=r"^x\.safetensors is "):
        inspect_lora(path)


def refused(path: Path, name: str = "sd1") -> str:
    with pytest.raises(ModelFileError) as told:
        changes(Patch(FileRef("loras", path.name, ""), 1.0), path, target(name))
    assert str(told.value).startswith("x.safetensors ")
    return str(told.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("leaf", ["lora_up.weight", "alpha"])
def test_numbers_that_are_not_finite_are_named(tmp_path: Path, value: float, leaf: str) -> None:
    tensors: dict[str, Tensor] = {f"{UNET}.{name}": tensor for name, tensor in pair((32, 768)).items()}
    tensors[f"{UNET}.{leaf}"].reshape(-1)[0] = value
    told = refused(save(tmp_path / "x.safetensors", tensors))
    assert told == f'x.safetensors is damaged: "{UNET}.{leaf}" holds numbers that are not finite; get it anew.'


def test_a_file_of_another_family_is_refused_at_the_run_too(tmp_path: Path) -> None:
    tensors = {f"{UNET}.{leaf}": tensor for leaf, tensor in pair((32, 2048)).items()}
    told = refused(save(tmp_path / "x.safetensors", tensors))
    assert told.startswith("x.safetensors does not fit sd1.safetensors: ")
    assert "changes [32, 2048] weights, and the model has [32, 768] there" in told


def test_a_file_most_of_whose_layers_are_not_there_is_refused(tmp_path: Path) -> None:
    names = [UNET, *(f"lora_unet_down_blocks_{i}_attentions_7_proj_in" for i in range(3))]
    tensors = {f"{name}.{leaf}": tensor for name in names for leaf, tensor in pair((32, 768)).items()}
    told = refused(save(tmp_path / "x.safetensors", tensors))
    assert "has none of 3 of the 4 layers that it changes" in told


def test_a_few_layers_that_are_not_there_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    names = [UNET, UNET.replace("to_k", "to_v"), "lora_unet_down_blocks_0_attentions_7_proj_in"]
    tensors = {f"{name}.{leaf}": tensor for name in names for leaf, tensor in pair((32, 768)).items()}
    path = save(tmp_path / "x.safetensors", tensors)
    assert len(changes(Patch(FileRef("loras", path.name, ""), 1.0), path, target("sd1"))) == 2
    assert "sd1.safetensors does not have 1 of the 3 layers" in caplog.text


@pytest.mark.parametrize(("leaf", "tensor"), [("dora_scale", draw(7, 1)), ("diff_b", draw(7)), ("w_norm", draw(32))])
def test_pieces_for_what_is_not_there_are_refused(tmp_path: Path, leaf: str, tensor: Tensor) -> None:
    pieces = pair((32, 768)) if leaf != "w_norm" else {}
    stem = UNET if pieces else CONV
    tensors = {f"{stem}.{name}": piece for name, piece in (pieces | {leaf: tensor}).items()}
    assert "does not fit sd1.safetensors" in refused(save(tmp_path / "x.safetensors", tensors))


LEAVES = ["lora_up.weight", "lora_down.weight", "lora_mid.weight", "alpha", "hada_w1_a", "lokr_w1", "diff", "w_norm",
          "dora_scale", "diff_b", "on_input", "weight", "oft_blocks"]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.tuples(st.sampled_from([UNET, CONV, "lora_unet_conv_in", "x"]), st.sampled_from(LEAVES)),
        st.lists(st.integers(0, 5), max_size=4).map(tuple),
        max_size=6,
    )
)
def test_a_header_of_any_shape_gives_a_sentence_or_changes_that_fit(
    tmp_path: Path, table: dict[tuple[str, str], tuple[int, ...]]
) -> None:
    tensors = {f"{stem}.{leaf}": torch.ones(shape) for (stem, leaf), shape in table.items()}
    path = save(tmp_path / "x.safetensors", tensors)
    on = target("sd1")
    try:
        found = changes(Patch(FileRef("loras", path.name, ""), 1.0), path, on)
    except ModelFileError:
        return
    for name, change in found.items():
        weight = torch.zeros(on.module.get_parameter(name).shape)
        assert change(weight).shape == weight.shape
