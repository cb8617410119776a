"""Check: all problems of a graph at once, and a plan for the targets that are sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from engine.files import FileRef, Library
from engine.graph.expand import Expand
from engine.graph.facts import Describe, Judge
from engine.graph.foresee import Foresight
from engine.graph.graph import Const, Graph, Link, Node, NodeId
from engine.graph.keys import Key, NotDigestible, Salt, key_of
from engine.graph.parse import Parsed, Parser
from engine.graph.plan import Plan, Step
from engine.graph.problems import Mend, Problem
from engine.graph.registry import Registry


class Checked(NamedTuple):
    """What a check found: every problem, and a plan for the targets that have none above them."""

    problems: tuple[Problem, ...]
    plan: Plan

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep a target from running."""
        return tuple(p for p in self.problems if p.severity == "error")


def check(
    graph: Graph,
    registry: Registry,
    targets: Iterable[NodeId] | None = None,
    *,
    library: Library | None = None,
    salt: Salt | str = "",
    job: str = "",
    judges: Sequence[Judge] = (),
    describe: Describe | None = None,
) -> Checked:
    """Parse a graph into a plan, keeping every problem instead of stopping at the first. Never raises for a bad graph.

    Args:
        targets: what to make; all sinks if left out.
        library: where file names are looked up; without one they are taken as they are.
        salt, job: what keys hold besides the graph (`engine.graph.keys`).
        judges: the table of facts that must fit. describe: the facts of a file, from its header.
    """
    graph = graph.healed(registry)
    parser = Parser(graph, registry, library)
    roots = _roots(graph, parser, targets)
    return _checked(parser, roots, _Keys(salt, job, library), Foresight(judges, describe, library))


def expanded(
    expand: Expand,
    parent: Step,
    outer: Plan,
    registry: Registry,
    *,
    library: Library | None = None,
    salt: Salt | str = "",
    job: str = "",
    judges: Sequence[Judge] = (),
    describe: Describe | None = None,
) -> Checked:
    """Plan what a node expanded to: children are named "parent.child", links may also name steps of `outer`.

    Targets of the plan are its sinks and the nodes that `expand.outputs` link to; `inside` names the links anew.
    """
    inside_graph = Graph({f"{parent.id}.{id}": _inside(n, expand, parent.id) for id, n in expand.graph.nodes.items()})
    graph = inside_graph.healed(registry)
    parser = Parser(graph, registry, library, outer.steps, opaque=True)
    linked = [link.node for o in expand.outputs if isinstance(link := inside(o, expand, parent.id), Link)]
    roots = dict.fromkeys([id for id in linked if id in graph.nodes] + list(_sinks(parser)))
    keys = _Keys(salt, job, library, outer.steps, parent)
    return _checked(parser, list(roots), keys, Foresight(judges, describe, library))


def inside(value: Any, expand: Expand, parent: NodeId) -> Any:
    """A value of an expansion; a link to one of its children by the name that the child has in the plan."""
    if isinstance(value, Link) and value.node in expand.graph.nodes:
        return Link(f"{parent}.{value.node}", value.output)
    return value


def _inside(node: Node, expand: Expand, parent: NodeId) -> Node:
    inputs = {name: inside(arg, expand, parent) for name, arg in node.inputs.items()}
    return replace(node, inputs=inputs)


def _roots(graph: Graph, parser: Parser, targets: Iterable[NodeId] | None) -> list[NodeId]:
    wanted = list(_sinks(parser)) if targets is None else list(dict.fromkeys(targets))
    if not wanted:
        parser.problems.append(Problem("prompt_no_outputs"))
    for id in wanted:
        if id not in graph.nodes:
            near = parser.hints.near(id, graph.nodes, "ids")
            parser.problems.append(Problem("unknown_target", {"target": id, "near": near}))
    return [id for id in wanted if id in graph.nodes]


def _sinks(parser: Parser) -> Iterator[NodeId]:
    return (id for id, d in parser.definitions.items() if d is not None and d.kind == "sink")


def _checked(parser: Parser, roots: Sequence[NodeId], keys: _Keys, foresight: Foresight) -> Checked:
    nodes = parser.graph.nodes
    parsed = {id: found for id, node in nodes.items() if (found := parser.node(id, node)) is not None}
    parents = {id: parsed[id].parents if id in parsed else _links(node) for id, node in nodes.items()}
    order, knotted = depth_first(parents, roots)
    needed = set(order)
    if knotted or depth_first(parents, [id for id in nodes if id not in needed])[1]:
        _name_cycles(parser, parents)
    steps: dict[NodeId, Step] = {}
    for id in order:
        found = parsed.get(id)
        if found is None or id in parser.bad or not all(p in steps or p in parser.outer for p in found.parents):
            continue
        step = _step(id, found, parser, len(steps), keys, foresight, steps)
        if step is not None:
            steps[id] = step
    sound = [id for id in roots if id in steps]
    if len(sound) < len(roots):
        kept, _ = depth_first({id: parents[id] for id in steps}, sound)
        steps = {id: steps[id] for id in kept if id in steps}
    return Checked(_judged(parser.problems, needed), Plan(steps, tuple(sound), parser.graph))


def _links(node: Node) -> tuple[NodeId, ...]:
    return tuple(a.node for a in node.inputs.values() if isinstance(a, Link))


