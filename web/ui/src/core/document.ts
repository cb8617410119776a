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
  return String(highest([...Object.keys(graph.nodes), ...taken]) + 1);
}

/** As many keys as are wanted that a table does not have: the next whole numbers. */
export function newKeys(table: object, count: number): string[] {
  const from = highest(Object.keys(table)) + 1;
  return Array.from({ length: count }, (_, n) => String(from + n));
}

function highest(keys: readonly string[]): number {
  let found = 0;
  for (const key of keys) if (/^\d{1,12}$/.test(key)) found = Math.max(found, +key);
  return found;
}
