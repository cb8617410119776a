/** The course of a link: cubic curves from its output over its reroute points to its input. */

import type { Point } from "~/core/types";

export type Course = "curve" | "straight" | "step" | "hidden";

/** A cubic curve: start, two controls, end. */
export type Piece = readonly [Point, Point, Point, Point];

/** How far a curve leaves its ends level, in canvas units: more the further it goes, and for links that run back. */
function reach([x1, y1]: Point, [x2, y2]: Point): number {
  const dx = x2 - x1;
  if (dx >= 0) return Math.min(dx * 0.5, 24 + Math.hypot(dx, y2 - y1) * 0.25);
  return Math.min(30 + -dx * 0.35, 180);
}

function piece(from: Point, to: Point, course: Course): Piece {
  if (course === "straight") return [from, between(from, to, 1 / 3), between(from, to, 2 / 3), to];
  const r = reach(from, to);
  return [from, [from[0] + r, from[1]], [to[0] - r, to[1]], to];
}

const between = (a: Point, b: Point, t: number): Point => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];

/** The pieces of a link, one more than it has reroute points; between two points that are level it runs straight, also
 * where it runs back. */
export function pieces(from: Point, to: Point, points: readonly Point[], course: Course = "curve"): Piece[] {
  const stops = [from, ...points, to];
  return stops.slice(1).map((stop, n) => {
    const start = stops[n] ?? from;
    const level = n > 0 && n < points.length && start[1] === stop[1];
    return piece(start, stop, level && course === "curve" ? "straight" : course);
  });
}

const xy = ([x, y]: Point) => `${round(x)},${round(y)}`;
const round = (n: number) => Math.round(n * 10) / 10;

/** The `d` of an SVG path. */
export function pathOf(some: readonly Piece[], course: Course = "curve"): string {
  const first = some[0];
  if (!first) return "";
  const line = course === "step" ? stepped : course === "straight" ? straight : curved;
  return `M${xy(first[0])}${some.map(line).join("")}`;
}

const curved = ([, a, b, to]: Piece) => `C${xy(a)} ${xy(b)} ${xy(to)}`;
const straight = ([, , , to]: Piece) => `L${xy(to)}`;
const stepped = ([from, , , to]: Piece) => {
  const x = round((from[0] + to[0]) / 2);
  return `H${x}V${round(to[1])}H${round(to[0])}`;
};

/** A point of a piece; t from 0 to 1. */
export function pointAt([p, a, b, q]: Piece, t: number): Point {
  const u = 1 - t;
  const [w0, w1, w2, w3] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [w0 * p[0] + w1 * a[0] + w2 * b[0] + w3 * q[0], w0 * p[1] + w1 * a[1] + w2 * b[1] + w3 * q[1]];
}

const STEPS = 16;

/** Points along a link, near enough to take it for the line through them. */
export function sampled(some: readonly Piece[]): Point[] {
  const first = some[0];
  if (!first) return [];
  const found: Point[] = [first[0]];
  for (const one of some) for (let n = 1; n <= STEPS; n++) found.push(pointAt(one, n / STEPS));
  return found;
}

/** How far a point is from a link, in canvas units, and in which piece it comes nearest. */
export function nearest(some: readonly Piece[], at: Point): { distance: number; piece: number } {
  let best = { distance: Infinity, piece: 0 };
  for (const [index, one] of some.entries()) {
    const line = sampled([one]);
    for (let n = 1; n < line.length; n++) {
      const distance = toSegment(at, line[n - 1] ?? at, line[n] ?? at);
      if (distance < best.distance) best = { distance, piece: index };
    }
  }
  return best;
}

function toSegment([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}

/** Whether two lines through points cross. */
export function crosses(a: readonly Point[], b: readonly Point[]): boolean {
  for (let i = 1; i < a.length; i++)
    for (let j = 1; j < b.length; j++) {
      const [p, q, r, s] = [a[i - 1], a[i], b[j - 1], b[j]];
      if (p && q && r && s && side(p, q, r) !== side(p, q, s) && side(r, s, p) !== side(r, s, q)) return true;
    }
  return false;
}

const side = (a: Point, b: Point, c: Point) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0;
