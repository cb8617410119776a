/** Where everything of the shown graph lies, by flow id, without asking the DOM. */

import { INPUTS, OUTPUTS } from "~/core/document";
import { type NodeShape, shapeOf } from "~/core/geometry";
import type { Point, Size } from "~/core/types";
import type { Rect } from "./api";
import { type Piece, pieces } from "./curve";
import { type Here, here } from "./edit";
import { type End, groupId, linkId, noteId } from "./ids";
import { type Wiring, wiring } from "./wiring";
import { boundaryAt, boundaryShape } from "./shapes";

export interface Place {
  readonly pos: Point;
  readonly size: Size;
  /** Of nodes and of the boundary. */
  readonly shape?: NodeShape;
}

const known = new WeakMap<Wiring, ReadonlyMap<string, Place>>();

/** All places of a graph; counted once for each value of the document. */
export function placesOf(shown: Here = here()): ReadonlyMap<string, Place> {
  const wires = wiring(shown);
  const found = known.get(wires);
  if (found) return found;
  const places = new Map<string, Place>();
  for (const [id, { pos, size }] of Object.entries(shown.graph.groups)) places.set(groupId(id), { pos, size });
  for (const [id, { pos, size }] of Object.entries(shown.graph.notes)) places.set(noteId(id), { pos, size });
  const subgraph = shown.scope === null ? undefined : shown.doc.subgraphs[shown.scope];
  for (const [id, type] of wires.types) {
    const node = shown.graph.nodes[id];
    if (node) places.set(id, placed(node.pos, shapeOf(node, type)));
    else if (subgraph && (id === INPUTS || id === OUTPUTS))
      places.set(id, placed(boundaryAt(subgraph, id === INPUTS ? "in" : "out"), boundaryShape(type)));
  }
  known.set(wires, places);
  return places;
}

const placed = (pos: Point, shape: NodeShape): Place => ({ pos, size: shape.size, shape });

/** The middle of a socket. */
export function socketAt(places: ReadonlyMap<string, Place>, end: End): Point | null {
  const place = places.get(end.node);
  const found =
    "output" in end ? place?.shape?.outputs[end.output] : place?.shape?.inputs.find((i) => i.name === end.input);
  return place && found ? [place.pos[0] + found.at[0], place.pos[1] + found.at[1]] : null;
}

export interface DrawnLink {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly pieces: readonly Piece[];
}

/** The course of every link; with a rectangle only of those that come near it. */
export function* linksIn(shown: Here, rect?: Rect): Generator<DrawnLink> {
  const places = placesOf(shown);
  const { graph, wires } = wiring(shown);
  for (const { source, output, target, input } of wires) {
    const from = socketAt(places, { node: source, output });
    const to = socketAt(places, { node: target, input });
    if (!from || !to) continue;
    const points = graph.nodes[target]?.links[input]?.points ?? [];
    if (rect && !near(rect, [from, to, ...points])) continue;
    yield { id: linkId(target, input), source, target, pieces: pieces(from, to, points) };
  }
}

function near({ x, y, width, height }: Rect, points: readonly Point[]): boolean {
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  return Math.max(...xs) >= x && Math.min(...xs) <= x + width && Math.max(...ys) >= y && Math.min(...ys) <= y + height;
}

/** The rectangle around some places; null around none. */
export function around(places: Iterable<Place>): Rect | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { pos, size } of places) {
    left = Math.min(left, pos[0]);
    top = Math.min(top, pos[1]);
    right = Math.max(right, pos[0] + size[0]);
    bottom = Math.max(bottom, pos[1] + size[1]);
  }
  return left <= right ? { x: left, y: top, width: right - left, height: bottom - top } : null;
}

export const overlaps = (a: Rect, { pos, size }: Place): boolean =>
  pos[0] < a.x + a.width && pos[0] + size[0] > a.x && pos[1] < a.y + a.height && pos[1] + size[1] > a.y;

export const holds = (a: Rect, { pos, size }: Place): boolean =>
  pos[0] >= a.x && pos[0] + size[0] <= a.x + a.width && pos[1] >= a.y && pos[1] + size[1] <= a.y + a.height;

export const hits = ([x, y]: Point, { pos, size }: Place): boolean =>
  x >= pos[0] && y >= pos[1] && x <= pos[0] + size[0] && y <= pos[1] + size[1];
