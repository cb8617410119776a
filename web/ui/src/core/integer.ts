/** Whole numbers of 64 bits as a document keeps them: numbers up to ±2^53, decimal strings beyond. */

import type { Json } from "./types";

const WHOLE = /^[+-]?\d{1,40}$/;

/** The whole number that a value stands for; null if it is none. */
export function wholeOf(value: Json | undefined): bigint | null {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : null;
  if (typeof value !== "string") return null;
  const text = value.trim();
  return WHOLE.test(text) ? BigInt(text) : null;
}

/** A whole number as a document keeps it. */
export function kept(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** The value within the limits. */
export function between(value: bigint, low: bigint | null, high: bigint | null): bigint {
  if (low !== null && value < low) return low;
  return high !== null && value > high ? high : value;
}
