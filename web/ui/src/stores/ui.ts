/** What is looked at: selection, place, panels, dialogs. Never undone, never in the file. */

import { create } from "zustand";
import { useSettings } from "~/stores/settings";
import type { NodeId, Point, Scope, SubgraphId, Told } from "~/core/types";

/** One step inwards: the instance that was entered and its definition. */
export interface Step {
  readonly instance: NodeId;
  readonly subgraph: SubgraphId;
}

export interface Toast {
  readonly id: number;
  readonly kind: "info" | "error" | "success";
  readonly text: Told | string;
  readonly action?: { readonly label: Told; run(): void };
}

/** What the add-node palette was opened for. */
export interface PaletteRequest {
  /** Where to put the node, in canvas units; the middle of the view without it. */
  readonly at?: Point;
  /** A link that hangs in the air: only types with a socket for it are offered, and it is made. */
  readonly from?:
    | { readonly node: NodeId; readonly output: number }
    | { readonly node: NodeId; readonly input: string };
}

interface UiState {
  readonly path: readonly Step[];
  readonly selection: ReadonlySet<NodeId>;
  readonly panels: Readonly<{ left: string | null; right: string | null; bottom: string | null }>;
  /** The dialog that is open, by the name it was registered under, and what it was given. */
  readonly dialog: { readonly name: string; readonly args?: unknown } | null;
  readonly palette: PaletteRequest | null;
  readonly toasts: readonly Toast[];
  readonly readOnly: boolean;
  select(ids: Iterable<NodeId>, add?: boolean): void;
  enter(step: Step): void;
  /** Leave `steps` subgraphs, all without it. */
  leave(steps?: number): void;
  setPath(path: readonly Step[]): void;
  toggle(side: "left" | "right" | "bottom", panel: string): void;
  show(name: string, args?: unknown): void;
  close(): void;
  openPalette(request: PaletteRequest | null): void;
  toast(kind: Toast["kind"], text: Toast["text"], action?: Toast["action"]): void;
  dismiss(id: number): void;
  setReadOnly(on: boolean): void;
}

let toasts = 0;

export const useUi = create<UiState>()((set) => ({
  path: [],
  selection: new Set(),
  panels: useSettings.getState().panels,
  dialog: null,
  palette: null,
  toasts: [],
  readOnly: false,
  select: (ids, add = false) => set((s) => ({ selection: new Set(add ? [...s.selection, ...ids] : ids) })),
  enter: (step) => set((s) => ({ path: [...s.path, step], selection: new Set() })),
  leave: (steps) => set((s) => ({ path: steps === undefined ? [] : s.path.slice(0, -steps), selection: new Set() })),
  setPath: (path) => set({ path, selection: new Set() }),
  toggle: (side, panel) => set((s) => ({ panels: { ...s.panels, [side]: s.panels[side] === panel ? null : panel } })),
  show: (name, args) => set({ dialog: args === undefined ? { name } : { name, args } }),
  close: () => set({ dialog: null }),
  openPalette: (palette) => set({ palette }),
  toast: (kind, text, action) =>
    set((s) => ({ toasts: [...s.toasts.slice(-4), { id: ++toasts, kind, text, ...(action && { action }) }] })),
  dismiss: (id) => set((s) => ({ toasts: s.toasts.filter((t) => t.id !== id) })),
  setReadOnly: (readOnly) => set({ readOnly }),
}));

useUi.subscribe(({ panels }, before) => {
  if (panels !== before.panels) useSettings.getState().change({ panels });
});

/** Windows in which panels are sheets, one at a time. */
export const PHONE = "(max-width: 700px)";

/** The graph that the canvas shows. */
export const scopeOf = (path: readonly Step[]): Scope => path.at(-1)?.subgraph ?? null;

/** How the ids of the nodes that the canvas shows begin in a run: "12:3:" inside the instance 3 of the instance 12. */
export const prefixOf = (path: readonly Step[]): string => path.map((s) => `${s.instance}:`).join("");
