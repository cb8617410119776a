/** The view of the canvas, for other parts: places and movements. Without a canvas (tests, the form view) it does nothing. */

import type { Point } from "~/core/types";

export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface CanvasApi {
  /** Bring these nodes to the middle; the zoom stays unless they would not be readable or do not fit. */
  center(ids: Iterable<string>): void;
  /** Show these nodes, or the whole graph, as large as they fit (at most 100 %). */
  fit(ids?: Iterable<string>): void;
  /** The first view of a graph, at once: all of it if that can be read, else its beginning. */
  begin(): void;
  /** 1 is 100 %; around the middle of the view. */
  zoomTo(zoom: number): void;
  zoomBy(factor: number): void;
  /** From the window's pixels to canvas units, and back. */
  screenToCanvas(point: Point): Point;
  canvasToScreen(point: Point): Point;
  /** What is in sight, in canvas units. */
  visibleRect(): Rect;
  /** Where the pointer was last on the canvas, else the middle of the view; in canvas units. */
  cursor(): Point;
  /** Bring a node in sight and give it the keyboard. */
  focus(id: string): void;
  view(): View;
  setView(view: View, animate?: boolean): void;
}

const still: View = { x: 0, y: 0, zoom: 1 };
const nothing = () => {};

const absent: CanvasApi = {
  center: nothing,
  fit: nothing,
  begin: nothing,
  zoomTo: nothing,
  zoomBy: nothing,
  screenToCanvas: (p) => p,
  canvasToScreen: (p) => p,
  visibleRect: () => ({ x: 0, y: 0, width: 1000, height: 700 }),
  cursor: () => [500, 350],
  focus: nothing,
  view: () => still,
  setView: nothing,
};

let mounted: CanvasApi = absent;

/** The canvas calls it when it comes (and with null when it goes). */
export const mountCanvas = (api: CanvasApi | null): void => void (mounted = api ?? absent);

export const canvasApi: CanvasApi = {
  center: (ids) => mounted.center(ids),
  fit: (ids) => mounted.fit(ids),
  begin: () => mounted.begin(),
  zoomTo: (zoom) => mounted.zoomTo(zoom),
  zoomBy: (factor) => mounted.zoomBy(factor),
  screenToCanvas: (point) => mounted.screenToCanvas(point),
  canvasToScreen: (point) => mounted.canvasToScreen(point),
  visibleRect: () => mounted.visibleRect(),
  cursor: () => mounted.cursor(),
  focus: (id) => mounted.focus(id),
  view: () => mounted.view(),
  setView: (view, animate) => mounted.setView(view, animate),
};
