/** What changed in the last moment before a page goes: the browser's database takes too long then, its storage of
 * texts does not. */

import type { Tab } from "~/stores/tabs";

export interface Late {
  /** All tabs of the window, in order. */
  readonly order: readonly string[];
  readonly front: string;
  /** Those that are not in the database as they are. */
  readonly tabs: readonly Tab[];
  /** Where the front tab was looked at. */
  readonly view: Tab["viewport"];
}

const key = (window: string) => `inkwater.late.${window}`;

/** Put it aside; without the steps of undo if it is too much with them. */
export function putLate(window: string, late: Late): void {
  const bare = {
    ...late,
    tabs: late.tabs.map((tab) => ({ ...tab, history: { ...tab.history, past: [], future: [] } })),
  };
  for (const some of [late, bare])
    try {
      return localStorage.setItem(key(window), JSON.stringify(some));
    } catch {
      continue; // over the quota
    }
}

/** What was put aside for a window. It stays until it is dropped: a page may go again before it has kept it. */
export function findLate(window: string): Late | null {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only putLate writes it
    return JSON.parse(localStorage.getItem(key(window)) ?? "null") as Late | null;
  } catch {
    return null;
  }
}

export const dropLate = (window: string): void => localStorage.removeItem(key(window));
