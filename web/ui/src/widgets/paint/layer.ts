/** Pixels that are painted on, and rectangles of them. Colours are straight (not multiplied by their alpha). */

export interface Layer {
  readonly width: number;
  readonly height: number;
  /** RGBA, row by row. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
}

/** Whole pixels; `right` and `bottom` lie outside. */
export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export type Color = readonly [red: number, green: number, blue: number];

export const blank = (width: number, height: number): Layer => ({
  width,
  height,
  data: new Uint8ClampedArray(width * height * 4),
});

export const whole = ({ width, height }: Pick<Layer, "width" | "height">): Rect => ({
  left: 0,
  top: 0,
  right: width,
  bottom: height,
});

export const isEmpty = (r: Rect): boolean => r.left >= r.right || r.top >= r.bottom;

/** The smallest rectangle around both. */
export function around(a: Rect | null, b: Rect): Rect {
  if (!a || isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/** The part of a rectangle that lies on a layer, to whole pixels outwards. */
export function inside(r: Rect, { width, height }: Pick<Layer, "width" | "height">): Rect {
  return {
    left: Math.max(0, Math.floor(r.left)),
    top: Math.max(0, Math.floor(r.top)),
    right: Math.min(width, Math.ceil(r.right)),
    bottom: Math.min(height, Math.ceil(r.bottom)),
  };
}

/** The pixels in a rectangle. */
export function cropped(layer: Layer, r: Rect): Uint8ClampedArray<ArrayBuffer> {
  const row = Math.max(0, r.right - r.left) * 4;
  const out = new Uint8ClampedArray(row * Math.max(0, r.bottom - r.top));
  for (let y = r.top, to = 0; y < r.bottom; y++, to += row) {
    const from = (y * layer.width + r.left) * 4;
    out.set(layer.data.subarray(from, from + row), to);
  }
  return out;
}

/** Put pixels back where they were cropped. */
export function pasted(layer: Layer, r: Rect, pixels: Uint8ClampedArray): void {
  const row = (r.right - r.left) * 4;
  for (let y = r.top, from = 0; y < r.bottom; y++, from += row)
    layer.data.set(pixels.subarray(from, from + row), (y * layer.width + r.left) * 4);
}

/** How much of each pixel a shape covers: 0 to 255, one byte a pixel, row by row. */
export type Cover = Uint8Array<ArrayBuffer>;

/** Lay a colour over the pixels that a shape covers. `before` holds the layer as it was before the shape: so a shape
 * that grows is laid over it again and again without becoming darker. */
export function laid(layer: Layer, before: Layer, cover: Cover, r: Rect, color: Color, strength: number): void {
  for (let y = r.top; y < r.bottom; y++)
    for (let x = r.left; x < r.right; x++) {
      const pixel = y * layer.width + x;
      const over = ((cover[pixel] ?? 0) / 255) * strength;
      const at = pixel * 4;
      const under = ((before.data[at + 3] ?? 0) / 255) * (1 - over);
      const alpha = over + under;
      for (let c = 0; c < 3; c++) {
        const old = before.data[at + c] ?? 0;
        layer.data[at + c] = alpha > 0 ? ((color[c] ?? 0) * over + old * under) / alpha : old;
      }
      layer.data[at + 3] = alpha * 255;
    }
}

/** Take away what a shape covers. */
export function erased(layer: Layer, before: Layer, cover: Cover, r: Rect, strength: number): void {
  for (let y = r.top; y < r.bottom; y++)
    for (let x = r.left; x < r.right; x++) {
      const pixel = y * layer.width + x;
      const at = pixel * 4 + 3;
      layer.data[at] = (before.data[at] ?? 0) * (1 - ((cover[pixel] ?? 0) / 255) * strength);
    }
}
