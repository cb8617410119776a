/** The grammar of prompts, as far as an editor needs it: which brackets belong together, what is a weight, and how a
 * weight is changed. `(words)` weighs 1.1 times, `(words:1.3)` weighs 1.3, `\(` and `\)` are plain parentheses. */

export interface Span {
  readonly start: number;
  /** Behind the last character. */
  readonly end: number;
}

export interface Mark extends Span {
  readonly kind: "bracket" | "unmatched" | "weight" | "tag" | "embedding" | "escape";
  /** How many brackets are around it. */
  readonly depth: number;
}

/** What `(words)` weighs. */
export const EMPHASIS = 1.1;
/** What one press of Ctrl+Up adds. */
export const NUDGE = 0.05;

const SYMBOL = /\\[()]|[()[\]]|<(?:lora|lyco|hypernet):[^<>\n]*>|(?<=^|[\s(])embedding:[^\s,():<>]*/g;
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
const OPENS: Readonly<Record<string, string>> = { ")": "(", "]": "[" };

/** A pair of parentheses with what stands in it. */
interface Group {
  readonly open: number;
  readonly close: number;
  /** Of the words, without the weight. */
  readonly words: Span;
  /** Where ":1.3" stands, if it does. */
  readonly weight: Span | null;
}

interface Scan {
  readonly marks: readonly Mark[];
  /** From each bracket to its partner. */
  readonly pairs: ReadonlyMap<number, number>;
}

let last: { readonly text: string; readonly scan: Scan } | null = null;

/** The text is looked at several times for each key stroke, and scanned once. */
function scan(text: string): Scan {
  if (last?.text !== text) last = { text, scan: scanned(text) };
  return last.scan;
}

function scanned(text: string): Scan {
  const marks: Mark[] = [];
  const pairs = new Map<number, number>();
  const open: Record<string, number[]> = { "(": [], "[": [] };
  const depth = () => (open["("]?.length ?? 0) + (open["["]?.length ?? 0);
  for (const { 0: symbol, index: start } of text.matchAll(SYMBOL)) {
    const add = (kind: Mark["kind"]) => marks.push({ start, end: start + symbol.length, kind, depth: depth() });
    const opener = OPENS[symbol];
    if (symbol === "(" || symbol === "[") {
      add("bracket");
      open[symbol]?.push(start);
    } else if (opener) {
      const partner = open[opener]?.pop();
      if (partner !== undefined) pairs.set(partner, start).set(start, partner);
      add(partner === undefined ? "unmatched" : "bracket");
    } else add(symbol.startsWith("<") ? "tag" : symbol.startsWith("\\") ? "escape" : "embedding");
  }
  const lonely = new Set([...(open["("] ?? []), ...(open["["] ?? [])]);
  const told = marks.map((m): Mark => (lonely.has(m.start) && m.kind === "bracket" ? { ...m, kind: "unmatched" } : m));
  return { marks: withWeights(text, told, pairs), pairs };
}

function withWeights(text: string, marks: readonly Mark[], pairs: ReadonlyMap<number, number>): Mark[] {
  const weights = marks.flatMap((mark): Mark[] => {
    const close = mark.kind === "bracket" && text[mark.start] === "(" ? pairs.get(mark.start) : undefined;
    const weight = close === undefined ? null : groupOf(text, mark.start, close).weight;
    return weight ? [{ ...weight, kind: "weight", depth: mark.depth }] : [];
  });
  const apart = marks.filter((mark) => weights.every((w) => mark.end <= w.start || w.end <= mark.start));
  return [...apart, ...weights].toSorted((a, b) => a.start - b.start);
}

function groupOf(text: string, open: number, close: number): Group {
  const colon = text.lastIndexOf(":", close);
  const weighs = colon > open + 1 && NUMBER.test(text.slice(colon + 1, close));
  const words = { start: open + 1, end: weighs ? colon : close };
  return { open, close, words, weight: weighs ? { start: colon, end: close } : null };
}

/** What is drawn in colour, in order, nothing of it overlapping. */
export const marks = (text: string): readonly Mark[] => scan(text).marks;

/** The bracket before or behind the caret and its partner. */
export function matching(text: string, caret: number): readonly [number, number] | null {
  const { pairs } = scan(text);
  for (const at of [caret - 1, caret]) {
    const partner = pairs.get(at);
    if (partner !== undefined) return [Math.min(at, partner), Math.max(at, partner)];
  }
  return null;
}

export interface Edit {
  readonly text: string;
  /** What is selected afterwards. */
  readonly start: number;
  readonly end: number;
}

/** Change the weight of what is selected, or of the group or the word at the caret; null if there is nothing to weigh.
 * A weight that becomes 1 goes, with its parentheses. */
export function reweighed(text: string, start: number, end: number, by: number): Edit | null {
  const tag = scan(text).marks.find((m) => m.kind === "tag" && m.start <= start && end <= m.end);
  if (tag) return retagged(text, tag, by);
  const chosen = start === end ? null : trimmed(text, start, end);
  const group = chosen ? groupChosen(text, chosen) : groupAt(text, start);
  if (group) return regrouped(text, group, by);
  const words = chosen ?? wordAt(text, start);
  return words && balanced(text, words) ? replaced(text, words, text.slice(words.start, words.end), 1 + by) : null;
}

function regrouped(text: string, group: Group, by: number): Edit {
  const weight = group.weight ? Number(text.slice(group.weight.start + 1, group.weight.end)) : EMPHASIS;
  const words = text.slice(group.words.start, group.words.end);
  return replaced(text, { start: group.open, end: group.close + 1 }, words, weight + by);
}

function replaced(text: string, span: Span, words: string, weight: number): Edit {
  const told = rounded(weight);
  const [before, after] = told === 1 ? ["", ""] : ["(", `:${told})`];
  const start = span.start + before.length;
  return {
    text: text.slice(0, span.start) + before + words + after + text.slice(span.end),
    start,
    end: start + words.length,
  };
}

/** `<lora:name:0.8>`: its last number is its weight. */
function retagged(text: string, tag: Mark, by: number): Edit {
  const parts = text.slice(tag.start + 1, tag.end - 1).split(":");
  const number = parts.length > 2 && NUMBER.test(parts.at(-1) ?? "") ? Number(parts.pop()) : 1;
  const made = `<${parts.join(":")}:${rounded(number + by)}>`;
  return {
    text: text.slice(0, tag.start) + made + text.slice(tag.end),
    start: tag.start,
    end: tag.start + made.length,
  };
}

const rounded = (weight: number) => Math.max(0, Math.round(weight * 100) / 100);

function trimmed(text: string, start: number, end: number): Span | null {
  const inside = text.slice(start, end);
  const from = start + inside.length - inside.trimStart().length;
  const to = start + inside.trimEnd().length;
  return from < to ? { start: from, end: to } : null;
}

/** The group whose parentheses, or whose words, are selected. */
function groupChosen(text: string, { start, end }: Span): Group | null {
  const { pairs } = scan(text);
  for (const open of [start, start - 1]) {
    const close = text[open] === "(" ? pairs.get(open) : undefined;
    if (close === undefined) continue;
    const group = groupOf(text, open, close);
    if (open === start ? end === close + 1 : end === group.words.end || end === close) return group;
  }
  return null;
}

/** The innermost group around the caret. */
function groupAt(text: string, caret: number): Group | null {
  let best: Group | null = null;
  for (const [open, close] of scan(text).pairs)
    if (text[open] === "(" && open < caret && caret <= close && (!best || open > best.open))
      best = groupOf(text, open, close);
  return best;
}

const APART = /[\s,.;!?()[\]{}<>|"]/;

/** The word at the caret. */
export function wordAt(text: string, caret: number): Span | null {
  let [start, end] = [caret, caret];
  while (start > 0 && !APART.test(text[start - 1] ?? " ")) start--;
  while (end < text.length && !APART.test(text[end] ?? " ")) end++;
  return start < end ? { start, end } : null;
}

/** Whether parentheses around the span would belong together. */
function balanced(text: string, { start, end }: Span): boolean {
  const { pairs } = scan(text);
  if (text.slice(start, end).endsWith("\\") || text[start - 1] === "\\") return false;
  for (let at = start; at < end; at++) {
    const partner = pairs.get(at);
    if (partner !== undefined && (partner < start || partner >= end)) return false;
  }
  return scan(text).marks.every((m) => m.kind !== "unmatched" || m.start < start || m.start >= end);
}

/** The name that is being typed behind `embedding:`, up to the caret. */
export function embeddingAt(text: string, caret: number): (Span & { readonly query: string }) | null {
  const found = /(?:^|[\s(])embedding:([^\s,():<>]*)$/.exec(text.slice(0, caret));
  if (!found) return null;
  const query = found[1] ?? "";
  const rest = /^[^\s,():<>]*/.exec(text.slice(caret))?.[0] ?? "";
  return { start: caret - query.length, end: caret + rest.length, query };
}
