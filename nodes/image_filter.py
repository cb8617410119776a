"""Pictures blurred, sharpened, made noisy, reduced to few colours, their shapes grown and shrunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from engine.diffusion.types import Image
from engine.graph.define import node
from engine.graph.sockets import Choice, Range, Widget
from nodes.facts import passed, picture_of
from nodes.planes import by_strips, filtered, square_max
from nodes.quantize import DITHERS, quantized
from nodes.size_facts import same_size

if TYPE_CHECKING:
    from torch import Tensor

Radius = Annotated[int, Range(1, 31)]
Sigma = Annotated[float, Range(0.1, 10.0, step=0.1)]


def blurred(x: Tensor, radius: int, sigma: float) -> Tensor:
    """Pictures [B, H, W, C] folded with a Gaussian of side 2 · `radius` + 1, mirrored at the edges.

    `sigma` counts in units of the radius: at 1 the weight falls to e^-½ at the middle of a side of the kernel.
    """
    import torch

    line = torch.exp(-(torch.linspace(-1, 1, 2 * radius + 1) ** 2) / (2 * sigma**2))
    kernel: list[float] = (line / line.sum()).tolist()
    return filtered(lambda part: _folded(_folded(part, kernel, 0), kernel, 1), x, radius, radius)


def _folded(x: Tensor, kernel: Sequence[float], axis: int) -> Tensor:
    """`x` folded with a line of weights along an axis, which loses one less than they are."""
    length = x.shape[axis] - len(kernel) + 1
    total = x.narrow(axis, 0, length) * kernel[0]
    for place, weight in enumerate(kernel[1:], 1):
        total.add_(x.narrow(axis, place, length), alpha=weight)
    return total


def grown(x: Tensor, side: int) -> Tensor:
    """Of each pixel the brightest in a square of `side` pixels around it, channel by channel."""
    return square_max(x, side // 2, side - side // 2 - 1)


def shrunk(x: Tensor, side: int) -> Tensor:
    """Of each pixel the darkest in a square of `side` pixels around it, channel by channel."""
    return grown(x.neg(), side).neg_()


def opened(x: Tensor, side: int) -> Tensor:
    """Shrunk and then grown: small bright spots go."""
    return grown(shrunk(x, side), side)


def closed(x: Tensor, side: int) -> Tensor:
    """Grown and then shrunk: small dark holes go."""
    return shrunk(grown(x, side), side)


OPERATIONS: Mapping[str, Callable[[Tensor, int], Tensor]] = {
    "erode": shrunk,
    "dilate": grown,
    "open": opened,
    "close": closed,
    "gradient": lambda x, side: grown(x, side).sub_(shrunk(x, side)),
    "bottom_hat": lambda x, side: closed(x, side).sub_(x),
    "top_hat": lambda x, side: x - opened(x, side),
}


@node("ImageBlur", category="image/postprocessing", label="Image Blur", facts=passed("image"))
def image_blur(*, image: Image, blur_radius: Radius = 1, sigma: Sigma = 1.0) -> Image:
    """Blur pictures with a Gaussian.

    Args:
        image: The pictures.
        blur_radius: How many pixels around each one count.
        sigma: How evenly they count: low keeps to the middle, high is a plain average.
    """
    return Image(blurred(image, blur_radius, sigma))


@node("ImageSharpen", category="image/postprocessing", label="Image Sharpen", facts=passed("image"))
def image_sharpen(
    *,
    image: Image,
    sharpen_radius: Radius = 1,
    sigma: Sigma = 1.0,
    alpha: Annotated[float, Range(0.0, 5.0, step=0.01)] = 1.0,
) -> Image:
    """Make edges clearer: what a blur would take away is added, ten times `alpha`.

    Args:
        image: The pictures.
        sharpen_radius: How many pixels around each one count.
        sigma: How evenly they count.
        alpha: How strongly; 0 changes nothing.
    """
    soft = blurred(image, sharpen_radius, sigma)
    return Image(by_strips(lambda x, y: (x + (x - y) * (10 * alpha)).clamp_(0, 1), image, soft))


@node("ImageQuantize", category="image/postprocessing", label="Image Quantize", facts=same_size("image", picture_of))
def image_quantize(
    *,
    image: Image,
    colors: Annotated[int, Range(1, 256)] = 256,
    dither: Annotated[str, Choice(DITHERS)] = "none",
) -> Image:
    """Reduce pictures to a few colours, chosen for each picture.

    Args:
        image: The pictures; an alpha channel is dropped.
        colors: How many colours.
        dither: How colours between are mixed from dots: spread errors, or a pattern of the given size; none does not.
    """
    return Image(quantized(image, colors, dither))


@node("ImageAddNoise", category="image", label="ImageAddNoise", facts=passed("image"))
def image_add_noise(
    *,
    image: Image,
    seed: Annotated[int, Range(0, 2**64 - 1), Widget("seed")] = 0,
    strength: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.5,
) -> Image:
    """Add random grain to pictures.

    Args:
        image: The pictures.
        seed: Decides the grain.
        strength: How strong it is; 0 adds none.
    """
    import torch

    grain = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    return Image(grain.mul_(strength).add_(image).clamp_(0, 1))


@node("Morphology", category="image/postprocessing", label="ImageMorphology", facts=passed("image"))
def morphology(
    *,
    image: Image,
    operation: Annotated[str, Choice(tuple(OPERATIONS))] = "erode",
    kernel_size: Annotated[int, Range(3, 999)] = 3,
) -> Image:
    """Grow or shrink what is bright in pictures, by squares.

    Args:
        image: The pictures.
        operation: erode shrinks, dilate grows; open removes spots, close holes; gradient draws outlines; the hats show
            what open and close remove.
        kernel_size: Side of the square in pixels.
    """
    return Image(OPERATIONS[operation](image, kernel_size))
