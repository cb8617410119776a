/** Walks over a graph: what lies before and behind nodes, an order, whether a link would close a circle. */

import { linksOf } from "./document";
import { now } from "./draft";
import type { Graph, NodeId } from "./types";

/** Who takes from a node: the target, its input and the output that it takes. */
export interface Use {
  readonly target: NodeId;
  readonly input: string;
  readonly output: number;
}

const uses = new WeakMap<Graph["nodes"], ReadonlyMap<NodeId, readonly Use[]>>();

/** Who takes from each node; counted once for each value of a graph's nodes. */
export function usesOf(graph: Graph): ReadonlyMap<NodeId, readonly Use[]> {
  const nodes = now(graph.nodes);
  const known = uses.get(nodes);
  if (known) return known;
  const found = new Map<NodeId, Use[]>();
  for (const [target, input, link] of linksOf({ ...graph, nodes })) {
    const list = found.get(link.node);
    const use = { target, input, output: link.output };
    if (list) list.push(use);
    else found.set(link.node, [use]);
  }
  uses.set(nodes, found);
  return found;
}

/** The nodes that some nodes take from, near and far, and these themselves. */
export function upstream(graph: Graph, ids: Iterable<NodeId>): Set<NodeId> {
  const nodes = now(graph.nodes);
  return reached(ids, (id) => sourcesOf(nodes, id));
}

/** The nodes that take from some nodes, near and far, and these themselves. */
export function downstream(graph: Graph, ids: Iterable<NodeId>): Set<NodeId> {
  const users = usesOf(graph);
  return reached(ids, (id) => (users.get(id) ?? []).map((u) => u.target));
}

/** The nodes that a node takes from, as far as they are there. */
function sourcesOf(nodes: Graph["nodes"], id: NodeId): NodeId[] {
  const found: NodeId[] = [];
  for (const link of Object.values(nodes[id]?.links ?? {})) if (nodes[link.node]) found.push(link.node);
  return found;
}

function reached(ids: Iterable<NodeId>, next: (id: NodeId) => readonly NodeId[]): Set<NodeId> {
  const found = new Set(ids);
  for (const id of found) for (const other of next(id)) found.add(other);
  return found;
}

/** The latest walks of one graph: a drag asks about one end and many others. */
interface Walks {
  source: NodeId | null;
  before: ReadonlySet<NodeId>;
  target: NodeId | null;
  behind: ReadonlySet<NodeId> | null;
}
const walks = new WeakMap<Graph["nodes"], Walks>();

/** Whether a link from `source` to `target` would close a circle. */
export function wouldCycle(graph: Graph, source: NodeId, target: NodeId): boolean {
  if (source === target) return true;
  const nodes = now(graph.nodes);
  const last = walks.get(nodes);
  if (last?.source === source) return last.before.has(target);
  if (last?.target === target) {
    last.behind ??= downstream({ ...graph, nodes }, [target]);
    return last.behind.has(source);
  }
  const before = upstream({ ...graph, nodes }, [source]);
  walks.set(nodes, { source, before, target, behind: null });
  return before.has(target);
}

/** The nodes in an order in which each comes after what it takes from; what lies on a circle comes last. */
export function ordered(graph: Graph): NodeId[] {
  const nodes = now(graph.nodes);
  const users = usesOf(graph);
  const open = new Map(Object.keys(nodes).map((id) => [id, sourcesOf(nodes, id).length]));
  const found = new Set([...open].filter(([, count]) => count === 0).map(([id]) => id));
  for (const id of found)
    for (const use of users.get(id) ?? []) {
      const left = (open.get(use.target) ?? 0) - 1;
      open.set(use.target, left);
      if (left === 0) found.add(use.target);
    }
  return [...found, ...[...open.keys()].filter((id) => !found.has(id))];
}
