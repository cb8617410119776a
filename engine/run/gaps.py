"""Gaps: what stands in the place of a part that failed, where the rest is worth having without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from engine.graph.define import NodeDef
from engine.graph.graph import Const, Link, NodeId
from engine.graph.keys import digest
from engine.graph.plan import Step
from engine.graph.told import Telling, telling
from engine.run.errors import StepError

REASON = "reason"
"""The input of a spared step that is told why it is called without its own."""
MOST_TOLD = 5
"""Gaps that a warning names."""


@dataclass(frozen=True, slots=True)
class Part:
    """A step of an expansion that may fail: of which node, and what people call it."""

    parent: NodeId
    name: str


@dataclass(slots=True)
class Gaps:
    """The parts of one job that may fail, and those that did."""

    parts: dict[NodeId, Part] = field(default_factory=dict)
    filled: dict[NodeId, StepError] = field(default_factory=dict)
    _left: dict[NodeId, int] = field(default_factory=dict)  # of each parent: parts that have not failed

    def expect(self, parent: NodeId, spared: Mapping[NodeId, str]) -> None:
        """These steps of the expansion of `parent` may fail."""
        self.parts |= {id: Part(parent, name) for id, name in spared.items()}
        self._left[parent] = len(spared)

    def takes(self, id: NodeId) -> bool:
        """Whether the failure of this step may be a gap: where nothing else is left it is a failure of the whole."""
        return id in self.parts and id not in self.filled and self._left[self.parts[id].parent] > 1

    def fill(self, id: NodeId, error: StepError) -> None:
        """This step is a gap from now on."""
        self.filled[id] = error
        self._left[self.parts[id].parent] -= 1

    def of(self, parent: NodeId) -> dict[NodeId, StepError]:
        """The gaps in what a step expanded to."""
        return {id: error for id, error in self.filled.items() if self.parts[id].parent == parent}

    def beside(self, id: NodeId) -> list[StepError]:
        """What the gaps came from that stand beside a part for which the whole failed."""
        return [] if (part := self.parts.get(id)) is None else [*self.of(part.parent).values()]

    def warning(self, step: Step) -> Telling | None:
        """What is to be told of a step that was made with gaps."""
        gaps = self.of(step.id)
        if not gaps:
            return None
        told = telling(
            "{node_type} (node {node}) is made with gaps: {gaps} of its {parts} parts failed, and are tried again at "
            "the next run.",
            node_type=step.definition.name,
            node=step.id,
            gaps=len(gaps),
            parts=sum(part.parent == step.id for part in self.parts.values()),
        )
        for id, error in list(gaps.items())[:MOST_TOLD]:
            one = telling("{part}: {reason}", part=self.parts[id].name, reason=error.short)
            told = telling("{told} {one}", told=told, one=one)
        if len(gaps) > MOST_TOLD:
            told = telling("{told} And {count} more.", told=told, count=len(gaps) - MOST_TOLD)
        return told


def gap(step: Step, error: StepError, job: str) -> Step:
    """What is called in the place of a part that failed: the same without what comes by links, and told why."""
    defaults = {s.name: Const(s.default) for s in step.definition.inputs}
    args = {name: defaults[name] if isinstance(arg, Link) else arg for name, arg in step.args.items()}
    return spoiled(replace(step, args=args | {REASON: Const(error.short)}, maps=frozenset(), tentative=False), job)


def spoiled(step: Step, job: str) -> Step:
    """A step that a gap goes into: what it makes is of this job alone, and never found instead of the whole."""
    return replace(step, definition=_unkept(step.definition), key=digest(step.key, "gaps", job))


@lru_cache(maxsize=4096)
def _unkept(definition: NodeDef) -> NodeDef:
    return replace(definition, kind="volatile")
