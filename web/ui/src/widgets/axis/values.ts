/** The values of an axis as text: one a line or between commas, in quotes where they hold commas; as
 * engine/graph/axes.py reads them. */

import type { InputDef } from "~/core/types";

const PIECE = /\s*"((?:[^"]|"")*)"\s*(?:,|$)|([^,]+)(?:,|$)|,/g;
const QUOTED = /^"((?:[^"]|"")*)"$/;

const plain = (quoted: string): string => quoted.replaceAll('""', '"');

/** The values that a text lists; ranges stay as they are. */
export function listed(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const full = lines.filter(Boolean);
  if (full.length > 1)
    return full.map((line) => {
      const quoted = QUOTED.exec(line)?.[1];
      return quoted === undefined ? line : plain(quoted);
    });
  return [...(full[0] ?? "").matchAll(PIECE)].flatMap((match) => {
    if (match[1] !== undefined) return [plain(match[1])];
    const piece = match[2]?.trim();
    return piece ? [piece] : [];
  });
}

/** Values as a text that lists them: one a line. */
export function written(values: readonly string[]): string {
  const alone = values.length === 1;
  const quote = (value: string) =>
    value.trim() !== value || value === "" || value.startsWith('"') || (alone && value.includes(","))
      ? `"${value.replaceAll('"', '""')}"`
      : value;
  return values.map(quote).join("\n");
}

/** The text with a value put in at its end, or taken out. */
export function toggled(text: string, value: string): string {
  const values = listed(text);
  return written(values.includes(value) ? values.filter((one) => one !== value) : [...values, value]);
}

const NUMBER = /^[+-]?(?:\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})$/;

/** "1..5", or "0..1 step 0.25"; null where the three are no range of the input's numbers. */
export function rangeText(first: string, last: string, step: string, type: string): string | null {
  const [from, to, by] = [first.trim(), last.trim(), step.trim()];
  if (![from, to, ...(by ? [by] : [])].every((text) => NUMBER.test(text))) return null;
  const way = Number(to) - Number(from);
  if (by && (Number(by) === 0 || way * Number(by) < 0)) return null;
  if (type === "INT" && ![from, to, by || "1"].every((text) => Number.isInteger(Number(text)))) return null;
  const usual = way < 0 ? -1 : 1;
  return by === "" || Number(by) === usual ? `${from}..${to}` : `${from}..${to} step ${by}`;
}

/** What a text has, and a range behind it. */
export const withMore = (text: string, more: string): string => (text.trim() ? `${text.trimEnd()}, ${more}` : more);

export type Kind = "options" | "numbers" | "truth" | "text";

/** How values for an input are chosen. */
export function kindOf(def: InputDef): Kind {
  if (def.options !== undefined || def.file !== undefined) return "options";
  if (def.type === "INT" || def.type === "FLOAT") return "numbers";
  return def.type === "BOOLEAN" ? "truth" : "text";
}
