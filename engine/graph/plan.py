"""Plan: the steps that the sound targets of a graph need, in order, each with its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.files import FileRef
from engine.graph.define import NodeDef
from engine.graph.facts import Facts
from engine.graph.graph import Arg, Graph, NodeId
from engine.graph.keys import Key

if TYPE_CHECKING:
    from engine.graph.explain import Finds, Why


@dataclass(frozen=True, slots=True)
class Step:
    """One node call to make.

    Args:
        args: every input of the definition: links, and constants parsed, with defaults filled in.
        key: names its result; made of what was asked.
        rank: lower runs first when several are ready.
        facts: what is known of each output.
        maps: inputs that get a list and take one value: the node is called once per element.
        demanded: the lazy inputs that are wanted, where that is known before the run; else None.
        files: those that its texts mention, as its key holds them.
        tentative: the demand for lazy inputs, here or above, is known only at run time; the key then can be refined.
    """

    id: NodeId
    definition: NodeDef
    args: Mapping[str, Arg]
    key: Key
    rank: int
    facts: tuple[Facts, ...] = ()
    maps: frozenset[str] = frozenset()
    demanded: frozenset[str] | None = None
    tentative: bool = False
    files: tuple[FileRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a run in dependency order; `graph` is the flattened graph that they come from."""

    steps: Mapping[NodeId, Step] = field(default_factory=dict)
    targets: tuple[NodeId, ...] = ()
    graph: Graph = field(default_factory=Graph)

    def explain(self, store: Finds, before: Plan | None = None) -> dict[NodeId, Why]:
        """For each step "hit", or why it runs; with the plan before, which of its inputs changed."""
        from engine.graph.explain import explain

        return explain(self, store, before)
