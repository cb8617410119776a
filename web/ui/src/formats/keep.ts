/** Small readers of parsed JSON: each gives what it understands, or undefined. */

import type { Json, JsonObject, Point, Size } from "~/core/types";

/** Where `meta` keeps what stands beside it in the file: keys of an entry that are not ours. */
export const ENTRY = "@entry";
/** And where a graph's meta keeps entries that are no nodes. */
export const ENTRIES = "@entries";

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** A property that an object has itself: names come from files, and may be "constructor". */
export const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

export const textOf = (value: Json | undefined): string | undefined => (typeof value === "string" ? value : undefined);

export const numberOf = (value: Json | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;

export const flagOf = (value: Json | undefined): boolean | undefined =>
  typeof value === "boolean" ? value : undefined;

/** Two numbers: a place or a size. */
export function pairOf(value: Json | undefined): (Point & Size) | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [a, b] = value;
  return typeof a === "number" && typeof b === "number" ? [a, b] : undefined;
}

export const pair = ([a, b]: Point | Size): Json[] => [a, b];

/** A list whose every item was understood, else undefined. */
export function allOf<T>(value: Json | undefined, read: (item: Json) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items: T[] = [];
  for (const item of value) {
    const found = read(item);
    if (found === undefined) return undefined;
    items.push(found);
  }
  return items;
}

/** A copy without these keys. */
export function without(value: Readonly<JsonObject>, keys: readonly unknown[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));
}

/** The keys whose reader gave something, to leave out of what is kept as it was. */
export const understood = (read: Readonly<Record<string, unknown>>): string[] =>
  Object.keys(read).filter((key) => read[key] !== undefined);

/** The entry of a list or table, unless that is empty. */
export function unlessEmpty(key: string, value: Json[] | JsonObject): JsonObject {
  return Object.keys(value).length ? { [key]: value } : {};
}

/** Only the keys that have a value. */
export function told<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the filter is what the type says
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
