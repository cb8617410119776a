/** What happens on the canvas right now: drags that are not in the document yet, a link in the air, an open menu. */

import { create } from "zustand";
import type { NodeId, Point, Size } from "~/core/types";
import type { Rect } from "./api";
import type { End } from "./ids";

/** A link in the air: where it comes from, of which type, and which nodes would close a circle. */
export interface Linking {
  readonly from: End;
  readonly type: string;
  readonly blocked: ReadonlySet<NodeId>;
}

/** A line that shows that a dragged node is level with another; in canvas units. */
export interface Guide {
  readonly from: Point;
  readonly to: Point;
}

export type MenuTarget =
  | { readonly kind: "canvas" }
  | { readonly kind: "node" | "group" | "note"; readonly id: string }
  | { readonly kind: "link"; readonly id: string; readonly point?: number }
  | { readonly kind: "socket"; readonly end: End };

export interface MenuRequest {
  readonly target: MenuTarget;
  /** Pixels of the window. */
  readonly at: Point;
  /** In canvas units. */
  readonly place: Point;
}

interface CanvasState {
  /** Where things are dragged to, by flow id. */
  readonly moved: Readonly<Record<string, Point>>;
  /** Sizes while they are dragged. */
  readonly sized: Readonly<Record<string, Size>>;
  /** A reroute point that is dragged. */
  readonly bent: { readonly link: string; readonly index: number; readonly at: Point } | null;
  /** Nodes are too small to be read: they are drawn, not mounted. */
  readonly far: boolean;
  /** The view is on its way to where nodes are only drawn. */
  readonly flying: boolean;
  /** The flow id that has the focus or holds a link's end: it stays mounted out of sight. */
  readonly held: string | null;
  readonly linking: Linking | null;
  /** The link whose end is being dragged: it is not drawn meanwhile. */
  readonly lifted: string | null;
  readonly links: ReadonlySet<string>;
  readonly guides: readonly Guide[];
  /** The selection box, in canvas units. */
  readonly box: Rect | null;
  /** The cut, in canvas units. */
  readonly cut: readonly Point[];
  /** The link that the dragged node would be put into. */
  readonly target: string | null;
  /** The flow id whose title (or text) is being typed. */
  readonly editing: string | null;
  readonly menu: MenuRequest | null;
}

const idle: CanvasState = {
  moved: {},
  sized: {},
  bent: null,
  far: false,
  flying: false,
  held: null,
  linking: null,
  lifted: null,
  links: new Set(),
  guides: [],
  box: null,
  cut: [],
  target: null,
  editing: null,
  menu: null,
};

export const useCanvas = create<CanvasState>()(() => idle);
