/** The active row, for commands. */

import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { remove } from "./actions";
import { focusOn, setActive, useOutline } from "./store";
import { type Row, rowsOf } from "./tree";

const rowsNow = (): Row[] =>
  rowsOf(useDoc.getState().doc, useServer.getState().registry, useOutline.getState().toggled);

export function activeRow(): Row | undefined {
  const { active } = useOutline.getState();
  return rowsNow().find((row) => row.key === active);
}

/** Take the active row out; its neighbour becomes active. */
export function removeActive(): void {
  const rows = rowsNow();
  const at = rows.findIndex((row) => row.key === useOutline.getState().active);
  const row = rows[at];
  if (!row || !remove(row)) return;
  const left = new Set(rowsNow().map((r) => r.key));
  const next = [...rows.slice(at + 1), ...rows.slice(0, at).toReversed()].find((r) => left.has(r.key));
  setActive(next?.key ?? null);
  focusOn("tree");
}

/** Lead the keyboard to the field of the active row's title. */
export function renameActive(): void {
  const field = document.querySelector<HTMLInputElement>('[data-field="title"]');
  field?.focus();
  field?.select();
}
