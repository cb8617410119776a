"""The first step of two runs whose output differs, down to the sampler step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.graph.graph import Graph, NodeId
from engine.graph.questions import ancestors, order
from engine.why.graphs import Changes, place

Kind = Literal["inputs", "output", "sampler_step", "environment"]


@dataclass(frozen=True, slots=True)
class Ran:
    """What is known of a run: its graph, the digest of each step's output, and of each sampler step where recorded."""

    graph: Graph
    outputs: Mapping[NodeId, str] = field(default_factory=dict)
    sampler_steps: Mapping[NodeId, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class First:
    """Where two runs part.

    Args:
        kind: sampler_step: the first sampler step that differs, `step`, counted from 0; output: its output differs;
            environment: so it does, though all that it was given is the same; inputs: it was given something else,
            and no outputs are known. step: None where none is known.
    """

    node: NodeId
    title: str
    kind: Kind
    step: int | None = None

    def __str__(self) -> str:
        since = "" if self.step is None else f", from its sampler step {self.step + 1} on"
        match self.kind:
            case "environment":
                return f"{self.title} is the first to differ{since}, though it was given the same."
            case "inputs":
                return f"{self.title} is the first that was given something else."
        return f"{self.title} is the first whose output differs{since}."


def first_difference(before: Ran, after: Ran, changed: Changes) -> First | None:
    """Where two runs part, by the first run's ids; None where nothing that is known differs."""
    given = {parameter.node for parameter in changed.parameters}
    for id in order(before.graph):
        other = changed.pairs.get(id)
        if other is None:
            continue
        was, now = before.outputs.get(id), after.outputs.get(other)
        if was is None or now is None:
            if id in given:
                return First(id, place(before.graph, id).title, "inputs")
        elif was != now:
            steps = before.sampler_steps.get(id, ()), after.sampler_steps.get(other, ())
            return _parted(before.graph, id, *steps, same=given.isdisjoint({id, *ancestors(before.graph, id)}))
    return None


def _parted(graph: Graph, id: NodeId, before: Sequence[str], after: Sequence[str], *, same: bool) -> First:
    title = place(graph, id).title
    if before and after:
        found = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
        if found is None and len(before) != len(after):
            found = min(len(before), len(after))
        if found is not None:
            return First(id, title, "environment" if same else "sampler_step", found)
    return First(id, title, "environment" if same else "output")
