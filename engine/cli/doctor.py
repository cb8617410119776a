"""`doctor`: what this machine offers, what is used of it, and what to install when a GPU lies idle."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli.common import folders, load_registry, precision, settings

if TYPE_CHECKING:
    from engine.files import Library

HELP = "tell which device, precision, models and caches are used, and what is amiss"

VENDORS = {"0x10de": "NVIDIA", "0x8086": "Intel"}
"""PCI vendors of graphics cards; AMD's are told by the device of its compute driver."""

ADVICE = {
    "NVIDIA": "install a CUDA build of torch",
    "AMD": "install a ROCm build of torch (Linux)",
    "Intel": "if it is an Arc or a Core Ultra, install an XPU build of torch",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    precision(parser)
    folders(parser)


def main(args: argparse.Namespace) -> int:
    chosen = settings(args)
    library = chosen.library()
    rows = [
        ("Python", f"{platform.python_version()} on {platform.platform()} ({sys.executable})"),
        *_torch(chosen.precision),
        ("Data", f"{chosen.data} ({_gigabytes(_free(chosen.data))} free)"),
        ("Results on disk", f"{_gigabytes(_size(chosen.data / 'cache'))} of {_gigabytes(chosen.disk)}"),
        *_models(library),
    ]
    for name, value in rows:
        print(f"{name:<16} {value}")
    loaded = load_registry(chosen.data)
    print(f"{'Node types':<16} {len(loaded.registry)}, {len(loaded.packs)} packs, {len(loaded.failures)} left out")
    for warning in idle_gpus(graphics_cards()):
        print(f"\n{warning}")
    return 0


def _torch(precision: str) -> Iterator[tuple[str, str]]:
    """The build, the device and the precision that `run` would take."""
    import torch

    from engine.models.precision import Precision, policy

    wanted: Precision = precision  # type: ignore[assignment]  # argparse allows no other
    taken = policy("auto", wanted)
    yield "torch", f"{torch.__version__} ({_build()})"
    yield "Device", f"{taken.device.type}: {_device_name(taken.device.type)}"
    yield "Precision", taken.salt.removeprefix(f"{taken.device.type} ")


def _build() -> str:
    import torch

    for name in ("cuda", "hip", "xpu"):
        if (version := getattr(torch.version, name, None)) is not None:
            return f"built for {'ROCm' if name == 'hip' else name.upper()} {version}"
    return "built for Apple's GPUs" if torch.backends.mps.is_built() else "built for CPUs only"


def _device_name(kind: str) -> str:
    import torch

    if kind == "cuda":
        free, whole = torch.cuda.mem_get_info()
        return f"{torch.cuda.get_device_name()}, {_gigabytes(free)} of {_gigabytes(whole)} free"
    if kind == "xpu":
        return torch.xpu.get_device_name()
    return f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"


def idle_gpus(cards: set[str]) -> Iterator[str]:
    """What to do for each kind of graphics card that is here and that torch does not use."""
    import torch

    if torch.accelerator.current_accelerator(check_available=True) is not None:
        return
    for vendor in sorted(cards):
        built = {"NVIDIA": torch.version.cuda, "AMD": torch.version.hip}.get(vendor)
        if built is not None:
            yield f"A GPU of {vendor} is here, and torch cannot reach it: update its driver (torch wants {built})."
        else:
            yield (
                f"A GPU of {vendor} is here and not used, because torch is built without it: {ADVICE[vendor]}, into "
                f"{sys.prefix}, with the command that https://pytorch.org/get-started/locally/ shows."
            )


def graphics_cards() -> set[str]:
    """Vendors of the graphics cards that can compute, as far as the system tells without drivers."""
    found = {VENDORS.get(_text(file)) for file in Path("/sys/class/drm").glob("card*/device/vendor")}
    if shutil.which("nvidia-smi") is not None or Path("/dev/nvidiactl").exists():
        found.add("NVIDIA")
    if Path("/dev/kfd").exists():
        found.add("AMD")
    return {vendor for vendor in found if vendor is not None}


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except OSError:
        return ""


def _models(library: Library) -> Iterator[tuple[str, str]]:
    """One row per kind that has files."""
    from engine.folders import OWN_KINDS

    for kind, paths in library.folders.items():
        if kind not in OWN_KINDS and (names := library.names(kind)):
            there = ", ".join(str(p) for p in paths if p.is_dir())
            yield kind, f"{len(names)} in {there}"


def _size(folder: Path) -> int:
    return sum(os.path.getsize(os.path.join(parent, n)) for parent, _, names in os.walk(folder) for n in names)


def _free(folder: Path) -> int:
    there = next(p for p in (folder, *folder.parents) if p.exists())
    return shutil.disk_usage(there).free


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
