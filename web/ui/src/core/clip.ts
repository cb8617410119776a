/** Copies of parts of a graph, with all that is needed to paste them into any graph of any tab. */

import { graphOf, linksOf } from "./document";
import { now } from "./draft";
import { INPUTS, subgraphIdOf } from "./names";
import type { Doc, Graph, GraphNode, Group, NodeId, Note, Scope, Subgraph, SubgraphId } from "./types";
import { boundaryWires, portsOf } from "./wires";

/** What was copied: nodes with all their links, and what is needed to tell which of these can be kept elsewhere. */
export interface Clip {
  readonly inkwater: "clip";
  readonly version: 1;
  readonly nodes: Readonly<Record<NodeId, GraphNode>>;
  readonly groups: Readonly<Record<string, Group>>;
  readonly notes: Readonly<Record<string, Note>>;
  /** Definitions that the nodes use, those inside others too. */
  readonly subgraphs: Readonly<Record<SubgraphId, Subgraph>>;
  /** The graph that it was copied from, and what its links from outside come from: node ids with their types. */
  readonly scope: Scope;
  readonly outside: Readonly<Record<NodeId, string>>;
  /** What a subgraph's ports gave to the nodes: (node, input, name of the port). */
  readonly ports: readonly (readonly [NodeId, string, string])[];
}

/** Frames and notes that go along. */
export interface Frames {
  readonly groups?: Iterable<string>;
  readonly notes?: Iterable<string>;
}

const picked = <T>(all: Readonly<Record<string, T>>, ids: Iterable<string>): Record<string, T> =>
  Object.fromEntries([...ids].flatMap((id) => (all[id] === undefined ? [] : [[id, all[id]] as const])));

/** A copy of some nodes, frames and notes of a graph. */
export function copied(doc: Doc, scope: Scope, ids: Iterable<NodeId>, frames: Frames = {}): Clip {
  const graph = now(graphOf(doc, scope));
  const nodes = picked(graph.nodes, ids);
  return {
    inkwater: "clip",
    version: 1,
    nodes,
    groups: picked(graph.groups, frames.groups ?? []),
    notes: picked(graph.notes, frames.notes ?? []),
    subgraphs: definitions(doc, nodes),
    scope,
    outside: outside(graph, nodes),
    ports: fed(doc, scope, nodes),
  };
}

/** The definitions that nodes use, at any depth. */
export function definitions(doc: Doc, nodes: Graph["nodes"]): Record<SubgraphId, Subgraph> {
  const all = now(doc.subgraphs);
  const found = new Set<SubgraphId>();
  const add = (some: Graph["nodes"]) => {
    for (const node of Object.values(some)) {
      const id = subgraphIdOf(node.type);
      if (id !== null && all[id]) found.add(id);
    }
  };
  add(nodes);
  for (const id of found) add(all[id]?.nodes ?? {});
  return picked(all, found);
}

function outside(graph: Graph, nodes: Graph["nodes"]): Record<NodeId, string> {
  const found: Record<NodeId, string> = {};
  for (const [, , link] of linksOf({ ...graph, nodes })) {
    const source = graph.nodes[link.node];
    if (source && !nodes[link.node]) found[link.node] = source.type;
  }
  return found;
}

function fed(doc: Doc, scope: Scope, nodes: Graph["nodes"]): [NodeId, string, string][] {
  const subgraph = scope === null ? undefined : now(doc.subgraphs)[scope];
  if (!subgraph) return [];
  const ports = portsOf(subgraph);
  return [...boundaryWires(subgraph)].flatMap((w): [NodeId, string, string][] => {
    const name = ports[w.output]?.name;
    return w.source === INPUTS && nodes[w.target] && name !== undefined ? [[w.target, w.input, name]] : [];
  });
}
