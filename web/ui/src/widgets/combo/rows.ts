/** The rows of a list of choices: filtered, ranked, in groups by folder, and where each lies. */

export interface Choice {
  readonly value: string;
  /** What is shown: a file's name without its folders. */
  readonly name: string;
  /** Of a file: ".safetensors"; shown faintly. */
  readonly suffix: string;
  /** Folders, without the last "/". */
  readonly group: string;
}

export type ListRow =
  | { readonly kind: "group"; readonly title: string; readonly top: number; readonly height: number }
  | {
      readonly kind: "choice";
      readonly choice: Choice;
      readonly index: number;
      readonly top: number;
      readonly height: number;
    };

export interface Listing {
  readonly rows: readonly ListRow[];
  /** The choices in the order of the rows. */
  readonly choices: readonly Choice[];
  /** In pixels. */
  readonly height: number;
}

/** Pixels. */
export const GROUP_ROW = 24;
export const PLAIN_ROW = 28;
export const PICTURE_ROW = 44;
/** How much of a list is seen at once; more than that is drawn above and below, so that scrolling shows no gaps. */
export const SEEN = 320;
const BEYOND = 200;

const SUFFIX = /\.[a-z0-9]{2,11}$/i;

export function choiceOf(value: string, file: boolean): Choice {
  if (!file) return { value, name: value, suffix: "", group: "" };
  const cut = Math.max(value.lastIndexOf("/"), value.lastIndexOf("\\"));
  const whole = value.slice(cut + 1);
  const suffix = SUFFIX.exec(whole)?.[0] ?? "";
  const name = suffix.length < whole.length ? whole.slice(0, whole.length - suffix.length) : whole;
  return {
    value,
    name,
    suffix: name === whole ? "" : suffix,
    group: value.slice(0, Math.max(0, cut)).replaceAll("\\", "/"),
  };
}

/** Small letters without diacritics, đ as d: what is typed finds what is meant. */
export const folded = (text: string): string =>
  text.toLowerCase().normalize("NFD").replaceAll(/\p{M}/gu, "").replaceAll("đ", "d");

/** How well a choice fits what was typed: 0 not at all; whole words in any order, best where they begin a name. */
function rank(choice: Choice, words: readonly string[]): number {
  const value = folded(choice.value);
  const name = folded(choice.name);
  let sum = 1;
  for (const word of words) {
    const at = name.indexOf(word);
    if (at < 0 && !value.includes(word)) return 0;
    sum += at === 0 ? 4 : at > 0 && /[^\p{L}\p{N}]/u.test(name[at - 1] ?? "") ? 3 : at > 0 ? 2 : 1;
  }
  return sum;
}

/** The choices that fit a query: all in their order without one, else the best first. */
export function filtered(choices: readonly Choice[], query: string): readonly Choice[] {
  const words = folded(query).split(/\s+/).filter(Boolean);
  if (!words.length) return choices;
  return choices
    .map((choice, order) => ({ choice, order, rank: rank(choice, words) }))
    .filter((found) => found.rank > 0)
    .toSorted((a, b) => b.rank - a.rank || a.order - b.order)
    .map((found) => found.choice);
}

/** Lay choices out; those of one folder stand together under its name, and those of none come first. */
export function listing(choices: readonly Choice[], rowHeight: number, grouped = true): Listing {
  const groups = new Map<string, Choice[]>([["", []]]);
  for (const choice of choices) {
    const key = grouped ? choice.group : "";
    const group = groups.get(key);
    if (group) group.push(choice);
    else groups.set(key, [choice]);
  }
  const rows: ListRow[] = [];
  const ordered: Choice[] = [];
  let top = 0;
  for (const [title, members] of groups) {
    if (title) {
      rows.push({ kind: "group", title, top, height: GROUP_ROW });
      top += GROUP_ROW;
    }
    for (const choice of members) {
      rows.push({ kind: "choice", choice, index: ordered.length, top, height: rowHeight });
      ordered.push(choice);
      top += rowHeight;
    }
  }
  return { rows, choices: ordered, height: top };
}

/** The rows to draw when the list is scrolled by `top` pixels. */
export const drawn = (rows: readonly ListRow[], top: number): readonly ListRow[] =>
  rows.filter((row) => row.top + row.height > top - BEYOND && row.top < top + SEEN + BEYOND);

/** Where to scroll so that a row is seen. */
export function scrolledTo(row: ListRow, top: number): number {
  if (row.top < top) return row.top;
  return Math.max(top, row.top + row.height - SEEN);
}
