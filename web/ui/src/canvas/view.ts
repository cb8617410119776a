/** The canvas's view: the functions of api.ts over React Flow's pan and zoom. */

import type { ReactFlowInstance, ReactFlowState } from "@xyflow/react";
import type { Point } from "~/core/types";
import { type CanvasApi, type Rect, type View, canvasApi } from "./api";
import type { AnyFlow, LinkFlow } from "./flow";
import { around, placesOf } from "./places";
import { useServer } from "~/stores/server";
import { useCanvas } from "./store";

export const ZOOM = { least: 0.05, most: 3 };
/** Below it nodes are drawn, not mounted. */
export const LOD = 0.45;
const MARGIN = 56;
const MOTION = 260;

interface Store {
  getState(): ReactFlowState<AnyFlow, LinkFlow>;
}

const watchers = new Set<(view: View) => void>();

/** Hear of every movement of the view, and of how it is now; gives a function that stops it. */
export function onView(heard: (view: View) => void): () => void {
  watchers.add(heard);
  heard(canvasApi.view());
  return () => void watchers.delete(heard);
}

/** The view has moved. */
export const viewed = (): void => {
  for (const heard of watchers) heard(canvasApi.view());
};

/** On the way to where nodes are only drawn, they are only drawn. */
function fly(): void {
  useCanvas.setState({ flying: true });
  window.setTimeout(() => useCanvas.setState({ flying: false }), duration() + 60);
}

/** Movements are immediate for those who want no motion. */
const duration = () => (document.documentElement.dataset["motion"] === "reduced" ? 0 : MOTION);

/** The view in which a rectangle fills a window, at most at `most`. */
export function viewOf(rect: Rect, width: number, height: number, most = 1): View {
  const fit = Math.min((width - 2 * MARGIN) / rect.width, (height - 2 * MARGIN) / rect.height, most);
  const zoom = Math.min(ZOOM.most, Math.max(ZOOM.least, fit));
  return {
    x: width / 2 - (rect.x + rect.width / 2) * zoom,
    y: height / 2 - (rect.y + rect.height / 2) * zoom,
    zoom,
  };
}

/** Whether a graph waits for its first view until sizes are known. */
export const first = { wanted: true };

/** Below this zoom a graph is shown from its beginning, at a size that can be read. */
const UNREADABLE = LOD;
const READABLE = 0.7;

function firstView(rect: Rect, width: number, height: number): View {
  const whole = viewOf(rect, width, height);
  if (whole.zoom >= UNREADABLE) return whole;
  return { x: MARGIN / 2 - rect.x * READABLE, y: MARGIN - rect.y * READABLE, zoom: READABLE };
}

/** Node types decide how large nodes are. */
const known = (): boolean => {
  const { ready, connection } = useServer.getState();
  return ready || connection === "lost";
};

/** Around some things by flow id, or around all. */
function rectOf(ids?: Iterable<string>): Rect | null {
  const places = placesOf();
  return around(ids ? [...ids].flatMap((id) => places.get(id) ?? []) : places.values());
}

/** Where the pointer is, in pixels of the window; null when it is elsewhere. */
export const pointer: { at: Point | null } = { at: null };

export function apiOver(flow: ReactFlowInstance<AnyFlow, LinkFlow>, store: Store): CanvasApi {
  const size = () => {
    const { width, height } = store.getState();
    return [width || 1, height || 1] as const;
  };
  const corner = (): Point => {
    const box = store.getState().domNode?.getBoundingClientRect();
    return [box?.left ?? 0, box?.top ?? 0];
  };
  const view = () => flow.getViewport();
  const setView = (next: View, animate = false) => {
    first.wanted = false;
    if (animate && next.zoom < LOD) fly();
    void flow.setViewport({ ...next }, animate ? { duration: duration() } : undefined);
  };
  const screenToCanvas = ([x, y]: Point): Point => {
    const [left, top] = corner();
    const { x: dx, y: dy, zoom } = view();
    return [(x - left - dx) / zoom, (y - top - dy) / zoom];
  };
  const zoomTo = (zoom: number) => {
    const [width, height] = size();
    const now = view();
    const next = Math.min(ZOOM.most, Math.max(ZOOM.least, zoom));
    const k = next / now.zoom;
    const [cx, cy] = [width / 2, height / 2];
    setView({ x: cx - (cx - now.x) * k, y: cy - (cy - now.y) * k, zoom: next }, true);
  };
  const visibleRect = (): Rect => {
    const [width, height] = size();
    const { x, y, zoom } = view();
    return { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
  };
  const center = (ids: Iterable<string>) => {
    const rect = rectOf(ids);
    if (!rect) return;
    const [width, height] = size();
    const { zoom } = view();
    const wanted = viewOf(rect, width, height);
    const readable = Math.max(LOD + 0.05, zoom);
    const at = Math.min(wanted.zoom, readable);
    const x = width / 2 - (rect.x + rect.width / 2) * at;
    setView({ x, y: height / 2 - (rect.y + rect.height / 2) * at, zoom: at }, true);
  };
  return {
    view,
    setView,
    screenToCanvas,
    zoomTo,
    visibleRect,
    center,
    zoomBy: (factor) => zoomTo(view().zoom * factor),
    canvasToScreen: ([x, y]) => {
      const [left, top] = corner();
      const { x: dx, y: dy, zoom } = view();
      return [x * zoom + dx + left, y * zoom + dy + top];
    },
    fit: (ids) => {
      first.wanted ||= !store.getState().width;
      const rect = first.wanted ? null : rectOf(ids);
      if (rect) setView(viewOf(rect, ...size()), true);
    },
    begin: () => {
      const { width, panZoom } = store.getState();
      first.wanted = !width || !panZoom || !known();
      const rect = first.wanted ? null : rectOf();
      if (rect) setView(firstView(rect, ...size()));
    },
    cursor: () => {
      const rect = visibleRect();
      return pointer.at ? screenToCanvas(pointer.at) : [rect.x + rect.width / 2, rect.y + rect.height / 2];
    },
    focus: (id) => {
      center([id]);
      focusSoon(store, id);
    },
  };
}

/** Give a node the keyboard as soon as it is mounted, within some frames. */
function focusSoon(store: Store, id: string, frames = 60): void {
  const node = store.getState().domNode?.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`);
  if (node) node.focus({ preventScroll: true });
  else if (frames > 0) requestAnimationFrame(() => focusSoon(store, id, frames - 1));
}
