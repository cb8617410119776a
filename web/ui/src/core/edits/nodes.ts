/** Edits of nodes: adding, taking away, values, looks and places. */

import type { Draft } from "immer";
import { newId } from "../document";
import { type DocDraft, graphIn, now, subgraphIn } from "../draft";
import { INPUTS, OUTPUTS } from "../names";
import type { GraphNode, Json, Mode, NodeId, NodeType, Point, Scope, Size } from "../types";

export { duplicate } from "../paste";
export { removeNodes } from "./heal";
export { fitOnLink, insertOnLink } from "./insert";

/** A value for a draft: a copy, because drafts own what is put into them. */
const own = (value: Json): Draft<Json> => structuredClone(value) as Draft<Json>;

/** Put a node of a type at a place; inputs without a value are left to their defaults. */
export function addNode(
  d: DocDraft,
  scope: Scope,
  type: NodeType,
  pos: Point,
  values: Readonly<Record<string, Json>> = {},
): NodeId {
  const graph = graphIn(d, scope);
  const id = newId(now(graph) ?? { nodes: {}, groups: {}, notes: {} });
  const node = { type: type.name, values: structuredClone(values), links: {}, pos, meta: {} };
  if (graph) graph.nodes[id] = node as Draft<GraphNode>;
  return id;
}

const nodeIn = (d: DocDraft, scope: Scope, id: NodeId): Draft<GraphNode> | undefined => graphIn(d, scope)?.nodes[id];

function each(d: DocDraft, scope: Scope, ids: Iterable<NodeId>, change: (node: Draft<GraphNode>) => void): void {
  for (const id of ids) {
    const node = nodeIn(d, scope, id);
    if (node) change(node);
  }
}

export function setValue(d: DocDraft, scope: Scope, id: NodeId, name: string, value: Json): void {
  each(d, scope, [id], (node) => void (node.values[name] = own(value)));
}

/** Leave an input to its default again. */
export function resetValue(d: DocDraft, scope: Scope, id: NodeId, name: string): void {
  each(d, scope, [id], (node) => void delete node.values[name]);
}

/** Name a node; without a title it is called what its type is called. */
export function setTitle(d: DocDraft, scope: Scope, id: NodeId, title: string): void {
  each(d, scope, [id], (node) => {
    if (title.trim()) node.title = title.trim();
    else delete node.title;
  });
}

/** Set or take away something optional of some nodes. */
function set<K extends "mode" | "collapsed" | "pinned" | "color" | "size">(key: K, value: GraphNode[K] | null | false) {
  return (node: Draft<GraphNode>): void => {
    if (value === null || value === false || value === undefined) delete node[key];
    else (node as Record<K, unknown>)[key] = value;
  };
}

/** Mute or bypass nodes; null switches them on. */
export const setMode = (d: DocDraft, scope: Scope, ids: Iterable<NodeId>, mode: Mode | null): void =>
  each(d, scope, ids, set("mode", mode));

export const setCollapsed = (d: DocDraft, scope: Scope, ids: Iterable<NodeId>, on: boolean): void =>
  each(d, scope, ids, set("collapsed", on));

export const setPinned = (d: DocDraft, scope: Scope, ids: Iterable<NodeId>, on: boolean): void =>
  each(d, scope, ids, set("pinned", on));

export const setColor = (d: DocDraft, scope: Scope, ids: Iterable<NodeId>, color: string | null): void =>
  each(d, scope, ids, set("color", color));

/** Give a node a size; null lets it follow from its type again. */
export const resize = (d: DocDraft, scope: Scope, id: NodeId, size: Size | null): void =>
  each(d, scope, [id], set("size", size && [...size]));

/** Put nodes (and the boundary's "@in" and "@out") at places. Pinned ones stay; reroutes between nodes that move alike
 * move with them. */
export function moveNodes(d: DocDraft, scope: Scope, places: Readonly<Record<NodeId, Point>>): void {
  const moved = new Map<NodeId, Point>();
  for (const [id, [x, y]] of Object.entries(places)) {
    const node = nodeIn(d, scope, id);
    if (!node) moveBoundary(d, scope, id, [x, y]);
    if (!node || node.pinned) continue;
    moved.set(id, [x - node.pos[0], y - node.pos[1]]);
    node.pos = [x, y];
  }
  for (const [id, by] of moved) each(d, scope, [id], (node) => movePoints(node, by, moved));
}

function movePoints(node: Draft<GraphNode>, by: Point, moved: ReadonlyMap<NodeId, Point>): void {
  for (const link of Object.values(node.links)) {
    const other = moved.get(link.node);
    if (link.points && other && other[0] === by[0] && other[1] === by[1])
      link.points = link.points.map(([x, y]) => [x + by[0], y + by[1]]);
  }
}

function moveBoundary(d: DocDraft, scope: Scope, id: NodeId, pos: [number, number]): void {
  const meta = subgraphIn(d, scope)?.meta;
  if (meta && id === INPUTS) meta["input_pos"] = pos;
  if (meta && id === OUTPUTS) meta["output_pos"] = pos;
}
