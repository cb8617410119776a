"""Random Stable Diffusion 1.x checkpoints of any size: the real layout and names, streamed to disk tensor by tensor."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.models.build_sd import make_text, make_unet, make_vae, unet_names, vae_names
from engine.models.families import FAMILIES
from engine.models.layout import ClipLayout, UNetLayout, VaeLayout

DTYPES = {
    "fp32": ("F32", torch.float32),
    "fp16": ("F16", torch.float16),
    "bf16": ("BF16", torch.bfloat16),
    "fp8": ("F8_E4M3", torch.float8_e4m3fn),
    "fp8_e5m2": ("F8_E5M2", torch.float8_e5m2),
}
PREFIXES = {
    "denoiser": "model.diffusion_model.",
    "text": "cond_stage_model.transformer.text_model.",
    "vae": "first_stage_model.",
}
PARTS = tuple(PREFIXES)
POOL = 1 << 20


@dataclass(frozen=True, slots=True)
class Size:
    """Widths and depths of a checkpoint's three networks."""

    unet: UNetLayout
    vae: VaeLayout
    clip: ClipLayout


TINY = Size(
    UNetLayout(channels=4, widths=(32, 64), layers=1, attention=(True, True), context=64, linear=False),
    VaeLayout(channels=3, widths=(32, 32, 32, 64), layers=1, latent=4),
    ClipLayout(vocabulary=49408, positions=77, width=64, hidden=128, layers=2),
)
UNEVEN = Size(
    UNetLayout(channels=4, widths=(32, 96, 64), layers=2, attention=(False, True, False), context=64, linear=False),
    VaeLayout(channels=3, widths=(64, 32, 64, 32), layers=2, latent=4),
    ClipLayout(vocabulary=49408, positions=77, width=64, hidden=96, layers=3),
)
FULL = Size(
    UNetLayout(4, (320, 640, 1280, 1280), 2, (True, True, True, False), 768, False),
    VaeLayout(3, (128, 256, 512, 512), 2, 4),
    ClipLayout(49408, 77, 768, 3072, 12),
)


def network(size: Size, part: str) -> nn.Module:
    """The network of a part on the meta device."""
    family = FAMILIES["sd1"]
    with torch.device("meta"):
        if part == "denoiser":
            return make_unet(size.unet, family)
        return make_text(size.clip, family) if part == "text" else make_vae(size.vae)


def shapes(size: Size, parts: tuple[str, ...] = PARTS, *, naming: str = "ldm") -> dict[str, tuple[int, ...]]:
    """Shape of every tensor by its name in a single file ("ldm", with prefixes) or in diffusers' own ("diffusers")."""
    maps: dict[str, Mapping[str, str]] = {
        "denoiser": unet_names(size.unet),
        "vae": vae_names(size.vae),
        "text": {},
    }
    found = {}
    for part in parts:
        for name, parameter in network(size, part).named_parameters():
            own = name.removeprefix("text_model.")
            if naming == "diffusers":
                found[f"text_model.{own}" if part == "text" else own] = tuple(parameter.shape)
            else:
                shape = tuple(parameter.shape)
                conv = part == "vae" and "attentions" in name and len(shape) == 2
                found[PREFIXES[part] + maps[part].get(own, own)] = (*shape, 1, 1) if conv else shape
    return found


def value(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """The random fp32 numbers of a tensor: norms near one, weights scaled by their fan-in; from name and seed alone."""
    count = math.prod(shape)
    pool = _pool(name, shape, seed)
    return pool.repeat(-(-count // max(1, pool.numel())))[:count].reshape(shape)


def _pool(name: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """The numbers that are repeated to fill a tensor."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()) ^ seed)
    noise = torch.randn(min(math.prod(shape), POOL), generator=generator)
    if len(shape) == 1:
        return noise * 0.05 + float(name.endswith("weight"))
    return noise * 0.1 if "embedding" in name else noise / math.sqrt(math.prod(shape[1:]))


def write(
    path: Path,
    table: Mapping[str, tuple[int, ...]],
    dtype: str = "fp32",
    seed: int = 0,
    *,
    metadata: Mapping[str, str] | None = None,
    tokens: str | None = None,
) -> Path:
    """Write a safetensors file with random values, holding one tensor in memory at a time.

    `tokens` is the dtype of token tables where it is another.
    """
    kinds = {name: DTYPES[tokens if tokens and "token_embedding" in name else dtype] for name in table}
    with path.open("wb") as file:
        file.write(_head(table, kinds, metadata)[0])
        for name, shape in table.items():
            pool = _pool(name, shape, seed)
            bits = pool.to(kinds[name][1]).view(torch.uint8).numpy().tobytes()
            times, rest = divmod(math.prod(shape), max(1, pool.numel()))
            file.write(bits * times + bits[: len(bits) // max(1, pool.numel()) * rest])
    return path


def _head(
    table: Mapping[str, tuple[int, ...]],
    kinds: Mapping[str, tuple[str, torch.dtype]],
    metadata: Mapping[str, str] | None = None,
) -> tuple[bytes, int]:
    """The bytes before the tensors' own, and how many those are."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    at = 0
    for name, shape in table.items():
        code, kind = kinds[name]
        nbytes = math.prod(shape) * kind.itemsize
        header[name] = {"dtype": code, "shape": list(shape), "data_offsets": [at, at + nbytes]}
        at += nbytes
    raw = json.dumps(header).encode()
    raw += b" " * (-len(raw) % 8)
    return len(raw).to_bytes(8, "little") + raw, at


def write_checkpoint(
    path: Path, size: Size = TINY, dtype: str = "fp32", *, seed: int = 0, parts: tuple[str, ...] = PARTS
) -> Path:
    """A single-file checkpoint with the original code's names."""
    return write(path, shapes(size, parts), dtype, seed)


def write_folder(path: Path, size: Size = TINY, dtype: str = "fp32", *, seed: int = 0, variant: str = "") -> Path:
    """A diffusers folder; `variant` is "" or ".fp16"."""
    files = {
        "denoiser": ("unet", f"diffusion_pytorch_model{variant}"),
        "text": ("text_encoder", f"model{variant}"),
        "vae": ("vae", f"diffusion_pytorch_model{variant}"),
    }
    path.mkdir(parents=True, exist_ok=True)
    (path / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline"}))
    for part, (folder, stem) in files.items():
        (path / folder).mkdir(exist_ok=True)
        write(path / folder / f"{stem}.safetensors", shapes(size, (part,), naming="diffusers"), dtype, seed)
    return path


def write_header(
    path: Path,
    table: Mapping[str, tuple[int, ...]],
    dtype: str = "fp16",
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """A file with a true header over a hole of the right size: enough for whoever reads headers only."""
    head, nbytes = _head(table, dict.fromkeys(table, DTYPES[dtype]), metadata)
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + nbytes)
    return path


def values(table: Mapping[str, tuple[int, ...]], seed: int = 0) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a table in turn, in fp32."""
    return ((name, value(name, shape, seed)) for name, shape in table.items())
