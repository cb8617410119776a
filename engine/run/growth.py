"""Expansion and refined keys: what happens to a plan while it runs, by the rules that it was checked with."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from engine.files import Library
from engine.graph.check import Checked, check, expanded, inside
from engine.graph.expand import Expand
from engine.graph.facts import Describe, Judge
from engine.graph.graph import Graph, Link, Node, NodeId
from engine.graph.keys import Key, Salt, digest, key_of
from engine.graph.plan import Plan, Step
from engine.graph.registry import Registry
from engine.run.artifact import Artifact
from engine.run.calls import gathered, merged
from engine.run.errors import BadExpansion, StepError
from engine.run.perform import Grown
from engine.run.unsound import without_unsound


@dataclass(frozen=True, slots=True)
class Rules:
    """What a plan was checked with; expansions are checked and keyed with the same."""

    registry: Registry
    library: Library | None = None
    salt: Salt | str = ""
    job: str = ""
    judges: Sequence[Judge] = ()
    describe: Describe | None = None

    def check(self, graph: Graph, targets: Iterable[NodeId] | None = None) -> Checked:
        """`engine.graph.check.check` by these rules."""
        return check(graph, self.registry, targets, **self._others)

    def expanded(self, expand: Expand, parent: Step, outer: Plan) -> Checked:
        """`engine.graph.check.expanded` by these rules."""
        return expanded(expand, parent, outer, self.registry, **self._others)

    @property
    def _others(self) -> dict[str, Any]:
        names = ("library", "salt", "job", "judges", "describe")
        return {name: getattr(self, name) for name in names}

    def refined(
        self,
        step: Step,
        input_keys: Mapping[NodeId, Key],
        demanded: frozenset[str] | None,
        parent: tuple[Key, str] | None,
    ) -> Key:
        """The key of a step now that the demand for lazy inputs is known, here and above."""
        salt = self.salt if isinstance(self.salt, Salt) else Salt(self.salt)
        folders = ("output", "temp") if self.library is not None else ()
        return key_of(
            step.definition,
            step.args,
            input_keys,
            demanded,
            salt=salt.of(step.definition.module),
            job=self.job,
            node=step.id,
            place=tuple(str(cast(Library, self.library).folder(kind)) for kind in folders),
            parent=parent,
            files=step.files,
        )


@dataclass(slots=True)
class Growth:
    """An expansion of a step: its children, what must be done before it is, and where its outputs come from."""

    grown: Grown
    steps: dict[NodeId, Step]
    nodes: dict[NodeId, Node]
    parents: dict[NodeId, tuple[Key, str]]
    targets: tuple[NodeId, ...]
    sinks: tuple[NodeId, ...]
    outputs: tuple[tuple[Any, ...], ...]
    """Of each element of a mapped step: values, and Links by the ids of the running plan."""
    spared: dict[NodeId, str]
    unsound: dict[NodeId, StepError]
    """Of the spared steps those that stand there without what they need, and why."""


def plant(parent: Step, key: Key, grown: Grown, steps: Mapping[NodeId, Step], graph: Graph, rules: Rules) -> Growth:
    """Turn what a node returned into steps; BadExpansion names what is wrong with it."""
    growth = Growth(grown, {}, {}, {}, (), (), (), {}, {})
    mapped = bool(parent.maps)
    for i, element in enumerate(grown.elements):
        if not isinstance(element, Expand):
            growth.outputs += (element.outputs,)
            continue
        stem = replace(parent, id=f"{parent.id}.{i}", key=digest(key, i)) if mapped else replace(parent, key=key)
        growth.steps |= _borrowed(element, steps, graph, rules)
        _plant_one(
            growth, element, stem, Plan(ChainMap(growth.steps, cast(dict[NodeId, Step], steps)), (), graph), rules
        )
    growth.steps = {id: replace(s, rank=parent.rank) for id, s in growth.steps.items()}
    return growth


def _plant_one(growth: Growth, expand: Expand, stem: Step, outer: Plan, rules: Rules) -> None:
    checked = rules.expanded(expand, stem, outer)
    if checked.errors:
        expand, causes = without_unsound(expand, checked, stem.id)
        growth.unsound |= {f"{stem.id}.{id}": cause for id, cause in causes.items()}
        checked = rules.expanded(expand, stem, outer) if causes else checked
    _refuse(checked, stem)
    outputs = tuple(inside(o, expand, stem.id) for o in expand.outputs)
    for o in outputs:
        source = (checked.plan.steps.get(o.node) or outer.steps.get(o.node)) if isinstance(o, Link) else stem
        if source is None or (isinstance(o, Link) and not 0 <= o.output < len(source.definition.outputs)):
            raise BadExpansion("returned a graph whose output {output} does not exist.", output=str(o))
    linked = dict.fromkeys(o.node for o in outputs if isinstance(o, Link))
    growth.sinks += tuple(id for id in checked.plan.targets if checked.plan.steps[id].definition.kind == "sink")
    growth.targets = tuple(dict.fromkeys((*growth.targets, *growth.sinks, *linked)))
    growth.steps.update(checked.plan.steps)
    growth.nodes.update(checked.plan.graph.nodes)
    growth.parents.update({id: (stem.key, id.removeprefix(f"{stem.id}.")) for id in checked.plan.steps})
    growth.outputs += (outputs,)
    growth.spared |= {f"{stem.id}.{id}": name for id, name in expand.spared.items()}


def _borrowed(expand: Expand, steps: Mapping[NodeId, Step], graph: Graph, rules: Rules) -> dict[NodeId, Step]:
    """Steps of nodes of the running graph that the expansion links to and that no target needed so far."""
    args = [a for node in expand.graph.nodes.values() for a in node.inputs.values()]
    linked = dict.fromkeys(a.node for a in (*args, *expand.outputs) if isinstance(a, Link))
    wanted = [id for id in linked if id not in steps and id not in expand.graph.nodes and id in graph.nodes]
    if not wanted:
        return {}
    return {id: step for id, step in rules.check(graph, wanted).plan.steps.items() if id not in steps}


def _refuse(checked: Checked, stem: Step) -> None:
    if errors := checked.errors:
        if len(errors) == 1:
            raise BadExpansion("returned a graph that cannot run: {problem}.", problem=errors[0])
        raise BadExpansion(
            "returned a graph that cannot run: {problem} (and {more} more problems).",
            problem=errors[0],
            more=len(errors) - 1,
        )


def harvest(
    step: Step, growth: Growth, find: Callable[[NodeId], Artifact | None], is_list: Callable[[Link], bool]
) -> tuple[tuple[Any, ...], Artifact]:
    """The artifact of an expanded step whose children are done, its size still to be measured."""
    d = step.definition
    rows = [
        tuple(_value(o, s.is_list, find, is_list) for o, s in zip(row, d.outputs, strict=True))
        for row in growth.outputs
    ]
    outputs = gathered(d, rows, bool(step.maps))
    under = [a for id in growth.targets if (a := find(id)) is not None]
    shown = [a.ui for id in growth.sinks if (a := find(id)) is not None]
    own = [e.ui for e in growth.grown.elements if not isinstance(e, Expand)]
    files = growth.grown.files + tuple(f for a in under for f in a.files)
    seconds = growth.grown.seconds + sum(a.seconds for a in under)
    return outputs, Artifact(outputs, 0, seconds, merged([*own, *shown]), tuple(dict.fromkeys(files)))


def _value(o: Any, wants_list: bool, find: Callable[[NodeId], Artifact | None], is_list: Callable[[Link], bool]) -> Any:
    if not isinstance(o, Link):
        return o
    source = find(o.node)
    assert source is not None
    value = source.outputs[o.output]
    if wants_list == is_list(o):
        return value
    if wants_list:
        return [value]
    raise BadExpansion("returned a graph that gives a list ({node}) for an output that is one value.", node=o.node)
