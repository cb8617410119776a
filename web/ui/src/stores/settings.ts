/** What the reader chose; kept in the browser. Every row here is one control of the settings dialog. */

import { z } from "zod";
import { create } from "zustand";

const Settings = z.object({
  theme: z.enum(["system", "dark", "light", "contrast"]).catch("system"),
  language: z.enum(["system", "en", "vi"]).catch("system"),
  motion: z.enum(["system", "reduced", "full"]).catch("system"),
  /** Dots of the canvas. */
  grid: z.boolean().catch(true),
  /** Nodes snap to the grid while they are dragged. */
  snap: z.boolean().catch(false),
  /** Canvas units between two dots. */
  gridSize: z.number().int().min(4).max(100).catch(20),
  /** Lines that show when a dragged node is level with another. */
  guides: z.boolean().catch(true),
  /** Which nodes a selection box takes: those it touches, or those that lie in it. */
  selection: z.enum(["partial", "full"]).catch("partial"),
  /** What dragging on empty canvas does: select (Space or the middle button pans) or pan (Shift selects). */
  drag: z.enum(["select", "pan"]).catch("pan"),
  /** What the wheel does; pinching always zooms. */
  wheel: z.enum(["zoom", "pan"]).catch("zoom"),
  /** Times the usual speed. */
  zoomSpeed: z.number().min(0.25).max(4).catch(1),
  minimap: z.boolean().catch(true),
  links: z.enum(["curve", "straight", "step", "hidden"]).catch("curve"),
  /** Pictures of the running sampler on its node. */
  previews: z.boolean().catch(true),
  /** Time, memory and sizes on nodes. */
  facts: z.boolean().catch(true),
  /** Whether runs are recorded: each sampler step, and at some of them which words were read where. */
  record: z.enum(["off", "steps", "attention"]).catch("off"),
  /** Ask before a tab with unsaved changes is closed. */
  confirmClose: z.boolean().catch(true),
  /** The line at the bottom that tells how to begin. */
  hints: z.boolean().catch(true),
  /** Keys that the reader gave to commands; an empty list: none. */
  keys: z.record(z.string(), z.array(z.string())).catch({}),
  /** Sizes of panels in pixels. */
  sizes: z
    .object({
      left: z.number().catch(280),
      right: z.number().catch(340),
      bottom: z.number().catch(240),
    })
    .catch({ left: 280, right: 340, bottom: 240 }),
  /** The panels that were open, by their ids. */
  panels: z
    .object({
      left: z.string().nullable().catch(null),
      right: z.string().nullable().catch(null),
      bottom: z.string().nullable().catch(null),
    })
    .catch({ left: null, right: null, bottom: null }),
});

export type Settings = Readonly<z.infer<typeof Settings>>;

/** Where the browser keeps them. */
export const STORED = "inkwater.settings";

interface SettingsState extends Settings {
  change(some: Partial<Settings>): void;
  reset(): void;
}

/** Settings from what was stored; what is missing or damaged is as at the start. */
export function settingsOf(json: unknown): Settings {
  const found = Settings.safeParse(json);
  return found.success ? found.data : Settings.parse({});
}

function stored(): unknown {
  try {
    return JSON.parse(globalThis.localStorage?.getItem(STORED) ?? "{}");
  } catch {
    return {};
  }
}

export const useSettings = create<SettingsState>()((set) => ({
  ...settingsOf(stored()),
  change: (some) => set(some),
  reset: () => set(settingsOf({})),
}));

useSettings.subscribe((state) => {
  try {
    globalThis.localStorage?.setItem(STORED, JSON.stringify(settingsOf(state)));
  } catch {
    // A full or forbidden store: the choice holds until the page is closed.
  }
});
