"""What a run depended on outside of its graph. Torch-free."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from engine.version import VERSION

PACKAGES = ("torch", "diffusers", "transformers", "safetensors", "numpy", "pillow", "torchsde")
"""Libraries that may change a number or a pixel."""

PRIVATE = ("processor", "python", "system")
"""What a picture that is given away keeps to itself: it changes no number that the rest does not tell."""

Environment = Mapping[str, str]


def environment(device: Mapping[str, Any]) -> dict[str, str]:
    """This program, its libraries and this machine, by name; `device` is what a session's device says of itself."""
    return {
        **_installed(),
        "device": str(device.get("title") or device.get("device") or ""),
        "precision": str(device.get("precision") or ""),
        **(_arithmetic() if device.get("torch") else {}),
    }


def differences(before: Environment, after: Environment) -> Iterator[tuple[str, str, str]]:
    """(name, before, after) of all that is not the same, as far as both tell of it."""
    for name in before:
        was, now = before[name] or "not there", after.get(name, before[name]) or "not there"
        if was != now:
            yield name, was, now


def _arithmetic() -> dict[str, str]:
    """What decides in which order a processor adds."""
    import torch

    return {"threads": str(torch.get_num_threads()), "instructions": torch.backends.cpu.get_cpu_capability()}


@cache
def _installed() -> Mapping[str, str]:
    """What stays as it is while a process lives."""
    return {
        "inkwater": VERSION,
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
    }


def processor() -> str:
    """What the processor's maker calls it; its architecture where the system does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
