/** Which words of a text another one has not: the longest common run of words is told from the rest. */

export interface Part {
  readonly text: string;
  /** The other text has it not, or not at this place. */
  readonly own: boolean;
}

/** Words beyond which the two are not compared word by word. */
const MOST = 600;

const wordsOf = (text: string): string[] => text.match(/\s+|[^\s,.;:()[\]{}]+|[,.;:()[\]{}]/g) ?? [];

/** A text in parts, in order: what both have, and what is its own. */
export function parted(text: string, other: string): Part[] {
  const [own, others] = [wordsOf(text), wordsOf(other)];
  if (text === other) return [{ text, own: false }];
  if (own.length > MOST || others.length > MOST) return [{ text, own: true }];
  const common = inBoth(own, others);
  const parts: { text: string; own: boolean }[] = [];
  for (const [n, word] of own.entries()) {
    const last = parts.at(-1);
    const mine = !common.has(n);
    if (last && last.own === mine) last.text += word;
    else parts.push({ text: word, own: mine });
  }
  return parts;
}

/** Indices of the words of the first that are in a longest common subsequence of both. */
function inBoth(one: readonly string[], two: readonly string[]): Set<number> {
  const length = Array.from({ length: one.length + 1 }, () => new Uint16Array(two.length + 1));
  const at = (i: number, j: number): number => length[i]?.[j] ?? 0;
  for (let i = one.length - 1; i >= 0; i--)
    for (let j = two.length - 1; j >= 0; j--) {
      const row = length[i];
      if (row) row[j] = one[i] === two[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const found = new Set<number>();
  for (let i = 0, j = 0; i < one.length && j < two.length; )
    if (one[i] === two[j]) {
      found.add(i++);
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  return found;
}
