/** How a picture lies on its stage: pixels from the middle, and how much larger than fitting. */

export interface Zoom {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

type Pair = readonly [x: number, y: number];

export const WHOLE: Zoom = { x: 0, y: 0, scale: 1 };
const LARGEST = 32;

/** Enlarged by a factor; what is at `at` (pixels from the stage's middle) stays there. */
export function zoomed(zoom: Zoom, factor: number, at: Pair): Zoom {
  const scale = Math.min(LARGEST, Math.max(1, zoom.scale * factor));
  if (scale === 1) return WHOLE;
  const by = scale / zoom.scale;
  return { x: at[0] - (at[0] - zoom.x) * by, y: at[1] - (at[1] - zoom.y) * by, scale };
}

export const panned = (zoom: Zoom, x: number, y: number): Zoom =>
  zoom.scale === 1 ? zoom : { ...zoom, x: zoom.x + x, y: zoom.y + y };

const distance = (a: Pair, b: Pair) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));

/** One of two fingers moved from `before` to `now` while the other stayed. */
export function pinched(zoom: Zoom, before: Pair, now: Pair, other: Pair): Zoom {
  const middle: Pair = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
  const next = zoomed(zoom, distance(now, other) / distance(before, other), middle);
  return panned(next, (now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
}
