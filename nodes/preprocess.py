"""Pictures for ControlNets: edges, scribbles, normals, tiles, shuffled content."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from engine.diffusion.types import Image
from engine.files import FileRef
from engine.graph.context import Context
from engine.graph.define import node
from engine.graph.sockets import File, Range, Widget
from engine.models.edge_files import inspect_edges
from engine.models.handle import EdgeModel, ModelHandle
from nodes.depth import grey_picture
from nodes.facts import passed
from nodes.resize import resize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

CATEGORY = "image/preprocessors"
RED_GREEN_BLUE = (0.299, 0.587, 0.114)
"""What red, green and blue count in the brightness of a pixel (ITU-R BT.601)."""
BLUR = 1.0
"""Deviation in pixels of the blur before edges are looked for; over five pixels."""
FINE, COARSE = 0.5, 5.0
"""Deviations in pixels of the two blurs whose difference is a scribble (Winnemöller et al. 2012)."""
SLOPE = 6.2832
"""How much a rise of all the depth over the picture's shorter side tilts the normal."""


@node("Canny", category=CATEGORY, label="Canny", facts=passed("image"))
def canny(
    *,
    image: Image,
    low_threshold: Annotated[float, Range(0.01, 0.99, step=0.01)] = 0.4,
    high_threshold: Annotated[float, Range(0.01, 0.99, step=0.01)] = 0.8,
) -> Image:
    """Find sharp edges (Canny 1986): thin white lines on black.

    Args:
        image: The pictures.
        low_threshold: An edge is followed down to this steepness; the smaller of the two thresholds counts as low.
        high_threshold: An edge begins where the picture is at least this steep; higher finds fewer edges.
    """
    import cv2
    import numpy as np

    def edges(grey: NDArray[np.float32]) -> Any:
        smooth = np.nan_to_num(cv2.GaussianBlur(grey * 255, (5, 5), BLUR)).clip(0, 255)
        found = cv2.Canny(smooth.round().astype("uint8"), low_threshold * 255, high_threshold * 255, L2gradient=True)
        return found / 255

    return grey_picture(_each(brightness(image), edges))


@node("ScribbleEdges", category=CATEGORY, label="Scribble Edges", facts=passed("image"))
def scribble_edges(*, image: Image, threshold: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.13) -> Image:
    """Turn a picture into something like a scribble: thick white strokes on black where it is darker than around.

    Args:
        image: The pictures.
        threshold: How much darker a stroke must be than what is around it; higher leaves fewer strokes.
    """
    import cv2

    def strokes(picture: NDArray[np.float32]) -> Any:
        fine, coarse = (cv2.GaussianBlur(picture, (0, 0), deviation) for deviation in (FINE, COARSE))
        darker = (coarse - fine).reshape(*picture.shape[:2], -1).min(-1)
        return 2 * darker > threshold

    return grey_picture(_each(image[..., :3], strokes))


@node("NormalFromDepth", category=CATEGORY, label="Normal from Depth", facts=passed("depth"))
def normal_from_depth(
    *,
    depth: Image,
    strength: Annotated[float, Range(0.0, 10.0, step=0.05)] = 1.0,
    background: Annotated[float, Range(0.0, 1.0, step=0.01)] = 0.1,
) -> Image:
    """Tell from depth which way each surface faces: blue to the viewer, red to the left, green upwards.

    Args:
        depth: Depth, white near, such as Depth Estimate makes.
        strength: How much slopes tilt the surface; 0 lets everything face the viewer.
        background: What is farther than this share of the depth counts as flat.
    """
    import torch
    from torch.nn.functional import conv2d, pad

    near = brightness(depth)[:, None]
    sobel = near.new_tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    padded = pad(near, (1, 1, 1, 1), mode="replicate")
    slopes = conv2d(padded, torch.stack((sobel, sobel.T))[:, None]) * (SLOPE * strength * min(near.shape[-2:]))
    slopes = torch.where(near < background, 0.0, slopes)
    normal = torch.cat((slopes, torch.ones_like(near)), 1)
    return Image((normal / normal.norm(dim=1, keepdim=True) * 0.5 + 0.5).movedim(1, -1).contiguous())


