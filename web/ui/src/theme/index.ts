/** The looks: fonts, tokens, global styles, and which theme and how much movement the document has. */

import "@fontsource-variable/inter/index.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "./tokens.css";
import "./base.css";
import { type Settings, useSettings } from "~/stores/settings";

export type Theme = "dark" | "light" | "contrast";

const media = (query: string) => globalThis.matchMedia?.(query);
const told = (query: string) => media(query)?.matches ?? false;

/** The theme that is shown for a setting: "system" follows the reader's machine. */
export function themeOf(chosen: Settings["theme"], light: boolean, contrast: boolean): Theme {
  if (chosen !== "system") return chosen;
  if (contrast) return "contrast";
  return light ? "light" : "dark";
}

export const motionOf = (chosen: Settings["motion"], reduced: boolean): "reduced" | "full" =>
  chosen === "system" ? (reduced ? "reduced" : "full") : chosen;

const QUERIES = {
  light: "(prefers-color-scheme: light)",
  contrast: "(prefers-contrast: more)",
  reduced: "(prefers-reduced-motion: reduce)",
};

function apply(): void {
  const { theme, motion } = useSettings.getState();
  const data = document.documentElement.dataset;
  data["theme"] = themeOf(theme, told(QUERIES.light), told(QUERIES.contrast));
  data["motion"] = motionOf(motion, told(QUERIES.reduced));
}

/** Keep the document's theme as the settings and the reader's machine say. */
export function followTheme(): void {
  apply();
  useSettings.subscribe(apply);
  for (const query of Object.values(QUERIES)) media(query)?.addEventListener("change", apply);
}
