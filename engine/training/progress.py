"""Time-based training: a stage has minutes, its rate follows the clock, and its state survives a kill."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn


@dataclass(slots=True)
class Clock:
    """Seconds spent in a stage (over restarts) against its budget; or updates against theirs, when steps are given."""

    minutes: float
    steps: int | None = None
    spent: float = 0.0
    done: int = 0
    _last: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        """Begin to count from now."""
        self._last = time.monotonic()

    def tick(self) -> None:
        """Count one update and the time since the last one."""
        now = time.monotonic()
        self.spent += now - self._last
        self._last = now
        self.done += 1

    @property
    def progress(self) -> float:
        """Fraction of the stage that is over, 0 to 1."""
        part = self.done / self.steps if self.steps else self.spent / (60 * self.minutes)
        return min(1.0, part)


def rate(progress: float, done: int, warmup: int = 100, floor: float = 0.02) -> float:
    """Return the factor of the learning rate: linear warm-up over updates, cosine to `floor` over the stage."""
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return min(1.0, (done + 1) / warmup) * (floor + (1 - floor) * cosine)


class Ema:
    """An exponential moving average of a module's parameters, slower as training goes on (up to `decay`)."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.source = list(module.parameters())
        self.shadow = [p.detach().clone() for p in self.source]

    @torch.no_grad()
    def update(self) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.shadow, [p.detach() for p in self.source], 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Write the averages into a module of the same layout."""
        for target, value in zip(module.parameters(), self.shadow, strict=True):
            target.copy_(value)

    def state(self) -> dict[str, Any]:
        return {"updates": self.updates, "shadow": self.shadow}

    def load(self, state: dict[str, Any]) -> None:
        self.updates = state["updates"]
        for mine, theirs in zip(self.shadow, state["shadow"], strict=True):
            mine.copy_(theirs)


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a training state so that a kill leaves the old one or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def load_state(path: Path) -> dict[str, Any] | None:
    """Return a saved training state, or None where there is none."""
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


def every(seconds: float) -> Callable[[], bool]:
    """Return a function that is true once in so many seconds."""
    last = time.monotonic()

    def due() -> bool:
        nonlocal last
        if time.monotonic() - last < seconds:
            return False
        last = time.monotonic()
        return True

    return due
