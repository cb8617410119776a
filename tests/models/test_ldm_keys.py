"""Names in single-file checkpoints: Stable Diffusion 1.5's well-known ones, and any other shape against diffusers."""

from __future__ import annotations

from typing import Any

import pytest

from engine.models.ldm_keys import inverted, text_keys, unet_keys, vae_keys


def test_stable_diffusion_1_has_its_686_unet_tensors() -> None:
    names = unet_keys(4, 2, (True, True, True, False), (320, 640, 1280, 1280))
    assert len(names) == 686
    assert names["time_embedding.linear_2.bias"] == "time_embed.2.bias"
    assert names["down_blocks.1.resnets.0.conv_shortcut.weight"] == "input_blocks.4.0.skip_connection.weight"
    assert names["down_blocks.2.downsamplers.0.conv.weight"] == "input_blocks.9.0.op.weight"
    assert names["mid_block.attentions.0.proj_in.weight"] == "middle_block.1.proj_in.weight"
    assert names["up_blocks.0.upsamplers.0.conv.weight"] == "output_blocks.2.1.conv.weight"
    assert names["up_blocks.1.upsamplers.0.conv.weight"] == "output_blocks.5.2.conv.weight"
    last = "transformer_blocks.0.attn2.to_k.weight"
    assert names[f"up_blocks.3.attentions.2.{last}"] == f"output_blocks.11.1.{last}"


def test_stable_diffusion_1_has_its_248_autoencoder_tensors() -> None:
    names = vae_keys(4, 2, (128, 256, 512, 512))
    assert len(names) == 248
    assert names["encoder.down_blocks.1.resnets.0.conv_shortcut.weight"] == "encoder.down.1.block.0.nin_shortcut.weight"
    assert names["decoder.up_blocks.0.resnets.2.norm1.bias"] == "decoder.up.3.block.2.norm1.bias"
    assert names["decoder.up_blocks.2.upsamplers.0.conv.weight"] == "decoder.up.1.upsample.conv.weight"
    assert names["encoder.mid_block.attentions.0.to_out.0.weight"] == "encoder.mid.attn_1.proj_out.weight"


def test_clip_has_its_196_tensors() -> None:
    names = text_keys(12)
    assert len(names) == 196
    assert names["encoder.layers.11.self_attn.out_proj.bias"] == "text_model.encoder.layers.11.self_attn.out_proj.bias"


def test_names_are_a_bijection() -> None:
    for names in (unet_keys(4, 2, (1, 1, 1, 0)), vae_keys(4, 2), text_keys(12)):
        assert len(inverted(names)) == len(names)
        assert inverted(inverted(names)) == names


@pytest.mark.parametrize(
    ("widths", "layers", "attention"),
    [((32, 64), 1, (False, True)), ((32, 64, 64), 2, (True, False, True)), ((64, 96, 160), 1, (False, True, True))],
)
def test_any_denoiser_matches_diffusers(widths: tuple[int, ...], layers: int, attention: tuple[bool, ...]) -> None:
    torch = pytest.importorskip("torch")
    from diffusers import UNet2DConditionModel

    make: Any = UNet2DConditionModel
    with torch.device("meta"):
        module = make(
            block_out_channels=widths,
            layers_per_block=layers,
            down_block_types=tuple("CrossAttnDownBlock2D" if here else "DownBlock2D" for here in attention),
            up_block_types=tuple("CrossAttnUpBlock2D" if here else "UpBlock2D" for here in reversed(attention)),
            cross_attention_dim=64,
        )
    assert set(module.state_dict()) == set(unet_keys(len(widths), layers, attention, widths))


@pytest.mark.parametrize(("widths", "layers"), [((32, 64), 1), ((64, 32, 64, 128), 1), ((32, 32, 64), 2)])
def test_any_autoencoder_matches_diffusers(widths: tuple[int, ...], layers: int) -> None:
    torch = pytest.importorskip("torch")
    from diffusers import AutoencoderKL

    make: Any = AutoencoderKL
    with torch.device("meta"):
        module = make(
            down_block_types=("DownEncoderBlock2D",) * len(widths),
            up_block_types=("UpDecoderBlock2D",) * len(widths),
            block_out_channels=widths,
            layers_per_block=layers,
        )
    assert set(module.state_dict()) == set(vae_keys(len(widths), layers, widths))
