"""Pictures of a latent that is not done: a linear map to colours, by the family's factors. Torch-free at import."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.models.families import FAMILIES
from engine.models.handle import ModelHandle
from engine.run.picture import Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from engine.diffusion.job import DenoiseJob, StepState

PAUSE = 0.1
"""Seconds between two pictures of a job."""
QUALITY = 85


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A small picture [h, w, 3], 0 to 255, that is enlarged and encoded only if somebody is to see it.

    Args:
        size: pixels of the longer side, at most. scale: pixels of a cell, at most.
    """

    pixels: NDArray[np.uint8]
    size: int = 512
    scale: int = 1

    def picture(self) -> Picture:
        """As JPEG."""
        from PIL import Image

        height, width = self.pixels.shape[:2]
        factor = min(self.scale, self.size / max(height, width))
        image = Image.fromarray(self.pixels)
        if factor != 1:
            size = (max(round(width * factor), 1), max(round(height * factor), 1))
            image = image.resize(size, Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=QUALITY)
        return Picture(buffer.getvalue(), "jpeg", *image.size)


REST = 9
"""Times as long as a picture takes to make, nothing is made after it: previews slow no job by more than a tenth."""


class Previews:
    """The pictures of one job's sampler steps, at most ten a second.

    Args:
        size: pixels of the longer side, at most. decoder: a small decoder for a family's latents in the sampler's units
            [1, C, h, w] to pictures [1, 3, H, W] in -1..1; None where there is none, which shows rough colours.
    """

    def __init__(self, size: int, decoder: Callable[[str], Callable[[Tensor], Tensor] | None] | None = None) -> None:
        self._size = size
        self._decoder = decoder
        self._next = 0.0

    def __call__(self, job: DenoiseJob, state: StepState) -> Draft | None:
        """The clean latent that the step saw; None too soon after the last, or where the family has no factors."""
        now, handle = time.monotonic(), job.handle
        family = FAMILIES.get(handle.family) if isinstance(handle, ModelHandle) else None
        if now < self._next or family is None or not family.rgb:
            return None
        decode = self._decoder(family.name) if self._decoder is not None else None
        if decode is None:
            self._next = now + PAUSE
            return Draft(colours(state.clean[0], family.rgb), self._size, family.latent.downscale)
        pixels = as_pixels(decode(state.clean[:1].float())[0].movedim(0, -1))
        self._next = time.monotonic() + max(PAUSE, (time.monotonic() - now) * REST)
        return Draft(pixels, self._size)


def colours(latent: Tensor, factors: Sequence[tuple[float, float, float]]) -> NDArray[np.uint8]:
    """A latent [C, h, w] in the sampler's units as pixels [h, w, 3], by C rows of factors and one of what is added."""
    latent = latent.float()
    *channels, added = latent.new_tensor(factors)
    return as_pixels(sum((plane[..., None] * row for plane, row in zip(latent, channels, strict=True)), added))


def as_pixels(rgb: Tensor) -> NDArray[np.uint8]:
    """Numbers from -1 to 1 as 0 to 255; what is no number is black."""
    pixels: NDArray[np.uint8] = ((rgb + 1) * 127.5).nan_to_num(0.0).clamp(0, 255).round().byte().cpu().numpy()
    return pixels
