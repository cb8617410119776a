/** Which pixels a rectangle, a lasso or a flood covers. */

import { type Cover, inside, type Layer, type Rect } from "./layer";

export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Extent {
  readonly width: number;
  readonly height: number;
}

/** Cover the rectangle between two corners. */
export function rectangle(cover: Cover, extent: Extent, a: Point, b: Point): Rect {
  const left = Math.min(a.x, b.x);
  const top = Math.min(a.y, b.y);
  const r = inside(
    {
      left: Math.round(left),
      top: Math.round(top),
      right: Math.round(Math.max(a.x, b.x)),
      bottom: Math.round(Math.max(a.y, b.y)),
    },
    extent,
  );
  for (let y = r.top; y < r.bottom; y++)
    cover.fill(255, y * extent.width + r.left, y * extent.width + Math.max(r.left, r.right));
  return r;
}

/** Cover the inside of an outline that ends where it began (even and odd). */
export function lasso(cover: Cover, extent: Extent, outline: readonly Point[]): Rect {
  const xs = outline.map((p) => p.x);
  const ys = outline.map((p) => p.y);
  const box = { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
  const r = inside(box, extent);
  for (let y = r.top; y < r.bottom; y++) {
    const cuts = crossings(outline, y + 0.5);
    for (let i = 0; i + 1 < cuts.length; i += 2) {
      const from = Math.max(r.left, Math.round(cuts[i] ?? 0));
      const to = Math.min(r.right, Math.round(cuts[i + 1] ?? 0));
      if (from < to) cover.fill(255, y * extent.width + from, y * extent.width + to);
    }
  }
  return r;
}

/** Where an outline crosses a line across, from the left. */
function crossings(outline: readonly Point[], y: number): number[] {
  const found: number[] = [];
  outline.forEach((a, i) => {
    const b = outline[(i + 1) % outline.length] ?? a;
    if (a.y <= y !== b.y <= y) found.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
  });
  return found.toSorted((a, b) => a - b);
}

/** Cover what hangs together with a pixel and looks like it. `tolerance`: of each channel, 0 to 255. */
export function flood(cover: Cover, look: Layer, at: Point, tolerance: number): Rect {
  const { width, height, data } = look;
  const [x0, y0] = [Math.floor(at.x), Math.floor(at.y)];
  const nothing = { left: 0, top: 0, right: 0, bottom: 0 };
  if (x0 < 0 || y0 < 0 || x0 >= width || y0 >= height) return nothing;
  const first = (y0 * width + x0) * 4;
  const wanted = [data[first] ?? 0, data[first + 1] ?? 0, data[first + 2] ?? 0, data[first + 3] ?? 0];
  const alike = (pixel: number): boolean => {
    if (cover[pixel]) return false;
    const i = pixel * 4;
    // What is clear has no colour.
    if (!wanted[3] && (data[i + 3] ?? 0) <= tolerance) return true;
    return wanted.every((value, c) => Math.abs((data[i + c] ?? 0) - value) <= tolerance);
  };
  const box = { left: x0, top: y0, right: x0 + 1, bottom: y0 + 1 };
  const todo = [y0 * width + x0];
  for (let pixel = todo.pop(); pixel !== undefined; pixel = todo.pop()) {
    if (!alike(pixel)) continue;
    const y = Math.floor(pixel / width);
    const row = y * width;
    let left = pixel - row;
    let right = left + 1;
    while (left > 0 && alike(row + left - 1)) left--;
    while (right < width && alike(row + right)) right++;
    cover.fill(255, row + left, row + right);
    box.left = Math.min(box.left, left);
    box.right = Math.max(box.right, right);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y + 1);
    for (const next of [y - 1, y + 1]) if (next >= 0 && next < height) seeds(todo, alike, next * width, left, right);
  }
  return box;
}

/** One pixel of each run that looks alike in a line is enough to begin with. */
function seeds(todo: number[], alike: (pixel: number) => boolean, row: number, left: number, right: number): void {
  let before = false;
  for (let x = left; x < right; x++) {
    const now = alike(row + x);
    if (now && !before) todo.push(row + x);
    before = now;
  }
}
