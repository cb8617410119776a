"""What a run depended on outside of its graph. Torch-free."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from engine.version import VERSION

PACKAGES = ("torch", "diffusers", "transformers", "safetensors", "numpy", "pillow", "torchsde")
"""Libraries that may change a number or a pixel."""

Environment = Mapping[str, str]


def environment(device: Mapping[str, Any]) -> dict[str, str]:
    """This program, its libraries and this machine, by name; `device` is what a session's device says of itself."""
    return {
        "inkwater": VERSION,
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "device": str(device.get("title") or device.get("device") or ""),
        "precision": str(device.get("precision") or ""),
        "threads": str(device.get("threads") or ""),
        "instructions": str(device.get("instructions") or ""),
    }


def differences(before: Environment, after: Environment) -> Iterator[tuple[str, str, str]]:
    """(name, before, after) of all that is not the same; what one of them does not say is "unknown"."""
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name) or "unknown", after.get(name) or "unknown"
        if was != now:
            yield name, was, now


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
