/** Where the tokens of a prompt stand in its text, and which of them make up a word. */

import { marks, type Span, wordAt } from "./prompt";

export interface Token {
  readonly text: string;
  /** Its place in the conditioning. */
  readonly index: number;
}

/** A token where it stands. */
export interface Placed extends Span {
  readonly index: number;
}

/** A stretch of the text, and how much of something it has, from 0 to 1. */
export interface Lit extends Span {
  readonly share: number;
}

const HIDDEN: ReadonlySet<string> = new Set(["bracket", "weight", "tag", "escape"]);
/** Of a character that several tokens make up. */
const BROKEN = "\uFFFD";

/** The text as the tokenizer sees it, place for place: in small letters, without brackets and weights. */
function bare(text: string): string {
  let plain = text.length === text.toLowerCase().length ? text.toLowerCase() : text;
  for (const { start, end, kind } of marks(text))
    if (HIDDEN.has(kind)) plain = plain.slice(0, start) + " ".repeat(end - start) + plain.slice(end);
  return plain;
}

/** Each token at its place, in order; those that stand nowhere (the text has changed since) are left out. */
export function placedTokens(text: string, tokens: readonly Token[]): Placed[] {
  const plain = bare(text);
  const placed: Placed[] = [];
  let at = 0;
  let broken: number[] = [];
  const fill = (to: number) => {
    const [start, end] = trimmed(plain, at, to);
    if (start < end) placed.push(...broken.map((index) => ({ start, end, index })));
    broken = [];
  };
  for (const { text: piece, index } of tokens) {
    if (piece.includes(BROKEN)) {
      broken.push(index);
      continue;
    }
    const found = piece ? plain.indexOf(piece.toLowerCase(), at) : -1;
    if (found < 0) continue;
    fill(found);
    at = found + piece.length;
    placed.push({ start: found, end: at, index });
  }
  fill(plain.length);
  return placed;
}

function trimmed(text: string, start: number, end: number): [number, number] {
  const inside = text.slice(start, end);
  const from = start + inside.length - inside.trimStart().length;
  return [from, Math.max(from, start + inside.trimEnd().length)];
}

/** The word at a place of the text: what stands there, and its tokens. */
export interface Word extends Span {
  readonly indexes: readonly number[];
}

/** null: there is none, or none of it was a token. */
export function wordOf(text: string, caret: number, placed: readonly Placed[]): Word | null {
  const span = wordAt(text, caret);
  if (!span) return null;
  const inside = placed.filter((one) => one.start < span.end && span.start < one.end);
  const first = inside[0];
  if (!first) return null;
  return {
    start: Math.max(span.start, Math.min(...inside.map((one) => one.start))),
    end: Math.min(span.end, Math.max(...inside.map((one) => one.end))),
    indexes: [...new Set(inside.map((one) => one.index))],
  };
}

/** The shares of tokens as stretches of the text: those of one word together, the greatest as 1. */
export function litWords(text: string, placed: readonly Placed[], shares: ReadonlyMap<number, number>): Lit[] {
  const words = new Map<string, { start: number; end: number; sum: number }>();
  for (const { start, end, index } of placed) {
    const share = shares.get(index) ?? 0;
    const word = wordAt(text, start) ?? { start, end };
    const known = words.get(`${word.start} ${word.end}`);
    if (known) known.sum += share;
    else words.set(`${word.start} ${word.end}`, { ...word, sum: share });
  }
  const most = Math.max(...[...words.values()].map((word) => word.sum), 0);
  if (most <= 0) return [];
  return [...words.values()].map(({ start, end, sum }) => ({ start, end, share: sum / most }));
}
