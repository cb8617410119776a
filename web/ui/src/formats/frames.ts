/** Frames and notes of a file, and back. */

import type { Group, Json, JsonObject, Note, Size } from "~/core/types";
import { allOf, flagOf, isObject, pair, pairOf, textOf, told, understood, without } from "./keep";

const GROUP_SIZE: Size = [400, 300];
const NOTE_SIZE: Size = [240, 120];

/** The frames of a file's list by id; undefined for what is no list of objects. */
export const readGroups = (value: Json | undefined): Record<string, Group> | undefined =>
  keyed(value, (raw) => {
    const read = {
      title: textOf(raw["title"]),
      pos: pairOf(raw["pos"]),
      size: pairOf(raw["size"]),
      color: textOf(raw["color"]),
      pinned: flagOf(raw["pinned"]),
    };
    const meta = without(raw, understood(read));
    return { ...told(read), title: read.title ?? "", pos: read.pos ?? [0, 0], size: read.size ?? GROUP_SIZE, meta };
  });

export const readNotes = (value: Json | undefined): Record<string, Note> | undefined =>
  keyed(value, (raw) => {
    const read = {
      text: textOf(raw["text"]),
      markdown: flagOf(raw["markdown"]),
      pos: pairOf(raw["pos"]),
      size: pairOf(raw["size"]),
      color: textOf(raw["color"]),
    };
    const meta = without(raw, understood(read));
    return { ...told(read), text: read.text ?? "", pos: read.pos ?? [0, 0], size: read.size ?? NOTE_SIZE, meta };
  });

/** Items by their `id`, else by their number from 1. */
function keyed<T>(value: Json | undefined, read: (raw: JsonObject) => T): Record<string, T> | undefined {
  const items = allOf(value, (item) => (isObject(item) ? item : undefined));
  if (!items) return undefined;
  const found: Record<string, T> = {};
  const taken = new Set(items.map((item) => textOf(item["id"])));
  const free = (from: number): string =>
    taken.has(String(from)) || Object.hasOwn(found, String(from)) ? free(from + 1) : String(from);
  for (const [index, item] of items.entries()) {
    const id = textOf(item["id"]);
    const own = id !== undefined && !Object.hasOwn(found, id);
    found[own ? id : free(index + 1)] = read(own ? without(item, ["id"]) : item);
  }
  return found;
}

export const writtenGroups = (groups: Readonly<Record<string, Group>>): Json[] =>
  listed(groups, ({ title, pos, size, color, pinned, meta }) => ({
    title,
    pos: pair(pos),
    size: pair(size),
    ...told({ color, pinned }),
    ...meta,
  }));

export const writtenNotes = (notes: Readonly<Record<string, Note>>): Json[] =>
  listed(notes, ({ text, markdown, pos, size, color, meta }) => ({
    text,
    ...told({ markdown }),
    pos: pair(pos),
    size: pair(size),
    ...told({ color }),
    ...meta,
  }));

function listed<T>(items: Readonly<Record<string, T>>, write: (item: T) => JsonObject): Json[] {
  return Object.entries(items).map(([id, item], index) => ({
    ...(id !== String(index + 1) && { id }),
    ...write(item),
  }));
}
