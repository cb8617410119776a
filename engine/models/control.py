"""ControlNets as the denoise loop calls them (Zhang, Rao and Agrawala, 2023), and a denoiser that they steer."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from engine.diffusion.types import ControlRows
from engine.graph.told import Told
from engine.models.control_files import AUTO, MODES
from engine.models.sizes import row_bytes
from engine.models.unet import Denoiser, Residuals


class ControlModule:
    """A ControlNet as leased from the manager: from a hint to what is added to the denoiser's feature maps.

    Args:
        module: diffusers' ControlNetModel or ControlNetUnionModel. dtype: of its numbers. name: of its file.
        pooled: its residuals are averaged over the picture, so that they say what and not where.
        bgr: it reads blue, green, red.
    """

    def __init__(
        self,
        module: nn.Module,
        dtype: torch.dtype,
        *,
        name: str = "",
        channels_last: bool = False,
        pooled: bool = False,
        bgr: bool = False,
    ) -> None:
        self.module = module
        self.dtype = dtype
        self.name = name
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._pooled = pooled
        self._bgr = bgr

    def row_bytes(self, shape: Sequence[int]) -> int:
        """About what one row of x, of `shape` [C, h, w], takes beside the weights while its residuals are made."""
        channels, *cells = shape
        conv_in: Any = self.module.conv_in
        return row_bytes(conv_in.out_channels, channels, math.prod(cells), self.dtype.itemsize)

    def __call__(
        self,
        rows: ControlRows,
        x: Tensor,
        timestep: Tensor,
        embeds: Tensor,
        pooled: Tensor | None,
        extras: Mapping[str, Tensor] | None,
    ) -> Residuals:
        """The residuals of x [N, C, h, w], each row times its strength; the other inputs are the denoiser's."""
        net: Any = self.module
        embeds = embeds.to(self.dtype)
        time = net.time_embedding(net.time_proj(timestep).to(self.dtype))
        time = time + self._vector(pooled, extras) if net.config.addition_embed_type is not None else time
        first = net.conv_in(x.to(self.dtype, memory_format=self._layout))
        hint, task = self._hint(rows)
        maps = self._maps(first + hint, time if task is None else time + task, embeds)
        strength = rows.strength.to(self.dtype)[:, None, None, None]
        down = [self._scaled(conv(map), strength) for conv, map in zip(net.controlnet_down_blocks, maps, strict=False)]
        return Residuals(tuple(down), self._scaled(net.controlnet_mid_block(maps[-1]), strength))

    def _vector(self, pooled: Tensor | None, extras: Mapping[str, Tensor] | None) -> Tensor:
        net: Any = self.module
        ids = (extras or {}).get("time_ids")
        if pooled is None or ids is None:
            raise Told(
                "{name} reads a pooled text vector and sizes, and this model has none; use a ControlNet that "
                "was made for the model.",
                name=self.name,
            )
        waves = net.add_time_proj(ids.flatten()).reshape(ids.shape[0], -1)
        vector: Tensor = net.add_embedding(torch.cat([pooled, waves.to(pooled)], dim=1).to(self.dtype))
        return vector

    def _hint(self, rows: ControlRows) -> tuple[Tensor, Tensor | None]:
        """The hint's feature map, and what a union adds to time for the kind of the hint."""
        net: Any = self.module
        picture = rows.hint.flip(1) if self._bgr else rows.hint
        hint: Tensor = net.controlnet_cond_embedding(picture.to(self.dtype, memory_format=self._layout))
        kinds = net.config.get("num_control_type")
        if kinds is None:
            return hint, None
        mode = self._mode(rows.mode, kinds)
        chosen = torch.zeros(kinds, device=hint.device)
        if mode is not None:
            chosen[mode] = 1
            hint = hint + self._mixed(hint, net.task_embedding[mode])
        waves = net.control_type_proj(chosen).reshape(1, -1).to(self.dtype)
        return hint, net.control_add_embedding(waves)

    def _mixed(self, hint: Tensor, task: Tensor) -> Tensor:
        """What a union's transformer adds to each channel of a hint [N, C, h, w] of a known kind.

        Its attention was trained across the pictures of a batch; here each picture is a batch of its own, which gives
        what equal hints in a batch give, so that rows do not depend on each other.
        """
        net: Any = self.module
        token = (hint.mean((2, 3)) + task.to(hint))[None]
        for layer in net.transformer_layes:
            token = layer(token)
        mixed: Tensor = net.spatial_ch_projs(token[0])
        return mixed[:, :, None, None]

    def _mode(self, mode: str, kinds: int) -> int | None:
        if mode == AUTO:
            return None
        if mode not in MODES[:kinds]:
            raise Told(
                '{name} knows no hints of type "{mode}"; it knows {known}.',
                name=self.name,
                mode=mode,
                known=list(MODES[:kinds]),
            )
        return MODES.index(mode)

    def _maps(self, x: Tensor, time: Tensor, embeds: Tensor) -> list[Tensor]:
        """The feature maps on the way down, and that of the middle."""
        net: Any = self.module
        maps = [x]
        for block in net.down_blocks:
            x, made = block(x, time, **_text(block, embeds))
            maps += made
        return [*maps, net.mid_block(x, time, **_text(net.mid_block, embeds))]

    def _scaled(self, residual: Tensor, strength: Tensor) -> Tensor:
        residual = residual * strength
        return residual.mean((2, 3), keepdim=True) if self._pooled else residual


