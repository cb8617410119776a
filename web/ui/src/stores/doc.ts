/** The document of the front tab and its history: the only thing that undo touches. */

import { create } from "zustand";
import { emptyDoc } from "~/core/document";
import { type History, type Recipe, begin, edited, redone, undone } from "~/core/history";
import type { Doc, Told } from "~/core/types";

interface DocState extends History {
  /** Change the document. Edits of one `group` in quick succession are undone together. */
  edit(label: Told, recipe: Recipe, group?: string): void;
  undo(): void;
  redo(): void;
  /** Another document takes its place, with an empty history. */
  open(doc: Doc): void;
  /** Another tab comes to the front. */
  restore(history: History): void;
}

export const useDoc = create<DocState>()((set) => ({
  ...begin(emptyDoc()),
  edit: (label, recipe, group) => set((s) => edited(s, label, recipe, group ?? null, Date.now())),
  undo: () => set(undone),
  redo: () => set(redone),
  open: (doc) => set(begin(doc)),
  restore: ({ doc, past, future }) => set({ doc, past, future }),
}));
