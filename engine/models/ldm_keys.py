"""Tensor names of Stable Diffusion's single-file checkpoints (LDM) against diffusers' and transformers' names.

A mapping goes from the module's own name to the name in the file; `inverted` turns it round. Files store the VAE's
attention projections as 1 x 1 convolutions [C, C, 1, 1] where the module has matrices [C, C] (`VAE_MATRICES`).
Names are without the file's prefixes. Where `widths` are left out, every residual block is listed with a shortcut:
take the names that occur. Stable Diffusion 1.5 is `unet_keys(4, 2, (True, True, True, False), (320, 640, 1280, 1280))`
and `vae_keys(4, 2, (128, 256, 512, 512))`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

UNET_PREFIX = "model.diffusion_model."
VAE_PREFIX = "first_stage_model."
TEXT_PREFIX = "cond_stage_model.transformer."

VAE_MATRICES = ("mid.attn_1.q.weight", "mid.attn_1.k.weight", "mid.attn_1.v.weight", "mid.attn_1.proj_out.weight")

Names = dict[str, str]

_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_VAE_RESNET = {"norm1": "norm1", "conv1": "conv1", "norm2": "norm2", "conv2": "conv2", "conv_shortcut": "nin_shortcut"}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_TRANSFORMER_LAYERS = ("attn1.to_out.0", "attn2.to_out.0", "ff.net.0.proj", "ff.net.2", "norm1", "norm2", "norm3")
_TRANSFORMER_QUERIES = tuple(f"attn{n}.to_{part}" for n in (1, 2) for part in "qkv")
_TEXT_LAYER = (
    *(f"self_attn.{part}_proj" for part in ("q", "k", "v", "out")),
    "layer_norm1",
    "mlp.fc1",
    "mlp.fc2",
    "layer_norm2",
)


def inverted(names: Mapping[str, str]) -> Names:
    """Return file name -> module name."""
    return {there: here for here, there in names.items()}


def unet_keys(
    levels: int,
    layers: int,
    attention: Sequence[int],
    widths: Sequence[int] | None = None,
    *,
    middle: int = 1,
    vector: bool = False,
) -> Names:
    """Return diffusers' UNet2DConditionModel name -> name in the file.

    Args:
        levels: resolutions, 4 in Stable Diffusion 1.x.
        layers: residual layers a level on the way down.
        attention: transformer blocks at each level; False or 0 where there is none.
        widths: channels of each level, to list exactly the shortcuts that exist.
        middle: transformer blocks in the middle.
        vector: whether a vector is read beside the text, as in SDXL.
    """
    names = _both({"time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2"})
    names |= _both({"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2"})
    if vector:
        names |= _both({"add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2"})
    names |= _resnet("mid_block.resnets.0", "middle_block.0", _UNET_RESNET, shortcut=False)
    names |= _transformer("mid_block.attentions.0", "middle_block.1", middle)
    names |= _resnet("mid_block.resnets.1", "middle_block.2", _UNET_RESNET, shortcut=False)
    for block in (*_unet_down(levels, layers, attention, widths), *_unet_up(levels, layers, attention)):
        names |= block
    return names


def _unet_down(levels: int, layers: int, attention: Sequence[int], widths: Sequence[int] | None) -> Iterator[Names]:
    stride = layers + 1
    for level in range(levels):
        for layer in range(layers):
            here, there = f"down_blocks.{level}", f"input_blocks.{1 + level * stride + layer}"
            shortcut = layer == 0 and _widens(widths, level, level - 1)
            yield _resnet(f"{here}.resnets.{layer}", f"{there}.0", _UNET_RESNET, shortcut=shortcut)
            yield _transformer(f"{here}.attentions.{layer}", f"{there}.1", int(attention[level]))
        if level + 1 < levels:
            yield _both({f"down_blocks.{level}.downsamplers.0.conv": f"input_blocks.{(level + 1) * stride}.0.op"})


def _unet_up(levels: int, layers: int, attention: Sequence[int]) -> Iterator[Names]:
    stride = layers + 1
    for step, depth in enumerate(reversed(attention)):
        for layer in range(stride):
            here, there = f"up_blocks.{step}", f"output_blocks.{step * stride + layer}"
            yield _resnet(f"{here}.resnets.{layer}", f"{there}.0", _UNET_RESNET, shortcut=True)
            yield _transformer(f"{here}.attentions.{layer}", f"{there}.1", int(depth))
        if step + 1 < levels:
            place = 2 if depth else 1
            last = f"output_blocks.{step * stride + layers}.{place}.conv"
            yield _both({f"up_blocks.{step}.upsamplers.0.conv": last})


def vae_keys(levels: int, layers: int, widths: Sequence[int] | None = None) -> Names:
    """Return diffusers' AutoencoderKL name -> name in the file, for `layers` residual layers a level in the encoder."""
    names = _both({"quant_conv": "quant_conv", "post_quant_conv": "post_quant_conv"})
    for side in ("encoder", "decoder"):
        names |= _both({f"{side}.{part}": f"{side}.{part}" for part in ("conv_in", "conv_out")})
        names |= _both({f"{side}.conv_norm_out": f"{side}.norm_out"})
        names |= _resnet(f"{side}.mid_block.resnets.0", f"{side}.mid.block_1", _VAE_RESNET, shortcut=False)
        names |= _resnet(f"{side}.mid_block.resnets.1", f"{side}.mid.block_2", _VAE_RESNET, shortcut=False)
        middle = f"{side}.mid_block.attentions.0"
        names |= _both({f"{middle}.{ours}": f"{side}.mid.attn_1.{theirs}" for ours, theirs in _VAE_ATTENTION.items()})
    for level in range(levels):
        names |= _vae_level("encoder", level, levels, layers, _widens(widths, level, level - 1))
        names |= _vae_level("decoder", level, levels, layers + 1, _widens(widths, level, level + 1))
    return names


