/** What is done to the whole of a mask: its alpha alone. */

import type { Layer } from "./layer";

/** What was painted is clear, and the other way round. */
export function inverted({ data }: Layer): void {
  for (let i = 3; i < data.length; i += 4) data[i] = 255 - (data[i] ?? 0);
}

/** Soften the edges by about `radius` pixels: three box blurs, which together are near to a Gaussian one. */
export function feathered(layer: Layer, radius: number): void {
  const { width, height, data } = layer;
  const reach = Math.max(1, Math.round(radius / 2));
  const from = new Float32Array(width * height);
  const to = new Float32Array(width * height);
  for (let i = 0; i < from.length; i++) from[i] = data[i * 4 + 3] ?? 0;
  for (let pass = 0; pass < 3; pass++) {
    blurred(from, to, width, height, 1, width, reach);
    blurred(to, from, height, width, width, 1, reach);
  }
  for (let i = 0; i < from.length; i++) data[i * 4 + 3] = from[i] ?? 0;
}

/** The mean over 2 * reach + 1 neighbours along lines of `length` pixels; past an end, its last pixel goes on. */
function blurred(
  from: Float32Array,
  to: Float32Array,
  length: number,
  lines: number,
  step: number,
  between: number,
  reach: number,
): void {
  const count = 2 * reach + 1;
  for (let line = 0; line < lines; line++) {
    const start = line * between;
    const at = (i: number) => from[start + Math.min(length - 1, Math.max(0, i)) * step] ?? 0;
    let sum = 0;
    for (let i = -reach; i <= reach; i++) sum += at(i);
    for (let i = 0; i < length; i++) {
      to[start + i * step] = sum / count;
      sum += at(i + reach + 1) - at(i - reach);
    }
  }
}

/** Whether nothing is painted. */
export function isClear({ data }: Layer): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i]) return false;
  return true;
}
