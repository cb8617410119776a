"""What one step made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.graph.keys import Key

ENTRY_BYTES = 512
"""What an artifact costs beside its values: the record, its key and its place in a table."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file that a sink wrote, as it was then: ``folder`` is the kind (output, temp), ``path`` relative to it."""

    folder: str
    path: str
    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """What one step made and what it cost.

    Args:
        outputs: one value per output; a list where the socket is a list or the step was mapped.
        files: what it wrote, and what the steps wrote that it was expanded to; a hit counts only while they are intact.
        alias: the artifact that counts lies under this key (the recipe without the inputs nobody asked for).
    """

    outputs: tuple[Any, ...]
    nbytes: int
    seconds: float
    ui: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Stamp, ...] = ()
    alias: Key | None = None

    @property
    def cost(self) -> float:
        """Seconds to make it again per byte that it takes: what is low goes first."""
        return self.seconds / (self.nbytes + ENTRY_BYTES)
