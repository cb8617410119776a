/** What nodes show, as the server tells it: lists of files and texts by field. */

import { place as placeSchema, type Place } from "~/api/schema";
import type { Json, JsonObject } from "~/core/types";

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
