"""A measured number beside its limit, and the machine that it was measured on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A number; `limit` is the most it may be, or the least where `least` is set, or nothing is promised."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.least else self.value <= self.limit

    def line(self) -> str:
        """As one line of the report."""
        asked = "" if self.limit is None else f"{'at least' if self.least else 'at most'} {self.limit:g}"
        return f"{'ok  ' if self.holds else 'MISS'} {self.name:<58} {self.value:>10.4g} {self.unit:<8} {asked}".rstrip()

    def record(self) -> dict[str, Any]:
        """For --json."""
        return {name: getattr(self, name) for name in ("name", "value", "unit", "limit", "least", "holds")}


def best(call: Callable[[], object], times: int = 3) -> float:
    """The shortest of some runs, in seconds."""
    return min(timed(call) for _ in range(times))


def timed(call: Callable[[], object]) -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def machine() -> dict[str, str]:
    """What the figures were measured on; a busy machine makes all of them larger."""
    import torch

    from engine.models.precision import policy

    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "cpu": f"{_cpu()}, {os.cpu_count()} cores, load {load}",
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": f"{torch.__version__}, {torch.get_num_threads()} threads",
        "device": policy().salt,
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
