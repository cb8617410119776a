/** Finding by what people type: without diacritics (đ is d), in any order of words, by beginnings, initials, parts,
 * letters left out and one slip of the fingers. Pure; nothing here knows what is searched. */

export interface Field {
  readonly text: string;
  /** How much a match here counts; 1 for the name. */
  readonly weight: number;
}

export interface Findable {
  readonly id: string;
  readonly fields: readonly Field[];
}

interface Folded {
  readonly text: string;
  /** Where words begin. */
  readonly starts: readonly number[];
  readonly weight: number;
}

/** Findables made ready once for many questions. */
export interface Index {
  readonly items: readonly { readonly id: string; readonly fields: readonly Folded[] }[];
}

export interface Found {
  readonly id: string;
  readonly score: number;
}

/** A letter without its marks, in lower case; as long as it was, so that places in both texts are the same. */
function plain(letter: string): string {
  if (letter === "đ" || letter === "Đ") return "d";
  const base = letter.normalize("NFD").charAt(0).toLowerCase();
  return base.length === letter.length ? base : letter;
}

/** Text as it is compared. */
export const fold = (text: string): string => [...text.normalize("NFC")].map(plain).join("");

/** Where words begin: after what is no letter or digit, at a capital after a small letter, at the last capital of a run
 * ("VAEDecode" has V and D), between letters and digits. */
function wordStarts(text: string): number[] {
  const starts: number[] = [];
  for (const { index } of text
    .normalize("NFC")
    .matchAll(
      /(?<![\p{L}\p{N}])[\p{L}\p{N}]|(?<=\p{Ll})\p{Lu}|(?<=\p{Lu})\p{Lu}(?=\p{Ll})|(?<=\p{L})\p{N}|(?<=\p{N})\p{L}/gu,
    ))
    starts.push(index);
  return starts;
}

const folded = ({ text, weight }: Field): Folded => ({ text: fold(text), starts: wordStarts(text), weight });

export const indexed = (items: readonly Findable[]): Index => ({
  items: items.map(({ id, fields }) => ({ id, fields: fields.filter((f) => f.text).map(folded) })),
});

/** How well a match of each kind counts. The whole of a text is more than the beginning of another that weighs more:
 * "CLIPTextEncode" is a type's name, and how the label of another begins. */
const WHOLE = 1.15;
const BEGINS = 0.92;
const WORD = 0.8;
const INITIALS = 0.7;
const PART = 0.55;
const SLIP = 0.42;
const LOOSE = 0.34;
/** Letters that a word must have for a slip to be forgiven, or letters left out. */
const SURE = 4;

/** How well one typed word matches a text; 0: not at all. Both folded. */
function fit(word: string, { text, starts }: Folded): number {
  if (text === word) return WHOLE;
  const at = text.indexOf(word);
  // Of two that begin alike the shorter one is nearer.
  const near = 0.05 * (word.length / text.length);
  if (at === 0) return BEGINS + near;
  if (at > 0) return (starts.some((s) => text.startsWith(word, s)) ? WORD : PART) + near;
  if (isInitials(word, text, starts)) return INITIALS + near;
  if (word.length < SURE) return 0;
  if (starts.some((s) => slips(word, text, s))) return SLIP;
  return loose(word, text);
}

/** "ks" for KSampler, "vdt" for VAE Decode Tiled: letters of word beginnings, each perhaps with some that follow. */
function isInitials(word: string, text: string, starts: readonly number[]): boolean {
  // Places in the text that the word read so far may end at.
  let ends = new Set<number>();
  for (let i = 0; i < word.length; i++) {
    const letter = word[i];
    const next = new Set<number>();
    for (const s of starts)
      if (text[s] === letter && (i === 0 ? s === starts[0] : [...ends].some((e) => e < s))) next.add(s);
    for (const e of ends) if (text[e + 1] === letter) next.add(e + 1);
    if (!next.size) return false;
    ends = next;
  }
  return true;
}

/** Whether a word of the text is the typed one but for one letter that is wrong, missing, too many, or two swapped. */
function slips(word: string, text: string, start: number): boolean {
  const there = text.slice(start);
  let i = 0;
  while (i < word.length && word[i] === there[i]) i++;
  if (i === 0) return false;
  const rest = word.slice(i);
  return (
    there.startsWith(rest.slice(1), i + 1) ||
    there.startsWith(rest, i + 1) ||
    there.startsWith(rest.slice(1), i) ||
    (rest.length > 1 && there.startsWith(`${rest[1]}${rest[0]}${rest.slice(2)}`, i))
  );
}

/** All letters in order with few between them. */
function loose(word: string, text: string): number {
  let at = text.indexOf(word[0] ?? "");
  const first = at;
  for (const letter of word.slice(1)) {
    if (at < 0) return 0;
    at = text.indexOf(letter, at + 1);
  }
  if (at < 0) return 0;
  const tightness = word.length / (at - first + 1);
  return tightness < 0.5 ? 0 : LOOSE * tightness;
}

/** Every typed word must match somewhere; the best places count. */
function score(words: readonly string[], whole: string, fields: readonly Folded[]): number {
  let sum = 0;
  for (const word of words) {
    const best = Math.max(0, ...fields.map((f) => f.weight * fit(word, f)));
    if (best === 0) return 0;
    sum += best;
  }
  const together = words.length > 1 ? Math.max(0, ...fields.map((f) => f.weight * fit(whole, f))) : 0;
  return Math.max(sum / words.length, together);
}

/** What matches a query, the best first; of equals the one with the higher `boost` (0 to 1), then as given. */
export function search(index: Index, query: string, boost: (id: string) => number = () => 0): Found[] {
  const whole = fold(query.trim());
  const words = whole.split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  return index.items
    .map(({ id, fields }) => ({ id, found: score(words, whole, fields) }))
    .filter(({ found }) => found > 0)
    .map(({ id, found }) => ({ id, score: found + 0.12 * boost(id) }))
    .toSorted((a, b) => b.score - a.score);
}

/** The parts of a text that a query's words are found in, to draw them stronger: [from, to) each. */
export function marked(text: string, query: string): (readonly [number, number])[] {
  const there = fold(text);
  const spans = fold(query)
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => [there.indexOf(word), word.length] as const)
    .filter(([at]) => at >= 0)
    .map(([at, length]) => [at, at + length] as const)
    .toSorted((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of spans) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}
