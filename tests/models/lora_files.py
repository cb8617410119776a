"""Random LoRAs and hypernetworks for the random checkpoints of `make` and `members`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.models import make

Pieces = dict[str, Tensor]


def draw(*shape: int, seed: int = 0) -> Tensor:
    """Random numbers of a spread that keeps products small."""
    generator = torch.Generator().manual_seed(seed * 1000 + sum(shape) + len(shape))
    return torch.randn(*shape, generator=generator) * 0.2


def pair(shape: Sequence[int], rank: int = 4, alpha: float | None = 2.0, seed: int = 0) -> Pieces:
    """Kohya's pieces of a layer whose weight has this shape."""
    out, into, *kernel = shape
    pieces = {
        "lora_up.weight": draw(out, rank, *[1] * len(kernel), seed=seed),
        "lora_down.weight": draw(rank, into, *kernel, seed=seed + 1),
    }
    return pieces if alpha is None else pieces | {"alpha": torch.tensor(alpha)}


def attention(names: Iterable[str]) -> list[str]:
    """The layers that a plain LoRA changes, of these parameters' names."""
    ends = (".to_q", ".to_k", ".to_v", ".to_out.0", "q_proj", "k_proj", "v_proj", "out_proj", "mlp.fc1", "mlp.fc2")
    layers = [name.removesuffix(".weight") for name in names if name.endswith(".weight")]
    return [layer for layer in layers if layer.endswith(ends)]


def kohya(prefix: str, layer: str) -> str:
    """Kohya's stem of a layer."""
    return prefix + layer.replace(".", "_")


def write_lora(path: Path, size: make.Size, *, rank: int = 4, alpha: float = 2.0, seed: int = 0) -> Path:
    """A LoRA of kohya's scripts for the attention of a checkpoint's denoiser and text encoder."""
    tensors: Pieces = {}
    for part, prefix in (("denoiser", "lora_unet_"), ("text", "lora_te_")):
        shapes = {name: tuple(p.shape) for name, p in make.network(size, part).named_parameters()}
        for i, layer in enumerate(attention(shapes)):
            bare = layer.removeprefix("text_model.")
            stem = kohya(prefix, f"text_model.{bare}" if part == "text" else bare)
            made = pair(shapes[f"{layer}.weight"], rank, alpha, seed + i)
            tensors |= {f"{stem}.{leaf}": tensor for leaf, tensor in made.items()}
    return save(path, tensors)


def save(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> Path:
    """A safetensors file."""
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, dict(metadata or {}))
    return path


def write_hypernetwork(
    path: Path,
    widths: Mapping[int, Sequence[int]],
    *,
    rename: Callable[[str], str] = str,
    places: Sequence[int] = (0, 1, 2),
    norm_places: Sequence[int] = (),
    slopes: Mapping[int, float] | None = None,
    seed: int = 0,
    **settings: Any,
) -> dict[int, tuple[Pieces, Pieces]]:
    """A hypernetwork with linear layers through these sizes, by width of attention; returns its tables.

    `places` and `norm_places` are the numbers of layers and norms in the file, `slopes` those of PReLU's.
    """

    def side(sizes: Sequence[int], seed: int) -> Pieces:
        found: Pieces = {}
        for place, (into, out) in zip(places, pairwise(sizes), strict=False):
            found |= {
                f"linear.{place}.weight": draw(out, into, seed=seed),
                f"linear.{place}.bias": draw(out, seed=seed),
            }
        for place, out in zip(norm_places, sizes[1:], strict=False):
            found |= {
                f"linear.{place}.weight": 1 + draw(out, seed=seed),
                f"linear.{place}.bias": draw(out, seed=seed + 7),
            }
        return found | {f"linear.{place}.weight": torch.tensor([slope]) for place, slope in (slopes or {}).items()}

    tables = {width: (side(sizes, seed), side(sizes, seed + 1)) for width, sizes in widths.items()}
    value: dict[Any, Any] = {
        width: [{rename(name): tensor for name, tensor in own.items()} for own in sides]
        for width, sides in tables.items()
    }
    torch.save(value | {"step": 3, "name": "x", "sd_checkpoint": None} | settings, path)
    return tables
