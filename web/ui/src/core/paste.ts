/** Pasting what was copied: new ids, links kept, definitions of subgraphs brought along. */

import type { Draft } from "immer";
import { type Clip, copied, definitions, type Frames } from "./clip";
import { newKeys } from "./document";
import { type DocDraft, type GraphDraft, graphIn, now, subgraphIn } from "./draft";
import { equal } from "./equal";
import { SUBGRAPH, subgraphIdOf } from "./names";
import type { Doc, GraphNode, Link, NodeId, Point, Scope, Subgraph, SubgraphId } from "./types";
import { refusedIn } from "./validate";

export interface PasteOptions {
  /** Keep links from nodes that were not copied, where the same nodes are there. */
  readonly outside?: boolean;
}

/** Paste a copy so that its upper left corner lies at a place (null: where it was). Gives the new nodes' ids.
 * Instances of a subgraph that would come to hold itself are left out. */
export function paste(d: DocDraft, scope: Scope, clip: Clip, at: Point | null, options: PasteOptions = {}): NodeId[] {
  const graph = graphIn(d, scope);
  if (!graph) return [];
  const brought = bring(d, clip);
  const nodes = Object.entries(clip.nodes)
    .map(([id, node]) => [id, { ...node, type: renamed(node.type, brought) }] as const)
    .filter(([, node]) => !refusedIn(d, scope, node.type));
  const fresh = newKeys(now(graph.nodes), nodes.length);
  const ids = new Map(nodes.map(([id], n) => [id, fresh[n] ?? id]));
  const by = shift(clip, at);
  const there = now(graph.nodes);
  // A node that was copied but left out is not outside: its id may be another node's here.
  const kept = (id: NodeId) => options.outside === true && id in clip.outside && there[id]?.type === clip.outside[id];
  for (const [id, node] of nodes) graph.nodes[ids.get(id) ?? id] = moved(node, by, ids, kept);
  pasteFrames(graph, clip, by);
  if (options.outside) feed(d, scope, clip, ids);
  dropUnused(d, brought, Object.fromEntries(nodes));
  return fresh;
}

/** Make copies of nodes beside them, with the links that lead to them. Gives the new nodes' ids. */
export function duplicate(
  d: DocDraft,
  scope: Scope,
  ids: Iterable<NodeId>,
  frames: Frames = {},
  by: Point = [40, 40],
): NodeId[] {
  const clip = copied(now(d), scope, ids, frames);
  const [x, y] = corner(clip);
  return paste(d, scope, clip, [x + by[0], y + by[1]], { outside: true });
}

/** The upper left corner of what was copied. */
function corner(clip: Clip): Point {
  const places = [clip.nodes, clip.groups, clip.notes].flatMap((part) => Object.values(part).map((one) => one.pos));
  if (!places.length) return [0, 0];
  return [
    places.reduce((least, [x]) => Math.min(least, x), Number.POSITIVE_INFINITY),
    places.reduce((least, [, y]) => Math.min(least, y), Number.POSITIVE_INFINITY),
  ];
}

function shift(clip: Clip, at: Point | null): Point {
  const [x, y] = corner(clip);
  return at ? [at[0] - x, at[1] - y] : [0, 0];
}

const plus = (a: Point, b: Point): [number, number] => [a[0] + b[0], a[1] + b[1]];

function moved(
  node: GraphNode,
  by: Point,
  ids: ReadonlyMap<NodeId, NodeId>,
  kept: (id: NodeId) => boolean,
): Draft<GraphNode> {
  const links = Object.entries(node.links).flatMap(([input, link]): [string, Link][] => {
    const inside = ids.get(link.node);
    if (inside === undefined) return kept(link.node) ? [[input, { node: link.node, output: link.output }]] : [];
    const points = link.points && { points: link.points.map((p) => plus(p, by)) };
    return [[input, { node: inside, output: link.output, ...points }]];
  });
  const copy = { ...node, pos: plus(node.pos, by), links: Object.fromEntries(links) };
  return structuredClone(copy) as Draft<GraphNode>;
}

function pasteFrames(graph: GraphDraft, clip: Clip, by: Point): void {
  for (const part of ["groups", "notes"] as const) {
    const frames = Object.values(clip[part]);
    const keys = newKeys(now(graph[part]), frames.length);
    for (const [n, frame] of frames.entries()) {
      const copy = structuredClone({ ...frame, pos: plus(frame.pos, by) });
      Object.assign(graph[part], { [keys[n] ?? ""]: copy });
    }
  }
}

/** Ports of the same subgraph feed the copies as well. */
function feed(d: DocDraft, scope: Scope, clip: Clip, ids: ReadonlyMap<NodeId, NodeId>): void {
  const subgraph = subgraphIn(d, scope);
  if (!subgraph || clip.scope !== scope) return;
  for (const [node, input, name] of clip.ports) {
    const port = [...subgraph.inputs, ...subgraph.widgets].find((p) => p.name === name);
    const fresh = ids.get(node);
    if (port && fresh !== undefined) port.to.push([fresh, input]);
  }
}

/** What each definition of a clip is called in the document, and which of them are new there. */
interface Brought {
  readonly names: ReadonlyMap<SubgraphId, SubgraphId>;
  readonly added: readonly SubgraphId[];
}

/** Bring a clip's definitions, those inside others first: the same ones are shared, others get ids of their own. */
function bring(d: DocDraft, clip: Clip): Brought {
  const names = new Map<SubgraphId, SubgraphId>();
  const added: SubgraphId[] = [];
  for (const id of innerFirst(clip.subgraphs)) {
    const subgraph = clip.subgraphs[id];
    if (!subgraph) continue;
    const nodes = Object.entries(subgraph.nodes).map(([n, v]) => [n, { ...v, type: renamed(v.type, { names }) }]);
    const copy: Subgraph = { ...subgraph, nodes: Object.fromEntries(nodes) };
    const known = now(d.subgraphs);
    if (known[id] && equal(known[id], copy)) continue;
    const name = known[id] ? (newKeys(known, 1)[0] ?? id) : id;
    d.subgraphs[name] = structuredClone(copy) as Draft<Subgraph>;
    names.set(id, name);
    added.push(name);
  }
  return { names, added };
}

function renamed(type: string, { names }: Pick<Brought, "names">): string {
  const id = subgraphIdOf(type);
  return id === null ? type : SUBGRAPH + (names.get(id) ?? id);
}

function innerFirst(subgraphs: Doc["subgraphs"]): Iterable<SubgraphId> {
  const done = new Set<SubgraphId>();
  const open = new Set<SubgraphId>();
  const visit = (id: SubgraphId): void => {
    if (done.has(id) || open.has(id)) return;
    open.add(id);
    for (const node of Object.values(subgraphs[id]?.nodes ?? {})) {
      const inner = subgraphIdOf(node.type);
      if (inner !== null) visit(inner);
    }
    done.add(id);
  };
  for (const id of Object.keys(subgraphs)) visit(id);
  return done;
}

/** Definitions that were brought for nodes that were left out go again. */
function dropUnused(d: DocDraft, brought: Brought, nodes: Readonly<Record<NodeId, GraphNode>>): void {
  const used = definitions(now(d), nodes);
  for (const id of brought.added) if (!used[id]) delete d.subgraphs[id];
}
