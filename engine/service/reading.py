"""Reading and checking workflows of any format, in a thread where that could hold up the event loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.files import Library
from engine.graph.check import Checked
from engine.graph.graph import Graph, NodeId
from engine.graph.registry import Registry
from engine.service.threads import off
from engine.workflow.checking import examine
from engine.workflow.file import Opened, opened

Workflow = bytes | Mapping[str, Any] | Graph
"""The text of a file, parsed JSON, or a graph."""

SMALL = 200
"""Nodes up to which a graph is checked at once: a hop to a thread costs more than checking a few of them."""
WIDE = 100
"""Inputs up to which a node counts as small."""


@dataclass(frozen=True, slots=True)
class Read:
    """A workflow as the queue keeps it.

    Args:
        graph: plain API format, flattened. source: the text as it came, where that says more.
    """

    checked: Checked
    graph: Mapping[str, Any]
    source: str | None


class Reader:
    """Reads and checks with all that is installed."""

    def __init__(self, registry: Registry, library: Library) -> None:
        self._registry = registry
        self._library = library
        # Their check looks at the disk, and the first time it hashes a file.
        self._with_files = {name for name, d in registry.items() if any(s.file for s in d.inputs)}

    async def check(self, workflow: Workflow, targets: Iterable[NodeId] | None) -> Checked:
        """All problems, and the plan of what is sound; raises WorkflowError."""
        if self._quick(workflow):
            return self._check(workflow, targets)
        return await off(self._check, workflow, targets)

    async def read(self, workflow: Workflow, targets: Iterable[NodeId] | None) -> Read:
        """As `check`, with what is to be kept."""
        if self._quick(workflow):
            return self._read(workflow, targets)
        return await off(self._read, workflow, targets)

    def _quick(self, workflow: Workflow) -> bool:
        """Whether this is so small that it is done at once."""
        if isinstance(workflow, bytes):
            return False
        nodes = workflow.nodes if isinstance(workflow, Graph) else workflow
        return len(nodes) <= SMALL and all(map(self._is_quick, nodes.values()))

    def _is_quick(self, node: Any) -> bool:
        """Whether a node names no file and is itself small."""
        if isinstance(node, Mapping):
            type, inputs = node.get("class_type"), node.get("inputs")
        else:
            type, inputs = getattr(node, "type", None), getattr(node, "inputs", None)
        known = isinstance(type, str) and type in self._registry and type not in self._with_files
        return known and isinstance(inputs, Mapping) and len(inputs) <= WIDE and all(map(_is_small, inputs.values()))

    def _open(self, workflow: Workflow) -> Opened:
        if isinstance(workflow, Graph):
            return Opened(workflow)
        return opened(workflow, self._registry, library=self._library)

    def _examine(self, read: Opened, targets: Iterable[NodeId] | None) -> Checked:
        return examine(read.graph, self._registry, self._library, targets, read.problems)

    def _check(self, workflow: Workflow, targets: Iterable[NodeId] | None) -> Checked:
        return self._examine(self._open(workflow), targets)

    def _read(self, workflow: Workflow, targets: Iterable[NodeId] | None) -> Read:
        read = self._open(workflow)
        checked = self._examine(read, targets)
        graph = checked.plan.graph.to_api()
        return Read(checked, graph, _source(read, graph))


def _is_small(value: Any) -> bool:
    """Whether an input is a link or a value without parts."""
    value = getattr(value, "value", value)
    if isinstance(value, list | tuple):
        return len(value) <= 2 and not any(isinstance(part, Mapping | list | tuple) for part in value)
    return not isinstance(value, Mapping)


def _source(read: Opened, graph: Mapping[str, Any]) -> str | None:
    """Our file's text to keep beside the plain graph; None where they say the same."""
    text = None if read.file == graph else read.text
    return None if text is None else text.decode("utf-8-sig")
