/** Tidy: places for nodes in layers from left to right, by their links. */

import { Graph as Layered, layout } from "@dagrejs/dagre";
import type { Box, Places } from "./align";
import { inColumns, type Layers, layersOf } from "./layers";
import type { Graph, GraphNode, NodeId, Point, Size } from "./types";

export * from "./align";

/** Between layers and between the nodes of one, in canvas units. */
export const LAYER_GAP = 64;
export const NODE_GAP = 32;

/** Links may be so long together, in layers, for the thorough layout (about 0.2 s); longer ones are laid out simply. */
const THOROUGH = 300;

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly rank?: number;
}

/** Places for all or some nodes. What is tidied keeps its upper left corner; pinned nodes stay where they are. */
export function tidied(graph: Graph, sized: (node: GraphNode) => { size: Size }, ids?: Iterable<NodeId>): Places {
  const boxes = new Map<NodeId, Box>();
  for (const id of ids ?? Object.keys(graph.nodes)) {
    const node = graph.nodes[id];
    if (node && !node.pinned) boxes.set(id, { pos: node.pos, size: sized(node).size });
  }
  if (!boxes.size) return {};
  const layers = layersOf(graph, new Set(boxes.keys()));
  const places = layers.span > THOROUGH ? inColumns(boxes, layers, [LAYER_GAP, NODE_GAP]) : thorough(boxes, layers);
  return anchored(boxes, places);
}

function thorough(boxes: ReadonlyMap<NodeId, Box>, { edges }: Layers): Places {
  const layered = new Layered<object, Placed, object>({ directed: true });
  layered.setGraph({ rankdir: "LR", ranksep: LAYER_GAP, nodesep: NODE_GAP, edgesep: NODE_GAP / 2 });
  layered.setDefaultEdgeLabel(() => ({}));
  const byPlace = [...boxes].toSorted(([, a], [, b]) => a.pos[1] - b.pos[1]); // what is above stays above, where it may
  for (const [id, { size }] of byPlace) layered.setNode(id, { x: 0, y: 0, width: size[0], height: size[1] });
  for (const [source, target] of edges) layered.setEdge(source, target, {});
  layout(layered);
  return columns(layered, [...boxes.keys()]);
}

/** Each layer's nodes begin at one line on the left. */
function columns(layered: Layered<object, Placed, object>, ids: readonly NodeId[]): Places {
  const left = new Map<number, number>();
  const placed = ids.flatMap((id) => {
    const node = layered.node(id);
    return node ? [[id, node] as const] : [];
  });
  for (const [, { x, width }] of placed) left.set(x, Math.min(left.get(x) ?? Number.POSITIVE_INFINITY, x - width / 2));
  return Object.fromEntries(placed.map(([id, { x, y, height }]) => [id, [left.get(x) ?? x, y - height / 2]] as const));
}

const least = (points: readonly Point[], axis: 0 | 1): number =>
  points.reduce((found, p) => Math.min(found, p[axis]), Number.POSITIVE_INFINITY);

/** Moved so that the upper left corner of all is where it was. */
function anchored(boxes: ReadonlyMap<NodeId, Box>, places: Places): Places {
  const [before, behind] = [[...boxes.values()].map((b) => b.pos), Object.values(places)];
  const x = least(before, 0) - least(behind, 0);
  const y = least(before, 1) - least(behind, 1);
  return Object.fromEntries(
    Object.entries(places).map(([id, p]) => [id, [Math.round(p[0] + x), Math.round(p[1] + y)]] as const),
  );
}
