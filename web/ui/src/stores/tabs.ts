/** The open files: one in front, whose document is in the doc store; the others rest here with their history. */

import { create } from "zustand";
import { emptyDoc } from "~/core/document";
import { begin, type History } from "~/core/history";
import type { Doc } from "~/core/types";
import type { Step } from "~/stores/ui";

/** Where a document was saved, or came from. */
export interface FileRef {
  /** "server": one of the user's files, `name` is its path in the folder of workflows; "template": one that comes
   * along; "local": a file of this computer, which cannot be written back. */
  readonly kind: "server" | "template" | "local";
  readonly name: string;
}

export interface Tab {
  /** Unique in all windows of the browser. */
  readonly id: string;
  readonly file: FileRef | null;
  /** The document has changes that are not in its file. */
  readonly dirty: boolean;
  /** The document as its file has it; null: not known (the tab came back after a crash with changes). */
  readonly saved: Doc | null;
  /** The latest job that was queued from it. */
  readonly job: string | null;
  /** Of a tab in the back; the front one's is in the doc store. */
  readonly history: History;
  readonly path: readonly Step[];
  readonly viewport: { readonly x: number; readonly y: number; readonly zoom: number } | null;
}

interface TabsState {
  readonly tabs: readonly Tab[];
  readonly front: string;
}

/** An id that no other tab has, of this or another window. */
export function newTabId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
}

/** A tab for a document that is as its file has it. */
export function tabOf(doc: Doc, file: FileRef | null = null): Tab {
  const rest = { dirty: false, job: null, path: [], viewport: null };
  return { id: newTabId(), file, saved: doc, history: begin(doc), ...rest };
}

const first = tabOf(emptyDoc());

export const useTabs = create<TabsState>()(() => ({ tabs: [first], front: first.id }));

export const frontTab = (): Tab | undefined => useTabs.getState().tabs.find((t) => t.id === useTabs.getState().front);

export const updateTab = (id: string, change: Partial<Tab>): void =>
  useTabs.setState((s) => ({ tabs: s.tabs.map((t) => (t.id === id ? { ...t, ...change } : t)) }));
