/** Round brushes: which pixels a stroke covers. */

import { type Cover, inside, type Rect } from "./layer";

/** A place of the pointer, in pixels of the picture. */
export interface Sample {
  readonly x: number;
  readonly y: number;
  /** 0 to 1. */
  readonly pressure: number;
}

export interface Brush {
  /** Pixels across, at full pressure. */
  readonly size: number;
  /** 0: soft from the middle on; 1: a sharp edge. */
  readonly hardness: number;
}

/** Between two dabs, as a share of the radius: near enough that the edge is smooth. */
const SPACING = 0.2;
/** The share of its size that a brush has when it is barely pressed. */
const LIGHTEST = 0.15;

export const radiusAt = (brush: Brush, pressure: number): number =>
  Math.max(0.5, (brush.size / 2) * (LIGHTEST + (1 - LIGHTEST) * Math.min(1, Math.max(0, pressure))));

/** How much is covered at a distance from the middle of a dab: 1 in the core, falling smoothly to 0 at the edge, which
 * is at least one pixel wide so that it has no steps. */
export function falloff(distance: number, radius: number, hardness: number): number {
  const soft = Math.max(1, radius * (1 - hardness));
  const t = Math.min(1, Math.max(0, (radius + 0.5 - distance) / soft));
  return t * t * (3 - 2 * t);
}

interface Extent {
  readonly width: number;
  readonly height: number;
}

/** Cover a disc; where it is covered more already it stays. Gives the pixels that were looked at. */
export function dab(cover: Cover, extent: Extent, at: Sample, brush: Brush): Rect {
  const radius = radiusAt(brush, at.pressure);
  const reach = radius + 1;
  const r = inside({ left: at.x - reach, top: at.y - reach, right: at.x + reach, bottom: at.y + reach }, extent);
  for (let y = r.top; y < r.bottom; y++) {
    const dy = y + 0.5 - at.y;
    for (let x = r.left; x < r.right; x++) {
      const dx = x + 0.5 - at.x;
      const far = dx * dx + dy * dy;
      if (far > reach * reach) continue;
      const value = falloff(Math.sqrt(far), radius, brush.hardness) * 255;
      const pixel = y * extent.width + x;
      if (value > (cover[pixel] ?? 0)) cover[pixel] = value;
    }
  }
  return r;
}

/** Where dabs lie between two places of the pointer, the last of them included. */
export function between(from: Sample, to: Sample, brush: Brush): Sample[] {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const step = Math.max(0.5, Math.min(radiusAt(brush, from.pressure), radiusAt(brush, to.pressure)) * SPACING);
  const count = Math.max(1, Math.ceil(length / step));
  return Array.from({ length: count }, (_, i) => {
    const t = (i + 1) / count;
    const mix = (a: number, b: number) => a + (b - a) * t;
    return { x: mix(from.x, to.x), y: mix(from.y, to.y), pressure: mix(from.pressure, to.pressure) };
  });
}
