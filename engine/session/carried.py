"""What pictures carry of the workflow that made them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

from engine.bundle.account import ACCOUNT
from engine.graph.graph import Graph, NodeId
from engine.workflow.file import edited

KEYWORD = 79
"""The most characters of the name of a PNG's text."""


class Carried(Mapping[str, str]):
    """Texts by name: the plain graph for others, our own file with the values that were set, the account of the run
    (`bundle.account`), and what else is given.

    They are written when a node first asks: most runs of a large graph save nothing.
    """

    def __init__(
        self,
        graph: Graph,
        source: bytes | None,
        values: Mapping[tuple[NodeId, str], Any],
        texts: Mapping[str, Any] | None = None,
        account: Callable[[], str] | None = None,
    ) -> None:
        self._graph = graph
        self._source = source
        self._values = values
        self._account = account
        self._others = {name: value for name, value in (texts or {}).items() if _is_keyword(name)}

    @cached_property
    def _texts(self) -> dict[str, str]:
        plain = json.dumps(self._graph.to_api(), ensure_ascii=False)
        others = {n: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for n, v in self._others.items()}
        own = edited(self._source, self._values) if self._source is not None else None
        account = {ACCOUNT: self._account()} if self._account is not None else {}
        return {**others, "prompt": plain, "inkwater": own or plain, **account}

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def _is_keyword(name: str) -> bool:
    """Whether a text of a PNG may have this name: 1 to 79 plain characters, no blanks at its ends."""
    return 0 < len(name) <= KEYWORD and name.isascii() and name.isprintable() and name == name.strip()
