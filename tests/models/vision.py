"""Small random depth estimators, upscalers and edge models in the names of real files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.files import Library
from engine.models.build_depth import make_depth
from engine.models.depth_files import DepthFamily, DepthLayout
from engine.models.dpt_keys import sources
from engine.models.edge_files import HedNaming, hed_names
from engine.models.edges import Hed
from engine.models.handle import ModelHandle, Part
from engine.models.load import make_manager
from engine.models.precision import policy

Tensors = Mapping[str, Tensor]

LARGE = DepthLayout("dpt", 1024, 24, 4096, 16, 576, (256, 512, 1024, 1024), 256, mask_token=False)
STAGES = ((3, 256), (4, 512), (9, 1024))
HYBRID = DepthLayout(
    "dpt_hybrid", 768, 12, 3072, 16, 576, (256, 512, 768, 768), 256, stem=64, stages=STAGES, mask_token=False
)
SMALL = DepthLayout("depth_anything", 384, 12, 1536, 14, 1369, (48, 96, 192, 384), 64)

TINY_DPT = DepthLayout("dpt", 64, 4, 128, 16, 16, (16, 24, 32, 32), 16, mask_token=False)
TINY_HYBRID = DepthLayout(
    "dpt_hybrid",
    64,
    4,
    128,
    16,
    16,
    (128, 128, 32, 32),
    16,
    stem=32,
    stages=((2, 128), (1, 128), (1, 256)),
    mask_token=False,
)
TINY_ANYTHING = DepthLayout("depth_anything", 64, 8, 256, 14, 25, (16, 24, 32, 32), 16)
HED_WIDTHS = (8, 8, 16, 16, 16)


def randomised(module: nn.Module, deviation: float = 0.08) -> nn.Module:
    """The module with random weights, the same each time; norms stay near one."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator) * deviation
            parameter.copy_(noise + 1 if "norm" in name and name.endswith("weight") and parameter.ndim == 1 else noise)
    return module.eval()


def depth_network(layout: DepthLayout, family: DepthFamily = "dpt") -> nn.Module:
    """A small depth estimator with random weights that answers with more than zeros."""
    network = randomised(make_depth(layout, family))
    last = network.get_submodule("head.conv3" if layout.kind == "depth_anything" else "head.head.4")
    with torch.no_grad():
        last.bias.fill_(0.5)
    return network


def original(tensors: Tensors, stem: str) -> dict[str, Tensor]:
    """Tensors of a depth estimator in the names of the original code, which begin with `stem` or "pretrained"."""
    made: dict[str, Tensor] = {}
    joined: dict[str, dict[int, Tensor]] = {}
    for name, tensor in tensors.items():
        found = [s for s in sources(name) if s.name.startswith((stem, "pretrained."))]
        source = next((s for s in found if s.name.startswith(stem)), found[0])
        if source.third is None:
            made[source.name] = tensor
        else:
            joined.setdefault(source.name, {})[source.third] = tensor
    return made | {name: torch.cat([parts[i] for i in range(3)]) for name, parts in joined.items()}


def write(path: Path, tensors: Tensors) -> Path:
    """A safetensors file, or a PyTorch one where its name ends so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}
    if path.suffix == ".safetensors":
        save_file(table, path)
    else:
        torch.save(table, path)
    return path


def rrdb(
    channels: int = 8, growth: int = 4, blocks: int = 2, doublings: int = 2, shuffle: int = 1, plus: bool = False
) -> dict[str, Tensor]:
    """Tensors of an RRDBNet in Real-ESRGAN's names."""
    generator = torch.Generator().manual_seed(7)
    made: dict[str, Tensor] = {}

    def conv(name: str, into: int, out: int, side: int = 3) -> None:
        made[f"{name}.weight"] = torch.randn(out, into, side, side, generator=generator) * 0.15
        if side == 3:
            made[f"{name}.bias"] = torch.randn(out, generator=generator) * 0.05

    conv("conv_first", 3 * shuffle**2, channels)
    for block in range(blocks):
        for dense in (1, 2, 3):
            stem = f"body.{block}.rdb{dense}"
            for i in range(1, 6):
                conv(f"{stem}.conv{i}", channels + growth * (i - 1), channels if i == 5 else growth)
            if plus:
                conv(f"{stem}.conv1x1", channels, growth, 1)
    conv("conv_body", channels, channels)
    for i in range(1, doublings + 1):
        conv(f"conv_up{i}", channels, channels)
    conv("conv_hr", channels, channels)
    conv("conv_last", channels, 3)
    return made


def later(tensors: Tensors) -> dict[str, Tensor]:
    """An RRDBNet's tensors in the names of ESRGAN's later code."""
    words = (
        (r"^body\.", "RRDB_trunk."),
        (r"\.rdb", ".RDB"),
        ("^conv_body", "trunk_conv"),
        ("^conv_up", "upconv"),
        ("^conv_hr", "HRconv"),
    )
    made = {}
    for name, tensor in tensors.items():
        for ours, theirs in words:
            name = re.sub(ours, theirs, name)
        made[name] = tensor
    return made


def first(tensors: Tensors) -> dict[str, Tensor]:
    """An RRDBNet's tensors in the names of ESRGAN's first code, one number for each layer in a row."""
    ups = sum(re.fullmatch(r"conv_up\d\.weight", name) is not None for name in tensors)
    trunk = max(int(name.split(".")[1]) for name in tensors if name.startswith("body.")) + 1
    places = {
        "conv_first": "0",
        "conv_body": f"1.sub.{trunk}",
        "conv_hr": f"{2 + 3 * ups}",
        "conv_last": f"{4 + 3 * ups}",
    }
    places |= {f"conv_up{i}": str(3 * i) for i in range(1, ups + 1)}
    made = {}
    for name, tensor in tensors.items():
        owner, _, leaf = name.rpartition(".")
        dense = re.fullmatch(r"body\.(\d+)\.rdb(\d)\.conv(\w+)", owner)
        inner = "" if dense is None or dense[3] == "1x1" else ".0"
        own = f"1.sub.{dense[1]}.RDB{dense[2]}.conv{dense[3]}{inner}" if dense else places[owner]
        made[f"model.{own}.{leaf}"] = tensor
    return made


def compact(channels: int = 8, blocks: int = 3, scale: int = 4) -> dict[str, Tensor]:
    """Tensors of an SRVGGNetCompact."""
    generator = torch.Generator().manual_seed(9)
    made: dict[str, Tensor] = {}
    widths = [3, *[channels] * (blocks + 1), 3 * scale**2]
    for i, (into, out) in enumerate(pairwise(widths)):
        made[f"body.{2 * i}.weight"] = torch.randn(out, into, 3, 3, generator=generator) * 0.1
        made[f"body.{2 * i}.bias"] = torch.randn(out, generator=generator) * 0.05
        if i <= blocks:
            made[f"body.{2 * i + 1}.weight"] = torch.rand(out, generator=generator)
    return made


def hed(naming: HedNaming) -> dict[str, Tensor]:
    """Tensors of a small HED network in the names of its two kinds of file."""
    network = randomised(Hed(naming, HED_WIDTHS))
    names = hed_names(naming)
    return {names[name]: tensor for name, tensor in network.state_dict().items()}


@contextmanager
def leased(path: Path, kind: str, family: str, part: Part) -> Any:
    """What a lease lends of a file, in fp32 on the CPU."""
    library = Library({kind: [path.parent]})
    manager = make_manager(library, policy("cpu", "full"))
    with manager.lease(ModelHandle(library.ref(kind, path.name), family, part)) as (module,):
        yield module
