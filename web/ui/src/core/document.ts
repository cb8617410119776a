/** Making, reading and addressing documents. All functions are pure; edits are in the files under edits/. */

import type { Doc, Graph, Link, NodeId, Scope } from "./types";

export { INPUTS, OUTPUTS, SUBGRAPH, hasWidget, subgraphIdOf } from "./names";
export { boundaryTypes, typeOf } from "./nodeTypes";

export const emptyGraph = (): Graph => ({ nodes: {}, groups: {}, notes: {} });

export const emptyDoc = (title = ""): Doc => ({ title, root: emptyGraph(), subgraphs: {}, form: [], meta: {} });

/** The graph that a scope names; an unknown subgraph is an empty graph. */
export function graphOf(doc: Doc, scope: Scope): Graph {
  return scope === null ? doc.root : (doc.subgraphs[scope] ?? emptyGraph());
}

/** All links of a graph as (target node, input, link); those at a subgraph's boundary are its ports' (wires.ts). */
export function* linksOf(graph: Graph): Generator<readonly [target: NodeId, input: string, link: Link]> {
  for (const [id, node] of Object.entries(graph.nodes))
    for (const [input, link] of Object.entries(node.links)) yield [id, input, link];
}

/** An id that the graph does not have: the next whole number. */
export function newId(graph: Graph, taken: ReadonlySet<NodeId> = new Set()): NodeId {
  let highest = 0;
  for (const id of [...Object.keys(graph.nodes), ...taken]) if (/^\d{1,12}$/.test(id)) highest = Math.max(highest, +id);
  return String(highest + 1);
}
