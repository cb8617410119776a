/** Layers of nodes by their links: cheap enough for graphs of any size. */

import type { Box, Places } from "./align";
import { linksOf } from "./document";
import type { Graph, NodeId } from "./types";
import { ordered } from "./walk";

/** Which layer each node is in, and who is linked with whom, among the nodes that are asked about. */
export interface Layers {
  readonly rank: ReadonlyMap<NodeId, number>;
  readonly edges: readonly (readonly [source: NodeId, target: NodeId])[];
  /** Of all links together, in layers: how much work a thorough layout is. */
  readonly span: number;
}

/** Each node is one layer behind the last of those it takes from; what takes from none is just before its first user. */
export function layersOf(graph: Graph, ids: ReadonlySet<NodeId>): Layers {
  const edges = [...linksOf(graph)].flatMap(([target, , link]): [NodeId, NodeId][] =>
    ids.has(target) && ids.has(link.node) ? [[link.node, target]] : [],
  );
  const [sources, users] = [grouped(edges, 1, 0), grouped(edges, 0, 1)];
  const rank = new Map<NodeId, number>();
  const rankOf = (id: NodeId) => rank.get(id) ?? 0;
  for (const id of ordered(graph))
    if (ids.has(id))
      rank.set(
        id,
        (sources.get(id) ?? []).reduce((most, one) => Math.max(most, rankOf(one) + 1), 0),
      );
  for (const id of ids) {
    const behind = users.get(id);
    if (behind && !sources.has(id)) rank.set(id, Math.max(0, Math.min(...behind.map(rankOf)) - 1));
  }
  return { rank, edges, span: edges.reduce((sum, [a, b]) => sum + Math.max(0, rankOf(b) - rankOf(a)), 0) };
}

function grouped(edges: Layers["edges"], key: 0 | 1, value: 0 | 1): Map<NodeId, NodeId[]> {
  const found = new Map<NodeId, NodeId[]>();
  for (const edge of edges) {
    const list = found.get(edge[key]);
    if (list) list.push(edge[value]);
    else found.set(edge[key], [edge[value]]);
  }
  return found;
}

const SWEEPS = 6;

/** Places in columns: every node as near to the middle of those it is linked with as its neighbours leave room. */
export function inColumns(
  boxes: ReadonlyMap<NodeId, Box>,
  { rank, edges }: Layers,
  gaps: [x: number, y: number],
): Places {
  const columns: NodeId[][] = [];
  for (const id of boxes.keys()) (columns[rank.get(id) ?? 0] ??= []).push(id);
  const near = [grouped(edges, 1, 0), grouped(edges, 0, 1)];
  const height = (id: NodeId) => boxes.get(id)?.size[1] ?? 0;
  const middle = new Map([...boxes].map(([id, box]) => [id, box.pos[1] + box.size[1] / 2]));
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const linked = near[sweep % 2];
    for (const column of sweep % 2 ? columns.toReversed() : columns) {
      const wish = (id: NodeId) =>
        mean(
          (linked?.get(id) ?? []).map((one) => middle.get(one) ?? 0),
          middle.get(id) ?? 0,
        );
      place(column ?? [], new Map((column ?? []).map((id) => [id, wish(id)])), height, gaps[1], middle);
    }
  }
  let x = 0;
  const places: Places = {};
  for (const column of columns) {
    for (const id of column ?? []) places[id] = [x, (middle.get(id) ?? 0) - height(id) / 2];
    x += Math.max(0, ...(column ?? []).map((id) => boxes.get(id)?.size[0] ?? 0)) + gaps[0];
  }
  return places;
}

const mean = (values: readonly number[], otherwise: number): number =>
  values.length ? values.reduce((sum, v) => sum + v, 0) / values.length : otherwise;

/** Put a column's nodes one below the other in the order of their wishes, as near to these as may be. */
function place(
  column: readonly NodeId[],
  wishes: ReadonlyMap<NodeId, number>,
  height: (id: NodeId) => number,
  gap: number,
  middle: Map<NodeId, number>,
): void {
  const wish = (id: NodeId) => wishes.get(id) ?? 0;
  let bottom = Number.NEGATIVE_INFINITY;
  let off = 0;
  const order = column.toSorted((a, b) => wish(a) - wish(b));
  for (const id of order) {
    const at = Math.max(wish(id), bottom + height(id) / 2);
    middle.set(id, at);
    bottom = at + height(id) / 2 + gap;
    off += at - wish(id);
  }
  for (const id of order) middle.set(id, (middle.get(id) ?? 0) - off / order.length);
}
