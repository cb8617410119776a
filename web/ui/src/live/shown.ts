/** What nodes show, as the server tells it: lists of files and texts by field. */

import { place as placeSchema, type Place } from "~/api/schema";
import type { Json, JsonObject } from "~/core/types";
import { sentenceIn, type Sentence } from "~/i18n/sentences";

const PICTURES = /\.(png|jpe?g|webp|gif|bmp|tiff?|avif)$/i;

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** The files of all fields. */
export function filesIn(shown: JsonObject): Place[] {
  const items = Object.values(shown).flatMap(list);
  return items.map((item) => placeSchema.safeParse(item)).flatMap((read) => (read.success ? [read.data] : []));
}

/** Those that a browser can draw. */
export const picturesIn = (shown: JsonObject): Place[] => filesIn(shown).filter((file) => PICTURES.test(file.filename));

/** Texts, each whole. */
export const textsIn = (shown: JsonObject): string[] =>
  Object.values(shown).flatMap((value) =>
    (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === "string"),
  );

/** Why a cell of a plot has no picture. */
export interface Gap {
  readonly reason: string;
  readonly telling: Sentence | null;
}

/** A plot: what its columns and rows are called, and what stands in each cell row by row, null of those to come. */
export interface Plot {
  readonly columns: readonly string[];
  readonly rows: readonly string[];
  readonly cells: readonly (Place | Gap | null)[];
}

export const isGap = (cell: Place | Gap | null | undefined): cell is Gap =>
  typeof cell === "object" && cell !== null && "reason" in cell;

const texts = (value: Json | undefined): readonly string[] => list(value).filter((item) => typeof item === "string");

/** The plot that a node shows, if it shows one: its cells by place while it runs, all pictures in order after it. */
export function plotOf(shown: JsonObject): Plot | null {
  const told = list(shown["grid"])[0];
  if (typeof told !== "object" || told === null || Array.isArray(told)) return null;
  const [columns, rows] = [texts(told["columns"]), texts(told["rows"])];
  const places = rows.flatMap((_row, y) => columns.map((_column, x) => `x${x}y${y}`));
  const gaps = gapsIn(shown);
  const { cells } = shown;
  if (typeof cells === "object" && cells !== null && !Array.isArray(cells))
    return { columns, rows, cells: places.map((place) => gaps.get(place) ?? first(cells[place])) };
  const made = picturesIn(shown);
  const each = Math.max(1, Math.floor((made.length - gaps.size) / Math.max(1, places.length - gaps.size)));
  let next = 0;
  const inOrder = places.map((place) => {
    const gap = gaps.get(place);
    const picture = made[next] ?? null;
    next += gap ? 1 : each;
    return gap ?? picture;
  });
  return { columns, rows, cells: inOrder };
}

/** The gaps of a plot by place; for each there is one picture too, which says why in English. */
function gapsIn(shown: JsonObject): Map<string, Gap> {
  const found = new Map<string, Gap>();
  for (const gap of list(shown["gaps"])) {
    if (typeof gap !== "object" || gap === null || Array.isArray(gap)) continue;
    const { cell, reason, telling } = gap;
    if (typeof cell === "string" && typeof reason === "string")
      found.set(cell, { reason, telling: sentenceIn(telling) });
  }
  return found;
}

const first = (files: Json | undefined): Place | null => picturesIn({ files: files ?? [] })[0] ?? null;
