/** Where everything of a document is in a run: full ids ("12:3" is the node 3 inside the instance 12). */

import { graphOf } from "./document";
import { subgraphIdOf } from "./names";
import type { Doc, NodeId, Scope, SubgraphId } from "./types";

/** One step inwards: the instance that is entered and its definition. */
export interface Inwards {
  readonly instance: NodeId;
  readonly subgraph: SubgraphId;
}

/** Where a full id leads: the instances that it lies in, the graph, and the node there. */
export interface Spot {
  readonly path: readonly Inwards[];
  readonly scope: Scope;
  readonly node: NodeId;
}

/** Instances inside instances that are followed; the server's limit. */
export const DEEPEST = 64;
/** Nodes that are told at the most; the server's limit. */
export const MOST_NODES = 100_000;

/** Every node of a document by its full id, instances themselves too. */
export function fullIds(doc: Doc): Map<string, Spot> {
  const found = new Map<string, Spot>();
  const todo: { prefix: string; path: readonly Inwards[]; scope: Scope }[] = [{ prefix: "", path: [], scope: null }];
  for (const { prefix, path, scope } of todo)
    for (const [node, { type }] of Object.entries(graphOf(doc, scope).nodes)) {
      if (found.size >= MOST_NODES) return found;
      const full = prefix + node;
      found.set(full, { path, scope, node });
      const subgraph = subgraphIdOf(type);
      if (subgraph === null || !doc.subgraphs[subgraph] || !enters(path, subgraph)) continue;
      todo.push({ prefix: `${full}:`, path: [...path, { instance: node, subgraph }], scope: subgraph });
    }
  return found;
}

const enters = (path: readonly Inwards[], subgraph: SubgraphId): boolean =>
  path.length < DEEPEST && !path.some((step) => step.subgraph === subgraph);

/** Where one full id leads; null if nowhere. */
export function spotOf(doc: Doc, full: string): Spot | null {
  const path: Inwards[] = [];
  let scope: Scope = null;
  const ids = full.split(":");
  for (const [n, node] of ids.entries()) {
    const found = graphOf(doc, scope).nodes[node];
    if (!found) return null;
    if (n === ids.length - 1) return { path, scope, node };
    const subgraph: SubgraphId | null = subgraphIdOf(found.type);
    if (subgraph === null) return null;
    path.push({ instance: node, subgraph });
    scope = subgraph;
  }
  return null;
}

/** The full ids of a node and of all instances around it: what happens inside shows on these too. */
export function around(full: string): string[] {
  const ids = full.split(":");
  return ids.map((_, n) => ids.slice(0, n + 1).join(":"));
}