def _judged(problems: Iterable[Problem], needed: set[NodeId]) -> tuple[Problem, ...]:
    """Problems of nodes that no target needs do not stop a run."""
    return tuple(p if p.node is None or p.node in needed else replace(p, severity="warning") for p in problems)


def _step(
    id: NodeId,
    found: Parsed,
    parser: Parser,
    rank: int,
    keys: _Keys,
    foresight: Foresight,
    steps: Mapping[NodeId, Step],
) -> Step | None:
    """The call to make for one node, or None when its facts or its constants make it a problem."""
    definition, args = found.definition, found.args
    above = {p: steps.get(p) or parser.outer[p] for p in found.parents}
    facts = foresight.of(id, found, above, parser)
    if id in parser.bad:
        return None
    files = _mentioned(found, above, parser.library) if definition.mentions else ()
    try:
        key = keys.of(id, found, above, files)
    except NotDigestible as error:
        parser.say("not_digestible", {"reason": str(error)}, id)
        return None
    dynamic = found.demanded is None and definition.demand is not None
    return Step(
        id=id,
        definition=definition,
        args=args,
        key=key,
        rank=rank,
        facts=facts,
        maps=_maps(found, above),
        demanded=found.demanded,
        tentative=dynamic or _tentative(found, above),
        files=files,
    )


def _mentioned(found: Parsed, above: Mapping[NodeId, Step], library: Library | None) -> tuple[FileRef, ...]:
    """The files that the texts of a node mention."""
    if library is None:
        return ()
    named: dict[FileRef, None] = {}
    for socket in found.definition.mentions:
        arg = found.args[socket.name]
        linked = above[arg.node].facts[arg.output] if isinstance(arg, Link) else {}
        value = arg.value if isinstance(arg, Const) else linked.get("value")
        if socket.mentions is not None and not (isinstance(arg, Const) and value is None):
            named |= dict.fromkeys(socket.mentions.files(value if isinstance(value, str) else None, library))
    return tuple(named)


def _maps(found: Parsed, above: Mapping[NodeId, Step]) -> frozenset[str]:
    """The inputs that are given a list and take one value."""
    if not any(step.maps or step.definition.gives_list for step in above.values()):
        return frozenset()
    return frozenset(
        s.name
        for s in found.definition.inputs
        if not (s.is_list or s.recipe)
        and type(a := found.args[s.name]) is Link
        and _gives_list(above[a.node], a.output)
    )


def _tentative(found: Parsed, above: Mapping[NodeId, Step]) -> bool:
    """Whether the key of anything that is made for this step can still be refined."""
    if not any(step.tentative for step in above.values()):
        return False
    made = (found.args[s.name] for s in found.definition.inputs if not s.recipe)
    return any(above[a.node].tentative for a in made if isinstance(a, Link))


def _gives_list(step: Step, output: int) -> bool:
    return bool(step.maps) or step.definition.outputs[output].is_list


def depth_first(parents: Mapping[NodeId, Sequence[NodeId]], roots: Iterable[NodeId]) -> tuple[list[NodeId], bool]:
    """What `roots` need, each after its parents and branch by branch; and whether there is a cycle.

    Nodes that `parents` does not know are left out.
    """
    done: dict[NodeId, bool] = {}
    order: list[NodeId] = []
    knotted = False
    stack: list[tuple[NodeId, bool]] = [(id, False) for id in reversed(list(roots))]
    while stack:
        id, leaving = stack.pop()
        if leaving:
            done[id] = True
            order.append(id)
        elif id in done:
            knotted = knotted or not done[id]
        elif (above := parents.get(id)) is not None:
            done[id] = False
            stack.append((id, True))
            stack += [(p, False) for p in reversed(above)]
    return order, knotted


def _name_cycles(parser: Parser, parents: Mapping[NodeId, Sequence[NodeId]]) -> None:
    from engine.graph.questions import cycles

    for cycle in cycles(parents):
        first, last = cycle[0], cycle[-1]
        inputs = parser.graph.nodes[first].inputs
        closing = next(name for name, a in inputs.items() if isinstance(a, Link) and a.node == last)
        parser.say("dependency_cycle", {"nodes": tuple(cycle)}, first, closing, Mend("disconnect"))
        parser.bad.update(cycle)


class _Keys:
    """Makes the keys of one check: what they all share, and the salt of each module."""

    def __init__(
        self,
        salt: Salt | str,
        job: str,
        library: Library | None,
        outer: Mapping[NodeId, Step] | None = None,
        parent: Step | None = None,
    ) -> None:
        self._salt = salt if isinstance(salt, Salt) else Salt(salt)
        self._salts: dict[str, bytes] = {}
        self._job = job
        self._place = tuple(str(library.folder(kind)) for kind in ("output", "temp")) if library is not None else ()
        self._parent = parent

    def of(self, id: NodeId, found: Parsed, above: Mapping[NodeId, Step], files: tuple[FileRef, ...]) -> Key:
        module = found.definition.module
        salt = self._salts.get(module)
        if salt is None:
            salt = self._salts[module] = self._salt.of(module)
        parent = self._parent
        return key_of(
            found.definition,
            found.args,
            {p: step.key for p, step in above.items()},
            found.demanded,
            salt=salt,
            job=self._job,
            node=id,
            place=self._place,
            parent=None if parent is None else (parent.key, id.removeprefix(f"{parent.id}.")),
            files=files,
        )
