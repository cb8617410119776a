"""What a network is told beside x, time and text: vectors of sizes, and channels joined to its input."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.diffusion.types import Cond, Wants
from engine.graph.told import Told

PIXELS = 8
"""Pixels of a latent cell's side."""

SCORES = {"negative": 2.5}
"""Aesthetic score of a branch where its conditioning has none (SDXL's refiner: 2.5 for the negative, else 6)."""
SCORE = 6.0

MASK_AND_PICTURE = 5
"""Channels of inpainting models: the mask, and the latent of the masked picture."""

GREY = (0.8223, -0.6876, 0.6364, -0.1380)
"""The latent of a grey picture in the sampler's units (Stable Diffusion 1)."""


def time_ids(cond: Cond, wants: Wants, branch: str, height: int, width: int) -> Tensor | None:
    """The numbers [1, 5 or 6] that go in beside pooled text, for a latent of `height` by `width` cells.

    Sizes that a conditioning does not give are those of the picture.  Raises ValueError where pooled text is missing.
    """
    if not wants.vector:
        return None
    if cond.pooled is None:
        raise Told("This model reads a pooled text vector, and the conditioning has none; encode the prompt anew.")
    tall, wide = height * PIXELS, width * PIXELS
    sizes = cond.size_crop if cond.size_crop is not None else (tall, wide, 0, 0, tall, wide)
    if wants.vector == "sdxl":
        return torch.tensor([sizes], dtype=torch.float32)
    score = cond.aesthetic if cond.aesthetic is not None else SCORES.get(branch, SCORE)
    return torch.tensor([[*sizes[:4], score]], dtype=torch.float32)


def joined(wants: Wants, latent: Tensor, mask: Tensor | None) -> Tensor | None:
    """The channels [B, wants.concat, h, w] for conditionings that bring none: an inpainting model repaints what `mask`
    [B, 1, h, w] shows of `latent` (the sampler's units), or everything.  None for a model that wants none.

    Raises ValueError for models that cannot do without.
    """
    if wants.concat == 0:
        return None
    if wants.concat != MASK_AND_PICTURE:
        raise Told(
            "This model reads {expected} more channels beside the latent (depth is 1), and the conditioning "
            "has none; add the node that gives them, for depth DepthConditioning.",
            expected=wants.concat,
        )
    batch, _, height, width = latent.shape
    if mask is None:
        grey = latent.new_tensor(GREY)[:, None, None].expand(batch, -1, height, width)
        return torch.cat([latent.new_ones(batch, 1, height, width), grey], dim=1)
    return torch.cat([mask.round(), latent], dim=1)


def fitted(concat: Tensor, wants: Wants, x: Tensor) -> Tensor | None:
    """A conditioning's own channels at the size of x; a model that wants none leaves them out.

    Raises ValueError where their number is not the model's.
    """
    if wants.concat == 0:
        return None
    if concat.shape[1] != wants.concat:
        raise Told(
            "The conditioning brings {found} more channels, and this model takes {expected}; use the model "
            "that they were made for.",
            found=concat.shape[1],
            expected=wants.concat,
        )
    same = concat.shape[-2:] == x.shape[-2:]
    return concat if same else F.interpolate(concat.float(), size=x.shape[-2:], mode="bilinear")
