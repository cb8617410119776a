/** What is used: node types and commands with how often and when last, to offer them first. Kept in the browser. */

import { z } from "zod";
import { create } from "zustand";

const Use = z.object({ count: z.number(), last: z.number() });
const Uses = z.record(z.string(), Use);
const Kept = z.object({ nodes: Uses.catch({}), commands: Uses.catch({}) }).catch({ nodes: {}, commands: {} });

export type Uses = Readonly<z.infer<typeof Uses>>;
export type Used = "nodes" | "commands";

const STORED = "inkwater.usage";
/** Entries kept of each. */
const MOST = 200;

interface UsageState {
  readonly nodes: Uses;
  readonly commands: Uses;
}

function stored(): unknown {
  try {
    return JSON.parse(globalThis.localStorage?.getItem(STORED) ?? "{}");
  } catch {
    return {};
  }
}

export const useUsage = create<UsageState>()(() => Kept.parse(stored()));

/** Something was used now. */
export function use(what: Used, id: string, now = Date.now()): void {
  useUsage.setState((s) => {
    const all = { ...s[what], [id]: { count: (s[what][id]?.count ?? 0) + 1, last: now } };
    const kept = Object.entries(all).toSorted(([, a], [, b]) => b.last - a.last);
    return { [what]: Object.fromEntries(kept.slice(0, MOST)) };
  });
  try {
    globalThis.localStorage?.setItem(STORED, JSON.stringify(useUsage.getState()));
  } catch {
    // A full or forbidden store: it is known until the page is closed.
  }
}

/** From 0 to 1: how likely something is wanted again. Half by how often, half by how lately (a day halves it). */
export function likely(uses: Uses, id: string, now = Date.now()): number {
  const found = uses[id];
  if (!found) return 0;
  const often = 1 - 1 / (1 + found.count / 4);
  const lately = 0.5 ** (Math.max(0, now - found.last) / 86_400_000);
  return (often + lately) / 2;
}

/** The likeliest first. */
export function likeliest(uses: Uses, most: number, now = Date.now()): readonly string[] {
  return Object.keys(uses)
    .toSorted((a, b) => likely(uses, b, now) - likely(uses, a, now))
    .slice(0, most);
}
