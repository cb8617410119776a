/** The seeds that runs were made with, of each input, latest first: to come back to the one that was good. */

import { create } from "zustand";
import type { Json, NodeId, Scope } from "~/core/types";

/** Kept of each input. */
const MOST = 12;

interface SeedsState {
  /** By `seedKey`. */
  readonly used: Readonly<Record<string, readonly (number | string)[]>>;
  remember(key: string, seed: Json | undefined): void;
}

export const seedKey = (scope: Scope, node: NodeId, input: string): string => `${scope ?? ""}/${node}/${input}`;

export const useSeeds = create<SeedsState>()((set) => ({
  used: {},
  remember: (key, seed) => {
    if (typeof seed !== "number" && typeof seed !== "string") return;
    set((s) => {
      const others = (s.used[key] ?? []).filter((one) => one !== seed);
      return { used: { ...s.used, [key]: [seed, ...others].slice(0, MOST) } };
    });
  },
}));
