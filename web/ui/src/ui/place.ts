/** Where a floating box goes: beside its anchor, turned over or pushed so that it stays in the window. Pixels. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
}

export type Side = "below" | "above" | "right" | "left";

/** Between the anchor and the box, and between the box and the edge of the window. */
const GAP = 4;
const MARGIN = 8;

const OTHER: Record<Side, Side> = { below: "above", above: "below", right: "left", left: "right" };

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(value, high));

/** The box's corner when it lies on a side of the anchor, their starts level. */
function corner(side: Side, anchor: Box, box: Extent): { x: number; y: number } {
  switch (side) {
    case "below":
      return { x: anchor.x, y: anchor.y + anchor.height + GAP };
    case "above":
      return { x: anchor.x, y: anchor.y - box.height - GAP };
    case "right":
      return { x: anchor.x + anchor.width + GAP, y: anchor.y };
    case "left":
      return { x: anchor.x - box.width - GAP, y: anchor.y };
  }
}

function fits(side: Side, at: { x: number; y: number }, box: Extent, view: Extent): boolean {
  return side === "below" || side === "above"
    ? at.y >= MARGIN && at.y + box.height <= view.height - MARGIN
    : at.x >= MARGIN && at.x + box.width <= view.width - MARGIN;
}

/** The box's corner: on the wanted side, on the other if it fits only there, and always inside the window. */
export function placed(anchor: Box, box: Extent, view: Extent, side: Side = "below"): { x: number; y: number } {
  const wanted = corner(side, anchor, box);
  const turned = corner(OTHER[side], anchor, box);
  const at = !fits(side, wanted, box, view) && fits(OTHER[side], turned, box, view) ? turned : wanted;
  return {
    x: clamp(at.x, MARGIN, Math.max(MARGIN, view.width - box.width - MARGIN)),
    y: clamp(at.y, MARGIN, Math.max(MARGIN, view.height - box.height - MARGIN)),
  };
}
