/** Undo and redo over immer patches. An entry is a step that the user took; steps of one group that follow each other
 * closely (key strokes in one box, one drag) are one entry. */

import { type Patch, applyPatches, enablePatches, produceWithPatches } from "immer";
import type { Draft } from "immer";
import type { Doc, Told } from "./types";

enablePatches();

export interface Entry {
  readonly label: Told;
  readonly group: string | null;
  readonly time: number;
  readonly patches: readonly Patch[];
  readonly inverse: readonly Patch[];
}

export interface History {
  readonly doc: Doc;
  readonly past: readonly Entry[];
  readonly future: readonly Entry[];
}

/** Entries kept; the oldest go. */
export const LONGEST = 200;
/** Milliseconds after which a step of the same group is an entry of its own. */
export const PAUSE = 2000;

export type Recipe = (draft: Draft<Doc>) => void;

export const begin = (doc: Doc): History => ({ doc, past: [], future: [] });

/** The history after an edit; itself if the edit changed nothing. */
export function edited(history: History, label: Told, recipe: Recipe, group: string | null, time: number): History {
  const [doc, patches, inverse] = produceWithPatches(history.doc, recipe);
  if (!patches.length) return history;
  const last = history.past.at(-1);
  const joins = group !== null && last?.group === group && time - last.time < PAUSE && !history.future.length;
  const entry: Entry = joins
    ? { label, group, time, patches: [...last.patches, ...patches], inverse: [...inverse, ...last.inverse] }
    : { label, group, time, patches, inverse };
  const past = joins ? [...history.past.slice(0, -1), entry] : [...history.past, entry].slice(-LONGEST);
  return { doc, past, future: [] };
}

export function undone(history: History): History {
  const entry = history.past.at(-1);
  if (!entry) return history;
  const doc = applyPatches(history.doc, [...entry.inverse]);
  return { doc, past: history.past.slice(0, -1), future: [...history.future, entry] };
}

export function redone(history: History): History {
  const entry = history.future.at(-1);
  if (!entry) return history;
  const doc = applyPatches(history.doc, [...entry.patches]);
  return { doc, past: [...history.past, { ...entry, group: null }], future: history.future.slice(0, -1) };
}
