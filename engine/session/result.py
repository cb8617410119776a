"""What a run gave: values as arrays, files, texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.graph.graph import Graph, NodeId
from engine.graph.problems import Problem
from engine.run.artifact import Artifact
from engine.workflow.values import named


@dataclass(frozen=True, slots=True)
class Result(Mapping[str, Any]):
    """The values of the targets, by id or by a title that only one node has.

    A node with one output gives its value, one with several a tuple, one with none None. Tensors come as numpy arrays:
    pictures are float32 [B, H, W, C], 0 to 1.

    Args:
        ui: what each node shows, by id: {"images": [{filename, subfolder, type}], "text": […], …}.
        files: what was written, in the order of the targets.
        ran, cached: ids of the steps that ran, and of those whose results were there already.
        problems: what the check found and did not stop the run.
        seconds: from the check to the end.
    """

    graph: Graph
    artifacts: Mapping[NodeId, Artifact]
    ui: Mapping[NodeId, Mapping[str, Any]]
    files: tuple[Path, ...]
    ran: tuple[NodeId, ...]
    cached: tuple[NodeId, ...]
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0

    def __getitem__(self, target: str) -> Any:
        found = [id for id in named(self.graph, target) if id in self.artifacts]
        if len(found) != 1:
            raise KeyError(target)
        values = tuple(map(to_array, self.artifacts[found[0]].outputs))
        return values if len(values) > 1 else next(iter(values), None)

    def __iter__(self) -> Iterator[NodeId]:
        return iter(self.artifacts)

    def __len__(self) -> int:
        return len(self.artifacts)


def to_array(value: Any) -> Any:
    """A tensor as a numpy array (bfloat16, which numpy lacks, as float32); other values as they are."""
    if type(value).__module__ == "torch" and hasattr(value, "numpy"):
        plain = value.detach().cpu()
        return (plain.float() if str(plain.dtype) == "torch.bfloat16" else plain).numpy()
    return value


def files_of(ui: Mapping[NodeId, Mapping[str, Any]], folder: Callable[[str], Path]) -> tuple[Path, ...]:
    """The files that nodes say they wrote, each once: a node that expanded shows what is shown inside it."""
    shown = (
        item for told in ui.values() for items in told.values() if isinstance(items, list | tuple) for item in items
    )
    files = (i for i in shown if isinstance(i, Mapping) and {"filename", "subfolder", "type"} <= i.keys())
    return tuple(dict.fromkeys(folder(i["type"]) / i["subfolder"] / i["filename"] for i in files))
