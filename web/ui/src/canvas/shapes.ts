/** Node types and shapes as the canvas draws them: every socket that a link uses is there, and the boundary has a shape. */

import { HEADER, type NodeShape, PADDING, ROW } from "~/core/geometry";
import type { GraphNode, NodeType, Point, Subgraph } from "~/core/types";

/** Pixels of a socket's square at 100 %: what a finger meets. */
export const SOCKET = 24;
const BOUNDARY_WIDTH = 150;

const completed = new WeakMap<NodeType, Map<string, NodeType>>();

/** The type with a socket for every link of a node, also where the definition has none (an unknown type, a file that
 * is older than the pack): a link that is not drawn cannot be mended. `outputs`: how many are used at the least. */
export function complete(type: NodeType, node: GraphNode, outputs: number): NodeType {
  const missing = Object.keys(node.links).filter((name) => !Object.hasOwn(type.inputs, name));
  if (!missing.length && outputs <= type.outputs.length) return type;
  const key = `${outputs} ${missing.join(" ")}`;
  let known = completed.get(type);
  if (!known) completed.set(type, (known = new Map()));
  let made = known.get(key);
  if (!made) known.set(key, (made = withSockets(type, missing, outputs)));
  return made;
}

function withSockets(type: NodeType, inputs: readonly string[], outputs: number): NodeType {
  const lost = Array.from({ length: Math.max(0, outputs - type.outputs.length) }, (_, n) => ({
    name: String(type.outputs.length + n),
    type: "*",
    list: false,
    help: "",
  }));
  const added = inputs.map((name) => [name, { type: "*", required: false, help: "" }] as const);
  return {
    ...type,
    inputs: { ...type.inputs, ...Object.fromEntries(added) },
    outputs: [...type.outputs, ...lost],
  };
}

const boundaryShapes = new WeakMap<NodeType, NodeShape>();

const middle = (row: number) => HEADER + PADDING + (row + 0.5) * ROW;

/** One row for each port. */
export function boundaryShape(type: NodeType): NodeShape {
  const known = boundaryShapes.get(type);
  if (known) return known;
  const names = Object.keys(type.inputs);
  const rows = Math.max(names.length, type.outputs.length);
  const shape: NodeShape = {
    size: [BOUNDARY_WIDTH, HEADER + 2 * PADDING + rows * ROW],
    inputs: names.map((name, row) => ({ name, at: [0, middle(row)] })),
    outputs: type.outputs.map((o, row) => ({ name: o.name, at: [BOUNDARY_WIDTH, middle(row)] })),
    widgets: [],
    shown: null,
  };
  boundaryShapes.set(type, shape);
  return shape;
}

const isPoint = (value: unknown): value is Point =>
  Array.isArray(value) && value.length === 2 && value.every((n) => typeof n === "number" && Number.isFinite(n));

/** Where a subgraph's boundary lies: as its file says, else left and right of its nodes. */
export function boundaryAt(subgraph: Subgraph, side: "in" | "out"): Point {
  const told = subgraph.meta[side === "in" ? "input_pos" : "output_pos"];
  if (isPoint(told)) return told;
  const nodes = Object.values(subgraph.nodes);
  const xs = nodes.map((n) => n.pos[0]);
  const top = nodes.length ? Math.min(...nodes.map((n) => n.pos[1])) : 0;
  if (side === "in") return [(nodes.length ? Math.min(...xs) : 0) - BOUNDARY_WIDTH - 90, top];
  return [(nodes.length ? Math.max(...xs) : 0) + 350, top];
}
