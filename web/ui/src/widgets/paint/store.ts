/** The painter: its tools, which stay as they are from one picture to the next, and the picture that is open in it. */

import { create } from "zustand";
import type { Brush } from "./brush";
import type { Ink, Painting } from "./engine";
import type { Color } from "./layer";

export const TOOLS = ["brush", "erase", "fill", "rectangle", "lasso", "pan"] as const;
export type Tool = (typeof TOOLS)[number];

/** Paint of a mask: a colour that few pictures have. */
export const MASK_COLOR: Color = [214, 51, 255];
/** Pixels across. */
export const SIZES = { least: 1, most: 600 } as const;

/** How the picture lies on the stage: its left upper corner, and pixels of the screen for one of its own. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

interface PaintState {
  readonly painting: Painting | null;
  readonly mode: "mask" | "sketch";
  readonly tool: Tool;
  readonly size: number;
  /** 0 to 1. */
  readonly hardness: number;
  /** Of a sketch's paint: 0 to 1. */
  readonly strength: number;
  /** How much of the picture a mask hides: 0 to 1. */
  readonly shade: number;
  /** "#rrggbb". */
  readonly color: string;
  /** Pixels. */
  readonly feather: number;
  /** 0 to 255. */
  readonly tolerance: number;
  /** Pen and erasers feel how hard they are pressed. */
  readonly pressure: boolean;
  readonly view: View;
  /** Grows with every change of the picture. */
  readonly changes: number;
  /** Shows the whole picture; set while there is a stage. */
  readonly fit: (() => void) | null;
}

export const usePaint = create<PaintState>()(() => ({
  painting: null,
  mode: "mask",
  tool: "brush",
  size: 40,
  hardness: 0.8,
  strength: 1,
  shade: 0.6,
  color: "#1f2a44",
  feather: 8,
  tolerance: 24,
  pressure: true,
  view: { x: 0, y: 0, scale: 1 },
  changes: 0,
  fit: null,
}));

export function colorOf(hex: string): Color {
  const value = Number.parseInt(hex.slice(1), 16) || 0;
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

export const brushNow = (): Brush => {
  const { size, hardness } = usePaint.getState();
  return { size, hardness };
};

/** Args: erase: whatever the tool. */
export function inkNow(erase: boolean): Ink {
  const { mode, color, strength, tool } = usePaint.getState();
  const mask = mode === "mask";
  return {
    color: mask ? MASK_COLOR : colorOf(color),
    strength: mask ? 1 : strength,
    erase: erase || tool === "erase",
  };
}

/** Make the brush larger or smaller by a sensible step for its size. */
export function resized(by: 1 | -1): void {
  usePaint.setState(({ size }) => {
    const step = Math.max(1, Math.round(size * 0.15));
    return { size: Math.min(SIZES.most, Math.max(SIZES.least, size + by * step)) };
  });
}

/** Zoom so that a point of the stage keeps its place. */
export function zoomed(view: View, factor: number, at: { readonly x: number; readonly y: number }): View {
  const scale = Math.min(32, Math.max(0.02, view.scale * factor));
  const by = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * by, y: at.y - (at.y - view.y) * by };
}

/** The view that shows a whole picture in the middle of a stage, at its own size at the most four times. */
export function fitted(width: number, height: number, stageWidth: number, stageHeight: number): View {
  const room = 24;
  const wanted = Math.min((stageWidth - room) / width, (stageHeight - room) / height);
  const scale = Math.max(0.02, Math.min(4, wanted));
  return { scale, x: (stageWidth - width * scale) / 2, y: (stageHeight - height * scale) / 2 };
}
