"""The mini's three networks: Stable Diffusion 1.x's layout at small widths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class MiniShape:
    """Widths of the networks; every width is a multiple of 32 (group norm) and of 8 (heads)."""

    vae: tuple[int, ...] = (64, 32, 64, 128)
    unet: tuple[int, ...] = (64, 96, 160)
    attention: tuple[bool, ...] = (False, True, True)
    text: int = 64
    text_layers: int = 3


def build_vae(shape: MiniShape) -> Any:
    """Return the autoencoder: f8, four latent channels, one residual layer a block, attention in the middle."""
    from diffusers import AutoencoderKL

    make: Any = AutoencoderKL
    levels = len(shape.vae)
    return make(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=shape.vae,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=32,
        sample_size=128,
    )


def build_unet(shape: MiniShape) -> Any:
    """Return the denoiser: eight heads at every level with attention, convolutions as projections."""
    from diffusers import UNet2DConditionModel

    make: Any = UNet2DConditionModel
    down = tuple("CrossAttnDownBlock2D" if here else "DownBlock2D" for here in shape.attention)
    up = tuple("CrossAttnUpBlock2D" if here else "UpBlock2D" for here in reversed(shape.attention))
    return make(
        sample_size=16,
        block_out_channels=shape.unet,
        down_block_types=down,
        up_block_types=up,
        layers_per_block=1,
        cross_attention_dim=shape.text,
        attention_head_dim=8,
        norm_num_groups=32,
    )


def build_text(shape: MiniShape, rows: int) -> Any:
    """Return the CLIP text model with a token table of `rows` rows (one head of 64, quick GELU)."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=rows,
        hidden_size=shape.text,
        intermediate_size=4 * shape.text,
        num_hidden_layers=shape.text_layers,
        num_attention_heads=max(1, shape.text // 64),
        max_position_embeddings=77,
        hidden_act="quick_gelu",
        bos_token_id=rows - 2,
        eos_token_id=rows - 1,
        pad_token_id=rows - 1,
    )
    return CLIPTextModel(config)
