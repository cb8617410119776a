"""What one step made, and lists on their way to be mapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NodeId = str
Key = bytes

ENTRY_BYTES = 512
"""What an artifact costs beside its values: the record, its key and its place in a table."""


class Many(tuple[Any, ...]):
    """A list of values: a plain input that it reaches maps its node over it, a ``list[T]`` input takes it whole."""

    __slots__ = ()


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
    """What one step made and what it cost; ``alias`` set: the real one lies under that key."""

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
