/** Undo in a text field is the document's: the browser's own knows nothing of the other widgets, and would part from it. */

import type { KeyboardEvent } from "react";
import { runCommand } from "~/commands/registry";
import { useDoc } from "~/stores/doc";

const command = (event: KeyboardEvent): "undo" | "redo" | null => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return null;
  const key = event.key.toLowerCase();
  if (key === "z") return event.shiftKey ? "redo" : "undo";
  return key === "y" && !event.shiftKey ? "redo" : null;
};

/** Handles Ctrl+Z, Ctrl+Shift+Z and Ctrl+Y unless somebody did already; says whether it was one of them. */
export function undoKeys(event: KeyboardEvent): boolean {
  const wanted = command(event);
  if (!wanted || event.nativeEvent.isComposing) return false;
  if (!event.defaultPrevented && !runCommand(`graph.${wanted}`)) useDoc.getState()[wanted]();
  event.preventDefault();
  event.stopPropagation();
  return true;
}
