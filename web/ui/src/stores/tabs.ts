/** The open files: one in front, whose document is in the doc store; the others rest here with their history. */

import { create } from "zustand";
import { begin, type History } from "~/core/history";
import { emptyDoc } from "~/core/document";
import type { Step } from "~/stores/ui";

/** Where a document was saved, or came from. */
export interface FileRef {
  readonly kind: "server" | "template" | "local";
  readonly name: string;
}

export interface Tab {
  readonly id: string;
  readonly file: FileRef | null;
  /** The document has changes that are not in its file. */
  readonly dirty: boolean;
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

const first: Tab = {
  id: "1",
  file: null,
  dirty: false,
  job: null,
  history: begin(emptyDoc()),
  path: [],
  viewport: null,
};

export const useTabs = create<TabsState>()(() => ({ tabs: [first], front: first.id }));

export const frontTab = (): Tab | undefined => useTabs.getState().tabs.find((t) => t.id === useTabs.getState().front);

export const updateTab = (id: string, change: Partial<Tab>): void =>
  useTabs.setState((s) => ({ tabs: s.tabs.map((t) => (t.id === id ? { ...t, ...change } : t)) }));