def _text(block: Any, embeds: Tensor) -> Mapping[str, Tensor]:
    return {"encoder_hidden_states": embeds} if getattr(block, "has_cross_attention", False) else {}


class Steered:
    """A denoiser and the ControlNets that were leased with it, called as one network."""

    def __init__(self, denoiser: Denoiser, controls: Mapping[Hashable, ControlModule]) -> None:
        self._denoiser = denoiser
        self._controls = controls
        for control in controls.values():
            _same_way_down(denoiser.module, control)

    @property
    def module(self) -> nn.Module:
        """The denoiser's network."""
        return self._denoiser.module

    def row_bytes(self, shape: Sequence[int]) -> int:
        """About what one row of x, of `shape` [C, h, w], takes beside the weights; the ControlNets run in turn."""
        return self._denoiser.row_bytes(shape) + max(control.row_bytes(shape) for control in self._controls.values())

    def __call__(
        self,
        x: Tensor,
        timestep: Tensor,
        embeds: Tensor,
        *,
        pooled: Tensor | None = None,
        concat: Tensor | None = None,
        extras: Mapping[str, Tensor] | None = None,
        controls: Sequence[ControlRows] = (),
    ) -> Tensor:
        """The denoiser's answer with the residuals of all `controls` added to its feature maps."""
        total: Residuals | None = None
        for rows in controls:
            residuals = self._controls[rows.handle](rows, x, timestep, embeds, pooled, extras)
            total = residuals if total is None else total + residuals
        return self._denoiser(x, timestep, embeds, pooled=pooled, concat=concat, extras=extras, residuals=total)


def _same_way_down(denoiser: nn.Module, control: ControlModule) -> None:
    """Raise ValueError where residuals would not fit the denoiser's feature maps: the sum would be wrong or fail."""
    ours, theirs = (_way_down(module) for module in (control.module, denoiser))
    if ours != theirs:
        raise Told(
            "{name} is a ControlNet for another denoiser than this model's: its levels, residual "
            "blocks and width of text are {ours}, the model's {theirs}; use one that was made for the "
            "model's family.",
            name=control.name,
            ours=str(ours),
            theirs=str(theirs),
        )


def _way_down(module: nn.Module) -> tuple[Any, ...]:
    config: Any = module.config
    return tuple(config.block_out_channels), config.layers_per_block, config.cross_attention_dim
