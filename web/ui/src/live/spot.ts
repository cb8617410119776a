/** Spots of a picture that is drawn as large as fits into its box. */

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Where the picture itself lies in its box. */
export function fitted(box: Box, natural: { readonly width: number; readonly height: number }): Box {
  if (!natural.width || !natural.height) return box;
  const scale = Math.min(box.width / natural.width, box.height / natural.height);
  const [width, height] = [natural.width * scale, natural.height * scale];
  return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height };
}

/** A point of the window as a spot, each from 0 to 1; null beside the picture. */
export function spotAt(picture: Box, x: number, y: number): { readonly x: number; readonly y: number } | null {
  const spot = { x: (x - picture.left) / picture.width, y: (y - picture.top) / picture.height };
  return spot.x >= 0 && spot.x <= 1 && spot.y >= 0 && spot.y <= 1 ? spot : null;
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const along = (at: number, by: number, of: number): number =>
  (Math.min(Math.max(0, Math.floor(Math.min(at, 1 - 1e-9) * of) + by), of - 1) + 0.5) / of;

/** The middle of the next cell in the direction of an arrow; null for another key. */
export function moved(
  key: string,
  spot: { readonly x: number; readonly y: number },
  cells: readonly [number, number],
): { readonly x: number; readonly y: number } | null {
  const step = STEPS[key];
  if (!step) return null;
  return { x: along(spot.x, step[0], cells[0]), y: along(spot.y, step[1], cells[1]) };
}
