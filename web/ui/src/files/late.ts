/** What changed in the last moment before a page goes: the browser's database takes too long then, its storage of
 * texts does not. */

import type { Tab } from "~/stores/tabs";

export interface Late {
  /** All tabs of the window, in order. */
  readonly order: readonly string[];
  readonly front: string;
  /** Those that are not in the database as they are. */
  readonly tabs: readonly Tab[];
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

/** What was put aside for a window, which then is gone. */
export function takeLate(window: string): Late | null {
  const text = localStorage.getItem(key(window));
  if (text === null) return null;
  localStorage.removeItem(key(window));
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only putLate writes it
    return JSON.parse(text) as Late;
  } catch {
    return null;
  }
}
