/** JSON that keeps whole numbers exactly: those beyond ±2^53 are decimal strings in memory and numbers in the text. */

import type { Json } from "~/core/types";

/** Levels of nested objects and lists, the outermost one counted: as many as the server reads. */
export const DEEPEST = 64;

/** Why a text is no JSON that can be used: a key of the namespace "files" and its arguments. */
export class JsonError extends Error {
  constructor(
    readonly key: string,
    readonly args: Readonly<Record<string, string | number>> = {},
  ) {
    super(`${key} ${JSON.stringify(args)}`);
  }
}

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 64n - 1n;
const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"/gs;
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs;
const LONG = /\d{16}|[eE]\+?\d{3}/;
const WHOLE = /^-?(?:0|[1-9]\d*)$/;

/** The value of a text; raises JsonError. */
export function readJson(text: string): Json {
  const bare = text.startsWith("\ufeff") ? text.slice(1) : text;
  deepEnough(bare);
  const kept = LONG.test(bare) ? bare.replace(STRING_OR_NUMBER, exact) : bare;
  const value = parsed(kept);
  if (kept.includes("__proto__") && hasProto(value)) throw new JsonError("json.proto");
  return value;
}

function parsed(text: string): Json {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse gives nothing but JSON
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new JsonError("json.syntax", { reason: error instanceof Error ? error.message : String(error) });
  }
}

/** A number that a double would not keep, as a string; everything else as it stands. */
function exact(token: string): string {
  if (token.startsWith('"')) return token;
  const value = Number(token);
  if (Number.isFinite(value) && (Number.isSafeInteger(value) || !WHOLE.test(token))) return token;
  if (!WHOLE.test(token) || !fits(token)) throw new JsonError("json.number", { value: token.slice(0, 40) });
  return `"${token}"`;
}

const fits = (digits: string) => digits.length <= 20 && BigInt(digits) >= LOWEST && BigInt(digits) <= HIGHEST;

function deepEnough(text: string): void {
  let depth = 0;
  for (const bracket of text.replace(STRINGS, "").match(/[[\]{}]/g) ?? []) {
    depth += bracket === "[" || bracket === "{" ? 1 : -1;
    if (depth > DEEPEST) throw new JsonError("json.deep", { limit: DEEPEST });
  }
}

function hasProto(value: Json): boolean {
  if (Array.isArray(value)) return value.some(hasProto);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => key === "__proto__" || hasProto(inner));
}

/** Whether a string stands for a whole number beyond ±2^53 that the server takes (64 bits). */
export function isLong(value: string): boolean {
  return value.length >= 16 && WHOLE.test(value) && !Number.isSafeInteger(Number(value)) && fits(value);
}

/** Keys whose values are text whatever they look like. */
const TEXTS = new Set(["class_type", "title", "text", "name", "label", "type", "color", "bgcolor", "pack"]);

/** The text of a value, indented by `indent` spaces; raises JsonError for what JSON does not have. */
export function writeJson(value: Json, indent = 0): string {
  const gap = indent ? "\n" : "";
  const write = (v: Json, key: string, level: number): string => {
    if (typeof v === "string") return isLong(v) && !TEXTS.has(key) ? v : JSON.stringify(v);
    if (typeof v === "number") return number(v);
    if (typeof v !== "object" || v === null) return JSON.stringify(v);
    const inner = gap + " ".repeat(indent * (level + 1));
    const parts = Array.isArray(v)
      ? v.map((part) => write(part, "", level + 1))
      : Object.entries(v).map(([k, part]) => `${JSON.stringify(k)}:${indent ? " " : ""}${write(part, k, level + 1)}`);
    const [open, close] = Array.isArray(v) ? "[]" : "{}";
    if (!parts.length) return `${open}${close}`;
    // Short lists of plain values (links, places) stay on one line.
    const flat = Array.isArray(v) && v.length <= 4 && v.every((part) => typeof part !== "object" || part === null);
    if (flat) return `[${parts.join(indent ? ", " : ",")}]`;
    return `${open}${inner}${parts.join(`,${inner}`)}${gap}${" ".repeat(indent * level)}${close}`;
  };
  return write(value, "", 0);
}

/** Whole floats of 2^53 and more keep an exponent, so that they are not read back as long whole numbers. */
function number(value: number): string {
  if (!Number.isFinite(value)) throw new JsonError("json.number", { value: String(value) });
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : JSON.stringify(value);
}