@node("TilePreprocess", category=CATEGORY, label="Tile Preprocess", facts=passed("image"))
def tile_preprocess(*, image: Image, down_by: Annotated[float, Range(1.0, 16.0, step=0.05)] = 1.0) -> Image:
    """Take the detail out of a picture and keep its size, so that a tile ControlNet puts new detail in.

    Args:
        image: The pictures.
        down_by: How many times smaller the picture is made before it is made large again; 1 leaves it as it is.
    """
    height, width = image.shape[1:3]
    small = resize(image.movedim(-1, 1), max(1, round(width / down_by)), max(1, round(height / down_by)), "area")
    return Image(resize(small, width, height, "bicubic").clamp(0, 1).movedim(1, -1).contiguous())


@node("ContentShuffle", category=CATEGORY, label="Content Shuffle", facts=passed("image"))
def content_shuffle(
    *,
    image: Image,
    seed: Annotated[int, Range(0, 2**64 - 1), Widget("seed")] = 0,
    size: Annotated[int, Range(16, 2048, step=16)] = 256,
) -> Image:
    """Swirl a picture so that its colours and textures stay and its content goes, for a shuffle ControlNet.

    Args:
        image: The pictures.
        seed: The same seed swirls the same way.
        size: How many pixels a swirl is wide.
    """
    import torch
    from torch.nn.functional import grid_sample

    height, width = image.shape[1:3]
    generator = torch.Generator("cpu").manual_seed(seed)
    grid = torch.stack([_swirl(height, width, size, generator) for _ in range(2)], -1) * 2 - 1
    pictures = image.movedim(-1, 1)
    return Image(
        grid_sample(pictures, grid.expand(len(pictures), -1, -1, -1), padding_mode="border", align_corners=True)
        .movedim(1, -1)
        .contiguous()
    )


@node("EdgeModelLoader", runs_on="io", category="loaders", label="Load Edge Model", facts=passed("model_name"))
def edge_model_loader(*, model_name: Annotated[FileRef, File("edge_models")], context: Context) -> EdgeModel:
    """Load a network that finds soft edges: HED (Xie and Tu 2015), such as ControlNetHED.pth.

    Args:
        model_name: A file in models/edge_models.
    """
    inspect_edges(context.path(model_name))
    return EdgeModel(ModelHandle(model_name, "hed", "edges"))


@node("SoftEdges", runs_on="device", category=CATEGORY, label="Soft Edges", facts=passed("image"))
def soft_edges(
    *,
    edge_model: EdgeModel,
    image: Image,
    resolution: Annotated[int, Range(64, 2048, step=16)] = 512,
    context: Context,
) -> Image:
    """Find the edges that matter to the eye: soft white lines on black, brighter where the network is surer.

    Args:
        edge_model: The network that finds edges.
        image: The pictures.
        resolution: Side in pixels at which the network looks; more finds finer lines.
    """
    with context.lease(edge_model.handle) as (finder,):
        return grey_picture(finder.find(image, resolution))


def brightness(image: Image) -> Tensor:
    """How bright each pixel is: [B, H, W] of pictures [B, H, W, C]; one channel is brightness already."""
    if image.shape[-1] < len(RED_GREEN_BLUE):
        return image[..., 0]
    return image[..., :3] @ image.new_tensor(RED_GREEN_BLUE)


def _each(pictures: Tensor, make: Callable[[NDArray[np.float32]], Any]) -> Tensor:
    """`make` of each picture as an array, together again as float32."""
    import numpy as np
    import torch

    made = [make(np.ascontiguousarray(picture.float().cpu().numpy())) for picture in pictures]
    return torch.from_numpy(np.stack(made).astype(np.float32))


def _swirl(height: int, width: int, size: int, generator: Any) -> Tensor:
    """Smooth noise [height, width] from exactly 0 to exactly 1 that changes over about `size` pixels."""
    import torch
    from torch.nn.functional import interpolate

    coarse = torch.rand(1, 1, height // size + 2, width // size + 2, generator=generator)
    whole = interpolate(coarse, size=(height + 2 * size, width + 2 * size), mode="bicubic", align_corners=False)
    noise = whole[0, 0, size : size + height, size : size + width]
    low, high = noise.aminmax()
    return (noise - low) / (high - low).clamp(min=torch.finfo(noise.dtype).tiny)
