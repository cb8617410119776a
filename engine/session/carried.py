"""What pictures carry of the workflow that made them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from engine.graph.graph import Graph, NodeId
from engine.workflow.file import edited


class Carried(Mapping[str, str]):
    """Texts by name: the plain graph for others, and our own file with the values that were set.

    They are written when a node first asks: most runs of a large graph save nothing.
    """

    def __init__(self, graph: Graph, source: bytes | None, values: Mapping[tuple[NodeId, str], Any]) -> None:
        self._graph = graph
        self._source = source
        self._values = values

    @cached_property
    def _texts(self) -> dict[str, str]:
        plain = json.dumps(self._graph.to_api(), ensure_ascii=False)
        own = edited(self._source, self._values) if self._source is not None else None
        return {"prompt": plain, "inkwater": own or plain}

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)
