"""Questions about a graph that networkx answers: order, ancestors, cycles, drawing. It is imported when first asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from engine.graph.graph import Graph, Link, NodeId

if TYPE_CHECKING:
    import networkx as nx

    from engine.graph.registry import Registry


def digraph(graph: Graph) -> nx.DiGraph[NodeId]:
    """The graph with an edge from each node to each that takes its output; links from nowhere are left out."""
    import networkx as nx

    drawn: nx.DiGraph[NodeId] = nx.DiGraph()
    drawn.add_nodes_from(graph.nodes)
    drawn.add_edges_from(
        (arg.node, id)
        for id, node in graph.nodes.items()
        for arg in node.inputs.values()
        if isinstance(arg, Link) and arg.node in graph.nodes
    )
    return drawn


def ancestors(graph: Graph | nx.DiGraph[NodeId], node: NodeId) -> set[NodeId]:
    """All that the node depends on."""
    import networkx as nx

    return set(nx.ancestors(digraph(graph) if isinstance(graph, Graph) else graph, node))


def descendants(graph: Graph | nx.DiGraph[NodeId], node: NodeId) -> set[NodeId]:
    """All that depends on the node."""
    import networkx as nx

    return set(nx.descendants(digraph(graph) if isinstance(graph, Graph) else graph, node))


def between(graph: Graph, first: NodeId, last: NodeId) -> set[NodeId]:
    """The nodes on the ways from one node to another, without these two."""
    return (descendants(graph, first) & ancestors(graph, last)) - {first, last}


def order(graph: Graph) -> list[NodeId]:
    """The nodes so that each comes after all it depends on; raises networkx.NetworkXUnfeasible on a cycle."""
    import networkx as nx

    return list(nx.topological_sort(digraph(graph)))


def cycles(parents: Mapping[NodeId, Iterable[NodeId]]) -> list[list[NodeId]]:
    """One cycle out of each knot of nodes that depend on each other: each node feeds the next, the last the first."""
    import networkx as nx

    drawn: nx.DiGraph[NodeId] = nx.DiGraph((p, id) for id, ps in parents.items() for p in ps)
    knots = [k for k in nx.strongly_connected_components(drawn) if len(k) > 1 or drawn.has_edge(*(list(k) * 2))]
    found = [_ring(drawn, knot) for knot in knots]
    place = {id: n for n, id in enumerate(parents)}
    turned = (_turned(cycle, place) for cycle in found)
    return sorted(turned, key=lambda cycle: place[cycle[0]])


def _ring(drawn: nx.DiGraph[NodeId], knot: set[NodeId]) -> list[NodeId]:
    """A cycle within a knot: from any of its nodes on to a next one, until one comes again."""
    place: dict[NodeId, int] = {}
    node = min(knot)
    while node not in place:
        place[node] = len(place)
        node = next(n for n in drawn.successors(node) if n in knot)
    return list(place)[place[node] :]


def _turned(cycle: list[NodeId], place: Mapping[NodeId, int]) -> list[NodeId]:
    """The same cycle, beginning with the node that comes first in the file."""
    first = min(range(len(cycle)), key=lambda n: place[cycle[n]])
    return cycle[first:] + cycle[:first]


def dot(graph: Graph, registry: Registry | None = None) -> str:
    """The graph in Graphviz's language; with the registry, sinks are boxed and links named by their types."""
    lines = ["digraph workflow {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    for id, node in graph.nodes.items():
        definition = registry.get(node.type) if registry is not None else None
        label = "\\n".join(filter(None, (_escaped(node.title), _escaped(node.type), _escaped(id))))
        sink = ", style=bold" if definition is not None and definition.kind == "sink" else ""
        lines.append(f'  "{_escaped(id)}" [label="{label}"{sink}];')
    for id, node in graph.nodes.items():
        for name, arg in node.inputs.items():
            if isinstance(arg, Link):
                kind = _kind(graph, registry, arg)
                text = _escaped(f"{kind} → {name}" if kind else name)
                lines.append(f'  "{_escaped(arg.node)}" -> "{_escaped(id)}" [label="{text}"];')
    return "\n".join([*lines, "}", ""])


def _kind(graph: Graph, registry: Registry | None, link: Link) -> str:
    """The type of what flows along a link, where it is known."""
    source: Any = graph.nodes.get(link.node)
    definition = registry.get(source.type) if registry is not None and source is not None else None
    fits = definition is not None and 0 <= link.output < len(definition.outputs)
    return definition.outputs[link.output].wire if definition is not None and fits else ""


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).replace("\\", "\\\\").replace('"', '\\"')
