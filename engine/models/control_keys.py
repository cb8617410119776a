"""Tensor names of ControlNets in the original code against diffusers' names."""

from __future__ import annotations

from collections.abc import Mapping

from engine.models.control_files import ControlLayout
from engine.models.ldm_keys import unet_keys

_WAY_UP = ("out.", "output_blocks.")
_KINDS = ("weight", "bias")


def control_keys(layout: ControlLayout) -> Mapping[str, str]:
    """diffusers' name of each tensor to the original code's, without prefix; what a union adds has one name."""
    depths = [depth or 0 for depth in layout.attention]
    down = unet_keys(
        len(layout.widths),
        layout.layers,
        depths,
        layout.widths,
        middle=layout.middle or 0,
        vector=layout.vector > 0,
    )
    names = {here: there for here, there in down.items() if not there.startswith(_WAY_UP)}
    return names | {f"{here}.{kind}": f"{there}.{kind}" for here, there in _own(layout).items() for kind in _KINDS}


def _own(layout: ControlLayout) -> dict[str, str]:
    """The layers that a denoiser does not have."""
    hint, count = "controlnet_cond_embedding", 2 * (len(layout.hint) - 1)
    own = {f"{hint}.conv_in": "input_hint_block.0", f"{hint}.conv_out": f"input_hint_block.{2 * count + 2}"}
    own |= {f"{hint}.blocks.{i}": f"input_hint_block.{2 * i + 2}" for i in range(count)}
    own |= {"controlnet_mid_block": "middle_block_out.0"}
    residuals = len(layout.widths) * (layout.layers + 1)
    return own | {f"controlnet_down_blocks.{i}": f"zero_convs.{i}.0" for i in range(residuals)}
