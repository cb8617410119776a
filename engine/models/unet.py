"""The denoiser as the denoise loop calls it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.diffusion.types import ControlRows
from engine.graph.told import Told
from engine.models.sizes import row_bytes


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """What ControlNets add to the feature maps of a denoiser: one tensor for each on the way down, and the middle's."""

    down: tuple[Tensor, ...]
    middle: Tensor

    def __add__(self, other: Residuals) -> Residuals:
        down = tuple(a + b for a, b in zip(self.down, other.down, strict=True))
        return Residuals(down, self.middle + other.middle)


class Denoiser:
    """A UNet as leased from the manager: casts and lays out what it is given, then calls the bare network."""

    def __init__(self, module: nn.Module, dtype: torch.dtype, channels_last: bool = False) -> None:
        self.module = module
        self.dtype = dtype
        self._layout = torch.channels_last if channels_last else torch.contiguous_format

    def row_bytes(self, shape: Sequence[int]) -> int:
        """About what one row of x, of `shape` [C, h, w], takes beside the weights while it is denoised."""
        channels, *cells = shape
        conv_in: Any = self.module.conv_in
        return row_bytes(conv_in.out_channels, channels, math.prod(cells), self.dtype.itemsize)

    def _check(self, embeds: Tensor) -> None:
        """Raise Told for prompts of another text encoder's width."""
        reads = getattr(getattr(self.module, "config", None), "cross_attention_dim", None)
        if isinstance(reads, int) and embeds.shape[-1] != reads:
            raise Told(
                "The conditioning's vectors have {found} numbers and the denoiser reads {expected}; encode the prompt "
                "with the CLIP of the same model.",
                found=embeds.shape[-1],
                expected=reads,
            )

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
        residuals: Residuals | None = None,
    ) -> Tensor:
        """Predict from x [B, C, h, w] at timestep [B], reading embeds [B, T, D]; returns [B, C, h, w] in `dtype`.

        `pooled` [B, D'] and `extras["time_ids"]` [B, 5 or 6] are for networks that read a vector; `concat` is joined.
        """
        self._check(embeds)
        joined = x if concat is None else torch.cat([x, concat.to(x)], dim=1)
        joined = joined.to(self.dtype, memory_format=self._layout)
        ids = (extras or {}).get("time_ids")
        vector = {"text_embeds": pooled.to(joined), "time_ids": ids} if ids is not None and pooled is not None else None
        out: Tensor = self.module(
            joined,
            timestep,
            encoder_hidden_states=embeds.to(joined),
            added_cond_kwargs=vector,
            down_block_additional_residuals=None if residuals is None else residuals.down,
            mid_block_additional_residual=None if residuals is None else residuals.middle,
            return_dict=False,
        )[0]
        return out
