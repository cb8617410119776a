/** What the settings dialog shows: a row for each setting, and how it is chosen. */

import type { Settings } from "~/stores/settings";

type Keys<T> = { [K in keyof Settings]: Settings[K] extends T ? K : never }[keyof Settings];
type Choices = "theme" | "language" | "motion" | "selection" | "drag" | "wheel" | "links" | "record";

export type Row =
  | { readonly kind: "switch"; readonly key: Keys<boolean> }
  | { readonly kind: "choice"; readonly key: Choices; readonly of: readonly string[] }
  | {
      readonly kind: "number";
      readonly key: "gridSize" | "zoomSpeed";
      readonly min: number;
      readonly max: number;
      readonly step: number;
    };

export interface Page {
  readonly id: "look" | "canvas" | "running" | "files";
  readonly rows: readonly Row[];
}

const on = (key: Keys<boolean>): Row => ({ kind: "switch", key });

export const PAGES: readonly Page[] = [
  {
    id: "look",
    rows: [
      { kind: "choice", key: "theme", of: ["system", "dark", "light", "contrast"] },
      { kind: "choice", key: "language", of: ["system", "en", "vi"] },
      { kind: "choice", key: "motion", of: ["system", "reduced", "full"] },
      { kind: "choice", key: "links", of: ["curve", "straight", "step", "hidden"] },
      on("minimap"),
      on("hints"),
    ],
  },
  {
    id: "canvas",
    rows: [
      on("grid"),
      on("snap"),
      { kind: "number", key: "gridSize", min: 4, max: 100, step: 2 },
      on("guides"),
      { kind: "choice", key: "drag", of: ["pan", "select"] },
      { kind: "choice", key: "selection", of: ["partial", "full"] },
      { kind: "choice", key: "wheel", of: ["zoom", "pan"] },
      { kind: "number", key: "zoomSpeed", min: 0.25, max: 4, step: 0.25 },
    ],
  },
  {
    id: "running",
    rows: [on("previews"), on("facts"), { kind: "choice", key: "record", of: ["off", "steps", "attention"] }],
  },
  { id: "files", rows: [on("confirmClose")] },
];
