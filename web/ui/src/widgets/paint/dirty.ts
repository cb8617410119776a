/** Which pixels of the open painting have changed: told by it, heard by the stage. */

import type { Rect } from "./layer";

type Listener = (rect: Rect) => void;

const listeners = new Set<Listener>();

export const tellDirty = (rect: Rect): void => listeners.forEach((listener) => listener(rect));

/** Hear of changed pixels; gives what ends that. */
export function onDirty(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
