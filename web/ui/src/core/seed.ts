/** What becomes of a seed after each run. Seeds have 64 bits and stay exact. */

import type { Draft } from "immer";
import { between, kept, wholeOf } from "./integer";
import type { GraphNode, InputDef, Json } from "./types";

export const CONTROLS = ["fixed", "increment", "decrement", "randomize"] as const;
/** As ComfyUI calls it: `control_after_generate`. */
export type Control = (typeof CONTROLS)[number];

export const LARGEST = (1n << 64n) - 1n;

/** A source of chance: 64 random bits, each number from 0 to 2^64-1 equally likely. */
export type Bits = () => bigint;

export const randomBits: Bits = () => crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;

/** A whole number from `low` to `high`, each equally likely; at most 2^64 of them. */
export function randomBetween(low: bigint, high: bigint, random: Bits = randomBits): bigint {
  const count = high - low + 1n;
  const even = (1n << 64n) - ((1n << 64n) % count);
  for (;;) {
    const drawn = random();
    if (drawn < even) return low + (drawn % count);
  }
}

/** The seed after a run, as a document keeps it. Past an end it goes on at the other. */
export function nextSeed(
  control: Control,
  value: Json | undefined,
  max: bigint = LARGEST,
  random: Bits = randomBits,
  min = 0n,
): number | string {
  const now = between(wholeOf(value) ?? 0n, min, max);
  if (control === "increment") return kept(now < max ? now + 1n : min);
  if (control === "decrement") return kept(now > min ? now - 1n : max);
  if (control === "randomize") return kept(randomBetween(min < 0n ? 0n : min, max, random));
  return kept(now);
}

/** Whether an input is a seed: it has a control of its own. */
export const isSeed = (def: InputDef): boolean => def.widget?.name === "seed";

const isControl = (value: unknown): value is Control => CONTROLS.some((control) => control === value);

/** What becomes of a node's seed after each run. */
export function controlOf(node: GraphNode | undefined, input: string): Control {
  const all = node?.meta["control"];
  const control = all && typeof all === "object" && !Array.isArray(all) ? all[input] : undefined;
  return isControl(control) ? control : "fixed";
}

/** Choose what becomes of a node's seed after each run. */
export function setControl(node: Draft<GraphNode>, input: string, control: Control): void {
  const all = node.meta["control"];
  const others = all && typeof all === "object" && !Array.isArray(all) ? all : {};
  node.meta["control"] = { ...others, [input]: control };
}

/** The limits of a seed. */
export function seedLimits(def: InputDef): readonly [min: bigint, max: bigint] {
  return [wholeOf(def.min) ?? 0n, wholeOf(def.max) ?? LARGEST];
}
