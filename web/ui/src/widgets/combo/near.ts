/** Names close to one that is not there. */

import { choiceOf, folded } from "./rows";

/** The least likeness worth showing: 0 nothing in common, 1 the same. */
const CLOSE = 0.5;

/** Up to `count` of `names` that look like `name`, best first; folders, case and suffix do not count. */
export function near(name: string, names: readonly string[], count = 3): string[] {
  const asked = plain(name);
  return names
    .map((one) => ({ one, likeness: likeness(asked, plain(one)) }))
    .filter((found) => found.likeness >= CLOSE)
    .toSorted((a, b) => b.likeness - a.likeness)
    .slice(0, count)
    .map((found) => found.one);
}

const plain = (name: string) => folded(choiceOf(name.slice(-200), true).name).replaceAll(/[^\p{L}\p{N}]+/gu, " ");

/** Dice's coefficient over pairs of letters. */
export function likeness(a: string, b: string): number {
  if (a === b) return 1;
  const pairs = new Map<string, number>();
  for (let i = 0; i + 1 < a.length; i++) pairs.set(a.slice(i, i + 2), (pairs.get(a.slice(i, i + 2)) ?? 0) + 1);
  let shared = 0;
  for (let i = 0; i + 1 < b.length; i++) {
    const left = pairs.get(b.slice(i, i + 2)) ?? 0;
    if (left > 0) {
      pairs.set(b.slice(i, i + 2), left - 1);
      shared++;
    }
  }
  const count = Math.max(0, a.length - 1) + Math.max(0, b.length - 1);
  return count ? (2 * shared) / count : 0;
}
