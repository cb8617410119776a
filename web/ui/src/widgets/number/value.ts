/** Numbers within the limits of an input: fitted, moved by steps, shown. INT is exact at any size. */

import type { Numeric } from "~/core/expression";
import { between, kept, wholeOf } from "~/core/integer";
import type { InputDef, Json } from "~/core/types";

export interface Limits {
  /** Whole numbers only. */
  readonly whole: boolean;
  readonly min: number | string | null;
  readonly max: number | string | null;
  readonly step: number;
  /** Decimals are rounded to a multiple of it. */
  readonly round: number | null;
  /** A number that steps are counted from. */
  readonly base: number | string;
}

/** What had to be changed so that a number fits. */
export type Adjusted = "min" | "max" | "step" | null;

export interface Fitted {
  readonly value: number | string;
  readonly adjusted: Adjusted;
}

const told = (value: Json | undefined): number | string | null =>
  typeof value === "number" || typeof value === "string" ? value : null;

export function limitsOf(def: InputDef): Limits {
  const whole = def.type === "INT";
  const [min, max] = [told(def.min), told(def.max)];
  const span = min !== null && max !== null ? Number(max) - Number(min) : Number.POSITIVE_INFINITY;
  const usual = whole ? 1 : def.round || (span <= 1 ? 0.01 : 0.1);
  return {
    whole,
    min,
    max,
    step: def.step || usual,
    round: def.round || null,
    base: whole ? (told(def.default) ?? min ?? 0) : 0,
  };
}

/** The number that a value stands for; the default, then 0, where it is none. */
export function numberOf(value: Json | undefined, def: InputDef): Numeric {
  for (const one of [value, def.default]) {
    if (def.type === "INT") {
      const whole = wholeOf(one);
      if (whole !== null) return whole;
    }
    const number = typeof one === "number" ? one : typeof one === "string" && one.trim() ? Number(one) : Number.NaN;
    if (Number.isFinite(number)) return number;
  }
  return def.type === "INT" ? 0n : 0;
}

/** A number that was typed, as the document keeps it. */
export function fit(value: Numeric, limits: Limits): Fitted {
  return limits.whole ? fitWhole(value, limits) : fitDecimal(Number(value), limits);
}

const toWhole = (value: Numeric): bigint => (typeof value === "bigint" ? value : BigInt(Math.round(value)));

function fitWhole(value: Numeric, limits: Limits): Fitted {
  const asked = toWhole(value);
  const snapped = onStep(asked, toWhole(limits.step) || 1n, wholeOf(limits.base) ?? 0n);
  const [min, max] = [wholeOf(limits.min ?? undefined), wholeOf(limits.max ?? undefined)];
  const inside = between(snapped, min, max);
  return { value: kept(inside), adjusted: changed(asked < inside, asked > inside, asked, min, max) };
}

function changed(up: boolean, down: boolean, asked: Numeric, min: Numeric | null, max: Numeric | null): Adjusted {
  if (!up && !down) return null;
  if (min !== null && asked < min) return "min";
  return max !== null && asked > max ? "max" : "step";
}

/** The nearest number that is whole steps away from the base; the upper one of two. */
function onStep(value: bigint, step: bigint, base: bigint): bigint {
  const over = (((value - base) % step) + step) % step;
  return over * 2n >= step ? value - over + step : value - over;
}

function fitDecimal(asked: number, limits: Limits): Fitted {
  const { round } = limits;
  const snapped = round === null ? asked : tidy(Math.round(asked / round) * round, round);
  const min = limits.min === null ? null : Number(limits.min);
  const max = limits.max === null ? null : Number(limits.max);
  const inside = Math.min(Math.max(snapped, min ?? snapped), max ?? snapped);
  const past = min !== null && asked < min ? "min" : max !== null && asked > max ? "max" : null;
  return { value: inside, adjusted: past };
}

/** Decimals of a step: 2 for 0.05. */
export function decimalsOf(step: number): number {
  const [mantissa = "", exponent = "0"] = String(step).split("e");
  return Math.max(0, (mantissa.split(".")[1]?.length ?? 0) - Number(exponent));
}

/** Without the dust of binary fractions: 0.1 + 0.2 is 0.3. */
const tidy = (value: number, step: number): number => Number(value.toFixed(Math.min(20, decimalsOf(step))));

/** How a drag or a key changes the size of a step. */
export type Pace = "fine" | "usual" | "coarse";

export const paceOf = (event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }): Pace =>
  event.shiftKey ? "fine" : event.ctrlKey || event.metaKey ? "coarse" : "usual";

const FACTOR: Readonly<Record<Pace, number>> = { fine: 0.1, usual: 1, coarse: 10 };

/** The smallest change at a pace. Whole numbers have no finer one than their step. */
export function stepOf(limits: Limits, pace: Pace): number {
  const step = limits.step * FACTOR[pace];
  return limits.whole ? Math.max(step, limits.step) : Math.max(tidy(step, step), limits.round ?? 0);
}

/** The number `count` steps further. From between two steps the first one leads to the next of them. */
export function moved(from: Numeric, count: number, limits: Limits, pace: Pace): number | string {
  const fine = stepOf(limits, pace === "coarse" ? "usual" : pace);
  const by = Math.round(stepOf(limits, pace) / fine) * count;
  if (limits.whole) return fitWhole(along(toWhole(from), by, toWhole(fine), wholeOf(limits.base) ?? 0n), limits).value;
  const raw = Number(from) / fine;
  const near = Math.abs(raw - Math.round(raw)) < 1e-6;
  const start = near ? Math.round(raw) : count > 0 ? Math.floor(raw) : Math.ceil(raw);
  return fitDecimal(tidy((start + by) * fine, fine), limits).value;
}

function along(from: bigint, count: number, step: bigint, base: bigint): bigint {
  const over = (((from - base) % step) + step) % step;
  const start = over === 0n || count > 0 ? from - over : from - over + step;
  return start + BigInt(count) * step;
}

/** Few enough values that one sees where among them the number lies. */
export function isSlider(def: InputDef): boolean {
  if (def.widget?.name === "slider") return true;
  const { min, max, step, whole } = limitsOf(def);
  if (min === null || max === null || def.widget) return false;
  const span = Number(max) - Number(min);
  return span > 0 && (whole ? span / step <= 32 : span <= 10);
}

/** Where a number lies between the limits: 0 to 1. */
export function shareOf(value: Numeric, limits: Limits): number {
  const [min, max] = [Number(limits.min), Number(limits.max)];
  return max > min ? Math.min(1, Math.max(0, (Number(value) - min) / (max - min))) : 0;
}

export const shown = (value: Numeric): string => value.toString();