def _vae_level(side: str, level: int, levels: int, layers: int, widens: bool) -> Names:
    """Return one resolution's names; the module counts the decoder's from the smallest, the file from the largest."""
    down = side == "encoder"
    here = f"encoder.down_blocks.{level}" if down else f"decoder.up_blocks.{levels - 1 - level}"
    there = f"{side}.{'down' if down else 'up'}.{level}"
    names: Names = {}
    for layer in range(layers):
        shortcut = widens and layer == 0
        names |= _resnet(f"{here}.resnets.{layer}", f"{there}.block.{layer}", _VAE_RESNET, shortcut=shortcut)
    if down and level + 1 < levels:
        names |= _both({f"{here}.downsamplers.0.conv": f"{there}.downsample.conv"})
    if not down and level > 0:
        names |= _both({f"{here}.upsamplers.0.conv": f"{there}.upsample.conv"})
    return names


def _widens(widths: Sequence[int] | None, level: int, before: int) -> bool:
    """Say whether the first block of a level gets another width than it puts out; True where widths are not known."""
    if widths is None:
        return True
    return 0 <= before < len(widths) and widths[before] != widths[level]


def text_keys(layers: int) -> Names:
    """Return transformers' CLIPTextModel name (from `embeddings` on) -> name in the file."""
    modules = [
        "final_layer_norm",
        *(f"encoder.layers.{layer}.{part}" for layer in range(layers) for part in _TEXT_LAYER),
    ]
    names = [f"{module}.{kind}" for module in modules for kind in ("weight", "bias")]
    names += [f"embeddings.{part}_embedding.weight" for part in ("token", "position")]
    return {name: f"text_model.{name}" for name in names}


def _both(modules: Mapping[str, str]) -> Names:
    """Return the names of weight and bias of these modules."""
    return {f"{here}.{kind}": f"{there}.{kind}" for here, there in modules.items() for kind in ("weight", "bias")}


def _resnet(here: str, there: str, table: Mapping[str, str], *, shortcut: bool) -> Names:
    parts = {ours: theirs for ours, theirs in table.items() if shortcut or ours != "conv_shortcut"}
    return _both({f"{here}.{ours}": f"{there}.{theirs}" for ours, theirs in parts.items()})


def _transformer(here: str, there: str, depth: int) -> Names:
    """Return the names of a spatial transformer of `depth` blocks, none where depth is 0."""
    if not depth:
        return {}
    modules = ["norm", "proj_in", "proj_out"]
    modules += [f"transformer_blocks.{block}.{layer}" for block in range(depth) for layer in _TRANSFORMER_LAYERS]
    names = _both({f"{here}.{module}": f"{there}.{module}" for module in modules})
    for block in range(depth):
        for query in _TRANSFORMER_QUERIES:
            tail = f"transformer_blocks.{block}.{query}.weight"
            names[f"{here}.{tail}"] = f"{there}.{tail}"
    return names
