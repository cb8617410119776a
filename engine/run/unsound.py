"""Parts of an expansion that are refused before anything of them runs: gaps from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.graph.check import Checked, depth_first
from engine.graph.expand import Expand
from engine.graph.graph import Const, Graph, Link, Node, NodeId
from engine.graph.problems import Problem
from engine.graph.told import Told
from engine.run.errors import StepError
from engine.run.gaps import REASON


class Unsound(Told):
    """A problem of a node in an expansion."""


def without_unsound(expand: Expand, checked: Checked, stem: NodeId) -> tuple[Expand, dict[NodeId, StepError]]:
    """The expansion with a reason in the place of each part that cannot run, and why; as it is where none of them can.

    Args:
        checked: what was found in it. stem: what its ids begin with in the plan.
    """
    unsound = [name for name in expand.spared if f"{stem}.{name}" not in checked.plan.steps]
    if not unsound or len(unsound) == len(expand.spared):
        return expand, {}
    nodes = expand.graph.nodes
    causes = {name: _cause(nodes, name, checked.errors, stem) for name in unsound}
    told = {
        name: replace(nodes[name], inputs={REASON: Const(cause.short)} | _constants(nodes[name]))
        for name, cause in causes.items()
    }
    rest = Graph({**nodes, **told})
    needed = depth_first(_parents(rest), _ends(expand))[0]
    return replace(expand, graph=Graph({id: rest.nodes[id] for id in needed})), causes


def _constants(node: Node) -> dict[str, Const]:
    return {name: arg for name, arg in node.inputs.items() if isinstance(arg, Const)}


def _parents(graph: Graph) -> dict[NodeId, list[NodeId]]:
    links = {id: [a.node for a in node.inputs.values() if isinstance(a, Link)] for id, node in graph.nodes.items()}
    return {id: [source for source in sources if source in graph.nodes] for id, sources in links.items()}


def _ends(expand: Expand) -> list[NodeId]:
    """What its outputs come from, and what nothing else in it needs."""
    used = {source for sources in _parents(expand.graph).values() for source in sources}
    given = [o.node for o in expand.outputs if isinstance(o, Link) and o.node in expand.graph.nodes]
    return list(dict.fromkeys([*given, *(id for id in expand.graph.nodes if id not in used)]))


def _cause(nodes: Mapping[NodeId, Node], part: NodeId, problems: Sequence[Problem], stem: NodeId) -> StepError:
    """The first problem of what a part needs, as the failure of its node."""
    above = {f"{stem}.{id}": nodes[id] for id in depth_first(_parents(Graph(nodes)), [part])[0]}
    problem = next((p for p in problems if p.node in above), problems[0])
    node = above.get(problem.node or "")
    plain = replace(problem, node=None, input=None)
    return StepError(problem.node or stem, node.type if node else "", Unsound("{problem}.", problem=plain))
