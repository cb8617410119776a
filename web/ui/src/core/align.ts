/** Aligning and distributing boxes, snapping to a grid, and the guides that a drag snaps to. */

import type { NodeId, Point, Size } from "./types";

export interface Box {
  readonly pos: Point;
  readonly size: Size;
}
export type Boxes = Readonly<Record<NodeId, Box>>;
export type Places = Record<NodeId, Point>;
export type Axis = 0 | 1;
export type Side = "left" | "center" | "right" | "top" | "middle" | "bottom";

/** Along which axis a side lies, and how far through a box: 0 its beginning, 1 its end. */
const SIDES: Readonly<Record<Side, readonly [axis: Axis, part: number]>> = {
  left: [0, 0],
  center: [0, 0.5],
  right: [0, 1],
  top: [1, 0],
  middle: [1, 0.5],
  bottom: [1, 1],
};

const along = (box: Box, axis: Axis, part: number): number => box.pos[axis] + box.size[axis] * part;

const withAxis = (pos: Point, axis: Axis, value: number): Point => (axis === 0 ? [value, pos[1]] : [pos[0], value]);

/** Places at which one side (or the middle) of all boxes is in line: that of the box that is furthest out there. */
export function aligned(boxes: Boxes, side: Side): Places {
  const [axis, part] = SIDES[side];
  const all = Object.values(boxes);
  if (!all.length) return {};
  const low = Math.min(...all.map((b) => along(b, axis, 0)));
  const high = Math.max(...all.map((b) => along(b, axis, 1)));
  const line = low + (high - low) * part;
  return mapped(boxes, (box) => withAxis(box.pos, axis, line - box.size[axis] * part));
}

/** Places with equal gaps between the boxes along an axis; the two at the ends stay. */
export function distributed(boxes: Boxes, axis: "x" | "y"): Places {
  const a: Axis = axis === "x" ? 0 : 1;
  const row = Object.entries(boxes).toSorted(([, one], [, other]) => along(one, a, 0.5) - along(other, a, 0.5));
  const [first, last] = [row[0]?.[1], row.at(-1)?.[1]];
  if (!first || !last || row.length < 3) return mapped(boxes, (box) => box.pos);
  const room = along(last, a, 1) - along(first, a, 0) - row.reduce((sum, [, box]) => sum + box.size[a], 0);
  const gap = room / (row.length - 1);
  let at = along(first, a, 0);
  return Object.fromEntries(
    row.map(([id, box]) => {
      const place = withAxis(box.pos, a, at);
      at += box.size[a] + gap;
      return [id, place] as const;
    }),
  );
}

const mapped = (boxes: Boxes, place: (box: Box) => Point): Places =>
  Object.fromEntries(Object.entries(boxes).map(([id, box]) => [id, place(box)] as const));

/** The nearest point of a grid; 0 is no grid. */
export function snapped([x, y]: Point, grid: number): Point {
  return grid > 0 ? [Math.round(x / grid) * grid, Math.round(y / grid) * grid] : [x, y];
}

/** A line to draw: at `at` on its axis ("x": upright), from and to on the other one. */
export interface Guide {
  readonly axis: "x" | "y";
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** Which parts of two boxes are held in line: ends with ends, middles with middles. */
const LINES: readonly (readonly [own: number, other: number])[] = [
  [0, 0],
  [1, 1],
  [0.5, 0.5],
  [0, 1],
  [1, 0],
];

/** How far a box that is dragged should give way to lie in line with others, and the lines that it then lies on. */
export function guides(others: readonly Box[], moving: Box, reach = 6): { by: Point; lines: Guide[] } {
  const by = [pull(others, moving, 0, reach), pull(others, moving, 1, reach)] as const;
  const box: Box = { ...moving, pos: [moving.pos[0] + (by[0] ?? 0), moving.pos[1] + (by[1] ?? 0)] };
  const lines = ([0, 1] as const).flatMap((axis) => (by[axis] === null ? [] : linesOn(others, box, axis)));
  return { by: [by[0] ?? 0, by[1] ?? 0], lines };
}

/** The smallest shift within reach that brings the box in line with another; null if none does. */
function pull(others: readonly Box[], moving: Box, axis: Axis, reach: number): number | null {
  let best: number | null = null;
  for (const other of others)
    for (const [own, part] of LINES) {
      const by = along(other, axis, part) - along(moving, axis, own);
      if (Math.abs(by) <= reach && (best === null || Math.abs(by) < Math.abs(best))) best = by;
    }
  return best;
}

/** One line for each place at which the box is in line with others, as long as all that lie on it. */
function linesOn(others: readonly Box[], box: Box, axis: Axis): Guide[] {
  const across: Axis = axis === 0 ? 1 : 0;
  const found = new Map<number, Guide>();
  for (const other of others)
    for (const [own, part] of LINES) {
      const at = along(other, axis, part);
      if (Math.abs(at - along(box, axis, own)) > 0.01) continue;
      const ends = [box, other];
      const known = found.get(at);
      const from = Math.min(known?.from ?? Number.POSITIVE_INFINITY, ...ends.map((b) => along(b, across, 0)));
      const to = Math.max(known?.to ?? Number.NEGATIVE_INFINITY, ...ends.map((b) => along(b, across, 1)));
      found.set(at, { axis: axis === 0 ? "x" : "y", at, from, to });
    }
  return [...found.values()];
}
