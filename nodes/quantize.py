"""Few colours: Pillow's palettes, plain, with spread errors or with an ordered pattern (Bayer, 1973)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image as Pil
    from torch import Tensor

SAMPLE = 1 << 20
"""Pixels that choose a palette; median cut takes minutes over a large picture in which every pixel is different."""

SORTED = 1 << 16
"""Colours that median cut tells apart; a picture of no more of them is looked at whole, so that none is lost."""

DITHERS = ("none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16")


def quantized(pictures: Tensor, colours: int, dither: str) -> Tensor:
    """Pictures [B, H, W, C] as [B, H, W, 3] of at most `colours` colours each."""
    import numpy as np
    import torch
    from PIL import Image

    result = torch.empty(*pictures.shape[:3], 3)
    for i, picture in enumerate(pictures):
        whole = picture[..., :3].detach().float().clamp(0, 1).mul(255).round().byte().expand(-1, -1, 3)
        source = Image.fromarray(np.ascontiguousarray(whole.numpy()))
        palette = _sample(source).quantize(colors=colours)
        result[i] = torch.from_numpy(np.array(_mapped(source, palette, dither).convert("RGB")))
    return result.div_(255)


def _sample(source: Pil.Image) -> Pil.Image:
    """The picture, or as many of its pixels as choose a palette: always the same, spread without a pattern."""
    import numpy as np
    from PIL import Image

    count = source.width * source.height
    if count <= SAMPLE or source.getcolors(SORTED) is not None:
        return source
    chosen = np.random.default_rng(0).integers(0, count, SAMPLE)
    return Image.fromarray(np.asarray(source).reshape(-1, 3)[chosen][None])


def _mapped(source: Pil.Image, palette: Pil.Image, dither: str) -> Pil.Image:
    from PIL import Image

    if dither == "floyd-steinberg":
        return source.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    if dither.startswith("bayer-"):
        source = _patterned(source, palette, int(dither.removeprefix("bayer-")))
    return source.quantize(palette=palette, dither=Image.Dither.NONE)


def _patterned(source: Pil.Image, palette: Pil.Image, side: int) -> Pil.Image:
    """The picture with the pattern laid over it, as strong as two of the palette's colours are apart on average."""
    import numpy as np
    from PIL import Image

    count = len(palette.getpalette() or ()) // 3
    pattern = np.float32(512 / max(count, 1)) * bayer(side) + np.float32(0.5)
    result = np.array(source)
    for row in range(side):
        line = np.resize(pattern[row], result.shape[1])[:, None]
        result[row::side] = (result[row::side] + line).clip(0, 255).astype(np.uint8)
    return Image.fromarray(result)


def bayer(side: int) -> NDArray[np.float32]:
    """Bayer's pattern of `side` (a power of 2) cells: side² levels from -½ to ½, each once, their mean 0."""
    import numpy as np

    pattern = np.zeros((1, 1), dtype=np.float32)
    cells = 1
    while len(pattern) < side:
        cells *= 4
        pattern = np.block(
            [[pattern - 1.5 / cells, pattern + 0.5 / cells], [pattern + 1.5 / cells, pattern - 0.5 / cells]]
        )
    return pattern.astype(np.float32)
