/** Copy, cut and paste through the system clipboard. Keys come as the browser's own events, which need no permission;
 * menus use the clipboard's functions. What is pasted may be ours, a workflow, or a picture. */

import { clipText, copied, duplicate, paste, readClip } from "~/core/clipboard";
import type { Point } from "~/core/types";
import { openFiles, openText } from "~/files/actions";
import { useUi } from "~/stores/ui";
import { canvasApi } from "./api";
import { framesMeant, nodesMeant, selection, writable } from "./chosen";
import { remove } from "./commands/nodes";
import { change, here } from "./edit";
import { groupId, noteId } from "./ids";

/** The selection as text; null where nothing is selected. */
export function selectionText(): string | null {
  if (!selection().size) return null;
  const { doc, scope } = here();
  return clipText(copied(doc, scope, nodesMeant(), framesMeant()));
}

/** Put a copy in the graph, at the pointer, and select it; says whether the text was one. `outside`: with the links
 * that led to it. */
export function pasteText(text: string, outside: boolean, at: Point = canvasApi.cursor()): boolean {
  const clip = readClip(text);
  if (!clip) return false;
  added("paste", (d, scope) => void paste(d, scope, clip, rounded(at), { outside }));
  return true;
}

const rounded = ([x, y]: Point): Point => [Math.round(x), Math.round(y)];

export function duplicateChosen(): void {
  const [nodes, frames] = [nodesMeant(), framesMeant()];
  added("duplicate", (d, scope) => void duplicate(d, scope, nodes, frames));
}

/** Make an edit, then select what it brought. */
function added(what: string, recipe: Parameters<typeof change>[1]): void {
  const before = partsOf();
  change(what, recipe);
  useUi.getState().select([...partsOf()].filter((id) => !before.has(id)));
}

function partsOf(): Set<string> {
  const { nodes, groups, notes } = here().graph;
  return new Set([...Object.keys(nodes), ...Object.keys(groups).map(groupId), ...Object.keys(notes).map(noteId)]);
}

/** Anything that was pasted: our own copy, else what the files know to open. */
export async function pasteAny(text: string, files: readonly File[], outside: boolean): Promise<void> {
  if (files.length) return openFiles(files, canvasApi.cursor());
  if (text && writable() && pasteText(text, outside)) return;
  if (text.trim().startsWith("{") || /^Steps: \d/m.test(text)) await openText(text);
}

/** From a menu: by the clipboard's functions, where the page may use them. */
export const copyChosen = async (): Promise<void> => {
  const text = selectionText();
  if (text !== null) await navigator.clipboard.writeText(text);
};

export const cutChosen = async (): Promise<void> => {
  await copyChosen();
  if (writable()) remove(false);
};

export const pasteClipboard = async (outside: boolean): Promise<void> =>
  pasteAny(await navigator.clipboard.readText(), [], outside);

/** Text fields, and text that is marked, are the browser's. */
function elsewhere(event: ClipboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input, textarea, select, [contenteditable=true], dialog")) return true;
  return event.type !== "paste" && getSelection()?.isCollapsed === false;
}

/** Put the selection on the clipboard; says whether there was something to put. */
function give(event: ClipboardEvent): boolean {
  const text = elsewhere(event) || event.defaultPrevented ? null : selectionText();
  if (text === null) return false;
  event.clipboardData?.setData("text/plain", text);
  event.preventDefault();
  return true;
}

let shift = false;

/** Listen for the browser's own events until `signal` says stop. */
export function listenForClipboard(signal: AbortSignal): void {
  document.addEventListener("copy", (event) => void give(event), { signal });
  document.addEventListener("cut", (event) => void (give(event) && writable() && remove(false)), { signal });
  document.addEventListener(
    "paste",
    (event) => {
      if (elsewhere(event) || event.defaultPrevented) return;
      event.preventDefault();
      const files = [...(event.clipboardData?.files ?? [])];
      void pasteAny(event.clipboardData?.getData("text/plain") ?? "", files, shift);
    },
    { signal },
  );
  document.addEventListener("keydown", (event) => void (shift = event.shiftKey), { signal, capture: true });
}
