"""Which results are kept, anywhere, without reading large ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.graph.keys import Key
from engine.run.artifact import Artifact

if TYPE_CHECKING:
    from engine.session.works import Works

SMALL = 64 << 10
"""Bytes of a file that is read whole: it may only lead to another, or name files that must be there."""


class Kept:
    """What `Plan.explain` asks: memory, disk, and the ledger of what sinks wrote."""

    def __init__(self, works: Works) -> None:
        self._works = works

    def get(self, key: Key) -> object | None:
        """Something, if a run would find the result."""
        found = self._find(key)
        if isinstance(found, Artifact) and found.alias is not None:
            found = self._find(found.alias)
        if isinstance(found, Artifact) and found.files and not self._works.outputs.intact(found.files):
            return None
        return found if found is not None else self._works.outputs.recall(key)

    def _find(self, key: Key) -> object | None:
        found: object | None = self._works.memory.get(key)
        behind = self._works.behind
        if found is not None or behind is None:
            return found
        size = behind.disk.size(key)
        if size is None:
            return behind.peek(key)
        return behind.get(key) if size <= SMALL else size
