/** Numbers as people read them, in the reader's language. */

import i18next from "i18next";
import type { JsonObject } from "~/core/types";

const number = (value: number, digits: number): string =>
  new Intl.NumberFormat(i18next.language, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(
    value,
  );

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** "196 kB", "1.2 GB": powers of 1000, two or three figures. */
export function bytesText(bytes: number): string {
  let unit = 0;
  let value = Math.max(0, bytes);
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${number(value, unit === 0 || value >= 9.95 ? 0 : 1)} ${UNITS[unit]}`;
}

const pad = (n: number): string => String(n).padStart(2, "0");

/** "18 ms", "4.1 s", "2:05 min", "1:02 h". */
export function secondsText(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 0.0005) return "< 1 ms";
  if (s < 0.0995) return `${number(s * 1000, 0)} ms`;
  if (s < 9.95) return `${number(s, 1)} s`;
  const whole = Math.round(s);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${pad(whole % 60)} min`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)} h`;
}

/** Sampler steps a second: "12 it/s", or "3.2 s/it" when one takes longer than a second. */
export const rateText = (rate: number): string =>
  rate >= 1 ? `${number(rate, rate < 9.95 ? 1 : 0)} it/s` : `${number(1 / rate, 1)} s/it`;

/** Seconds that a running step is likely to need still; null: not known. */
export function secondsLeft(run: { done?: number; total?: number; rate?: number }): number | null {
  const { done = 0, total = 0, rate = 0 } = run;
  return total > done && rate > 0 ? (total - done) / rate : null;
}

const figure = (facts: JsonObject, name: string): number | null => {
  const value = facts[name];
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
};

/** What is known of an output in a few figures: "4×16×16" of a latent, "128×128" of pictures, the family of a model. */
export function factsText(facts: JsonObject): string {
  const [width, height, batch, channels] = ["width", "height", "batch", "channels"].map((n) => figure(facts, n));
  const family = facts["family"];
  if (!width || !height) return typeof family === "string" ? family : "";
  const frames = figure(facts, "frames") ?? batch ?? 1;
  const many = frames > 1 ? `${frames} × ` : "";
  const side = channels ? scaleOf(facts, width, height, batch ?? 1, channels) : null;
  if (channels && side) return `${many}${channels}×${Math.round(height / side)}×${Math.round(width / side)}`;
  return `${many}${width}×${height}`;
}

/** Pixels of a picture to a cell of its latent, from the latent's bytes (32-bit floats). */
function scaleOf(facts: JsonObject, width: number, height: number, batch: number, channels: number): number | null {
  const bytes = figure(facts, "bytes");
  if (!bytes) return 8;
  const scale = Math.round(Math.sqrt((width * height * batch * channels * 4) / bytes));
  return scale >= 1 ? scale : null;
}

/** Of all outputs, each different one once. */
export const allFacts = (facts: readonly JsonObject[]): string =>
  [...new Set(facts.map(factsText))].filter(Boolean).join(" · ");
