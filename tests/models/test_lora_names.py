"""The names that each trainer gives to layers, for every family at full size."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
import torch
from diffusers.loaders import lora_conversion_utils
from hypothesis import given
from hypothesis import strategies as st

from engine.models.build_sd import make_unet, unet_names
from engine.models.families import FAMILIES
from engine.models.handle import Part
from engine.models.lora.blocks import block_of, factor, parse_blocks
from engine.models.lora.file import part_of
from engine.models.lora.forms import grouped
from engine.models.lora.names import Slot, slots
from tests.models.lora_files import kohya
from tests.models.members import FULL


@cache
def unet(family: str) -> tuple[tuple[str, ...], dict[str, str]]:
    layout = FULL[family].unet
    with torch.device("meta"):
        module = make_unet(layout, FAMILIES[family])
    return tuple(name for name, _ in module.named_parameters()), dict(unet_names(layout))


@cache
def known(family: str, part: Part = "denoiser") -> dict[str, tuple[Slot, ...]]:
    if part == "denoiser":
        return slots(part, *unet(family))
    leaves = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj", "mlp.fc1", "mlp.fc2")
    names = [f"text_model.encoder.layers.{i}.{leaf}.weight" for i in range(32) for leaf in leaves]
    return slots(part, [*names, "text_model.final_layer_norm.weight", "text_projection.weight"], {})


DOWN = "down_blocks.1.attentions.0.transformer_blocks.0"


@pytest.mark.parametrize(
    ("family", "stem", "layer"),
    [
        ("sd1", "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_k",
         "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k"),
        ("sd1", "lora_unet_mid_block_attentions_0_proj_in", "mid_block.attentions.0.proj_in"),
        ("sd1", "lora_unet_up_blocks_3_attentions_2_transformer_blocks_0_ff_net_0_proj",
         "up_blocks.3.attentions.2.transformer_blocks.0.ff.net.0.proj"),
        ("sd1", "lora_unet_down_blocks_0_resnets_1_time_emb_proj", "down_blocks.0.resnets.1.time_emb_proj"),
        ("sd1", "lora_unet_input_blocks_1_0_in_layers_2", "down_blocks.0.resnets.0.conv1"),
        ("sd1", "lora_unet_conv_in", "conv_in"),
        ("sd2", "lora_unet_up_blocks_1_attentions_0_transformer_blocks_0_attn2_to_out_0",
         "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0"),
        ("sd1", f"unet.{DOWN}.attn1.to_q", f"{DOWN}.attn1.to_q"),
        ("sd1", f"unet.{DOWN}.attn1.to_out", f"{DOWN}.attn1.to_out.0"),
        ("sd1", f"base_model.model.{DOWN}.attn1.to_q", f"{DOWN}.attn1.to_q"),
        ("sd1", f"{DOWN}.attn2.to_v", f"{DOWN}.attn2.to_v"),
        ("sdxl", "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_k", f"{DOWN}.attn1.to_k"),
        ("sdxl", "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_k", f"{DOWN}.attn1.to_k"),
        ("sdxl", "lora_unet_middle_block_1_transformer_blocks_9_ff_net_2",
         "mid_block.attentions.0.transformer_blocks.9.ff.net.2"),
        ("sdxl", "lora_unet_output_blocks_2_1_transformer_blocks_9_attn2_to_out_0",
         "up_blocks.0.attentions.2.transformer_blocks.9.attn2.to_out.0"),
        ("sdxl", "lora_unet_output_blocks_2_2_conv", "up_blocks.0.upsamplers.0.conv"),
        ("sdxl", "lora_unet_input_blocks_3_0_op", "down_blocks.0.downsamplers.0.conv"),
        ("sdxl", "lora_unet_output_blocks_8_0_skip_connection", "up_blocks.2.resnets.2.conv_shortcut"),
        ("sdxl", "lora_unet_time_embed_2", "time_embedding.linear_2"),
        ("sdxl", "lora_unet_label_emb_0_0", "add_embedding.linear_1"),
        ("sdxl", "lora_unet_out_2", "conv_out"),
        ("sdxl", f"lycoris_{kohya('', DOWN)}_attn1_to_k", f"{DOWN}.attn1.to_k"),
        ("sdxl_refiner", "lora_unet_middle_block_1_transformer_blocks_3_attn2_to_k",
         "mid_block.attentions.0.transformer_blocks.3.attn2.to_k"),
    ],
)  # fmt: skip
def test_names_of_the_denoisers_layers(family: str, stem: str, layer: str) -> None:
    assert known(family)[stem] == (Slot(layer),)
    assert part_of(stem) == "denoiser"


LAYER = "text_model.encoder.layers.11"


@pytest.mark.parametrize(
    ("part", "stem", "found"),
    [
        ("text", "lora_te_text_model_encoder_layers_11_mlp_fc1", [Slot(f"{LAYER}.mlp.fc1")]),
        ("text", "lora_te1_text_model_encoder_layers_11_self_attn_out_proj", [Slot(f"{LAYER}.self_attn.out_proj")]),
        ("text_g", "lora_te2_text_model_encoder_layers_31_self_attn_k_proj",
         [Slot("text_model.encoder.layers.31.self_attn.k_proj")]),
        ("text_g", "lora_te2_text_projection", [Slot("text_projection")]),
        ("text", f"text_encoder.{LAYER}.self_attn.q_proj", [Slot(f"{LAYER}.self_attn.q_proj")]),
        ("text", f"text_encoder.{LAYER}.self_attn.to_out", [Slot(f"{LAYER}.self_attn.out_proj")]),
        ("text_g", f"text_encoder_2.{LAYER}.self_attn.q_proj", [Slot(f"{LAYER}.self_attn.q_proj")]),
        ("text", f"clip_l.transformer.{LAYER}.mlp.fc2", [Slot(f"{LAYER}.mlp.fc2")]),
        ("text_g", f"text_encoders.clip_g.transformer.{LAYER}.mlp.fc2", [Slot(f"{LAYER}.mlp.fc2")]),
        ("text", "lora_te_model_transformer_resblocks_11_mlp_c_fc", [Slot(f"{LAYER}.mlp.fc1")]),
        ("text", "text_encoder.model.transformer.resblocks.11.attn.in_proj",
         [Slot(f"{LAYER}.self_attn.{leaf}", i) for i, leaf in enumerate(("q_proj", "k_proj", "v_proj"))]),
    ],
)  # fmt: skip
def test_names_of_the_text_encoders_layers(part: Part, stem: str, found: list[Slot]) -> None:
    assert list(known("sdxl", part)[stem]) == found
    assert part_of(stem) == part


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_kohyas_names_are_what_diffusers_makes_of_them(family: str) -> None:
    """Kohya names SDXL's layers as the original code does, the others' as diffusers."""
    parameters, original = unet(family)
    layers = [name.removesuffix(".weight") for name in parameters if name.endswith(".weight") and "norm" not in name]
    own = original if family == "sdxl" else {}
    stems = [
        kohya("lora_unet_", own.get(f"{layer}.weight", f"{layer}.weight").removesuffix(".weight")) for layer in layers
    ]
    state = {
        f"{stem}.{leaf}": torch.tensor(i)
        for i, stem in enumerate(stems)
        for leaf in ("lora_down.weight", "lora_up.weight")
    }
    config = type("Config", (), {"layers_per_block": 2})()
    oracle: Any = lora_conversion_utils
    state = oracle._maybe_map_sgm_blocks_to_diffusers(state, config)
    theirs, _ = oracle._convert_non_diffusers_lora_to_diffusers(state)
    groups, strange = grouped(theirs)
    assert not strange
    found = {int(theirs[pieces["down"]]): known(family)[stem] for stem, pieces in groups.items()}
    assert [found[i] for i in range(len(layers))] == [(Slot(layer),) for layer in layers]
    assert [known(family)[stem] for stem in stems] == [(Slot(layer),) for layer in layers]


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"mini1"}))
def test_every_layer_has_its_names_and_no_name_means_two(family: str) -> None:
    parameters, original = unet(family)
    layers = {name.rpartition(".")[0] for name in parameters}
    table = known(family)
    assert all(len(found) == 1 for found in table.values())
    for layer in layers:
        names = (kohya("lora_unet_", layer), f"unet.{layer}", f"diffusion_model.{layer}")
        assert {table[name] for name in names} == {(Slot(layer),)}
    for ours, theirs in original.items():
        layer = theirs.rpartition(".")[0]
        assert table[kohya("lora_unet_", layer)] == (Slot(ours.rpartition(".")[0]),)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_every_parameter_is_in_a_block(family: str) -> None:
    parameters, original = unet(family)
    blocks = {block_of("denoiser", original[name]) for name in parameters}
    count = 12 if family == "sd1" else 9
    expected = {f"{side}_{i}" for side in ("input", "output") for i in range(count)}
    expected |= {f"middle_{i}" for i in range(3)} | {"time", "out"} | ({"label"} if family == "sdxl" else set())
    assert blocks == expected
    assert block_of("text_g", "text_model.encoder.layers.30.mlp.fc1.weight") == "text_g_30"
    assert block_of("text", "text_model.final_layer_norm.weight") == "text_final"


def test_the_longest_name_that_fits_a_block_counts() -> None:
    blocks = parse_blocks("all 0, input 0.5; input_1=2\noutput_11: -1,")
    found = {
        name: factor(blocks, name) for name in ("input_0", "input_1", "input_11", "output_1", "output_11", "text_1")
    }
    assert found == {"input_0": 0.5, "input_1": 2, "input_11": 0.5, "output_1": 0, "output_11": -1, "text_1": 0}
    assert factor(parse_blocks("out 3"), "output_1") == 1
    assert factor((), "input_1") == 1


@given(st.dictionaries(st.sampled_from(["input", "input_3", "middle", "text_g", "out"]), st.floats(-100, 100)))
def test_factors_are_read_as_they_are_written(given_: dict[str, float]) -> None:
    text = ", ".join(f"{name} {value:.6f}" for name, value in given_.items())
    assert dict(parse_blocks(text)) == {name: pytest.approx(value, abs=1e-6) for name, value in given_.items()}


@pytest.mark.parametrize(
    "entry", ["input", "0.5", "input nan", "inputs 1", "input_ 1", "down 1", "input 1e9", "input 101"]
)
def test_what_is_no_strength_of_a_block_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match=re.escape(entry.strip())):
        parse_blocks(f"middle 1, {entry}")
