/** Tabs: making, showing, moving, closing; the front one's document lives in the doc store. */

import { canvasApi } from "~/canvas/api";
import { emptyDoc } from "~/core/document";
import type { History } from "~/core/history";
import type { Doc } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { useSettings } from "~/stores/settings";
import { type FileRef, type Tab, frontTab, tabOf, updateTab, useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { equal } from "~/core/equal";

const tabWith = (id: string): Tab | undefined => useTabs.getState().tabs.find((t) => t.id === id);

/** The history of a tab, wherever it lives now. */
export const historyOf = (tab: Tab): History => {
  if (tab.id !== useTabs.getState().front) return tab.history;
  const { doc, past, future } = useDoc.getState();
  return { doc, past, future };
};

export const docOf = (tab: Tab): Doc => historyOf(tab).doc;

/** Put what the stores hold of the front tab into it. */
function rest(): void {
  const tab = frontTab();
  if (tab) updateTab(tab.id, { history: historyOf(tab), path: useUi.getState().path, viewport: canvasApi.view() });
}

/** The tab's document comes onto the canvas. */
export function showTab(id: string): void {
  const tab = tabWith(id);
  if (!tab || id === useTabs.getState().front) return;
  rest();
  bring(tab);
}

function bring(tab: Tab): void {
  useTabs.setState({ front: tab.id });
  useDoc.getState().restore(tab.history);
  useUi.getState().setPath(tab.path);
  look(tab.viewport);
}

/** The view that its tab had, else its first: at once, before anything is drawn where it will not be looked at. */
const look = (view: Tab["viewport"]): void => (view ? canvasApi.setView(view) : canvasApi.begin());

/** A tab for a document, in front; an untouched empty one gives its place. Gives its id. */
export function newTab(doc: Doc = emptyDoc(), file: FileRef | null = null, more: Partial<Tab> = {}): string {
  const tab = { ...tabOf(doc, file), ...more };
  const front = frontTab();
  const replaced = front && isBlank(front) && (file !== null || !isEmpty(doc)) ? front.id : null;
  rest();
  useTabs.setState((s) => {
    const at = s.tabs.findIndex((t) => t.id === s.front);
    const before = s.tabs.slice(0, at + 1).filter((t) => t.id !== replaced);
    return { tabs: [...before, tab, ...s.tabs.slice(at + 1)] };
  });
  bring(tab);
  return tab.id;
}

const isEmpty = (doc: Doc): boolean => equal(doc, emptyDoc());
const isBlank = (tab: Tab): boolean =>
  tab.file === null && !tab.dirty && isEmpty(docOf(tab)) && !historyOf(tab).past.length;

/** Tabs that were closed, the latest last, to be opened again. */
const closed: Tab[] = [];
const MOST_CLOSED = 10;

/** Close without asking; the last tab leaves an empty one. */
export function dropTab(id: string): void {
  if (id === useTabs.getState().front) rest();
  const { tabs, front } = useTabs.getState();
  const at = tabs.findIndex((t) => t.id === id);
  const others = tabs.filter((t) => t.id !== id);
  const gone = tabs[at];
  if (!gone) return;
  if (!isBlank(gone)) closed.push(gone);
  if (closed.length > MOST_CLOSED) closed.shift();
  if (id !== front) return useTabs.setState({ tabs: others });
  const next = others[Math.min(at, others.length - 1)] ?? tabOf(emptyDoc());
  useTabs.setState({ tabs: others.length ? others : [next] });
  bring(next);
}

/** Close a tab; one with changes asks first. */
export function closeTab(id: string): void {
  const tab = tabWith(id);
  if (!tab) return;
  if (!tab.dirty || !useSettings.getState().confirmClose) return dropTab(id);
  showTab(id);
  useUi.getState().show("files.unsaved", { id });
}

/** Close all other tabs that have no changes; those with changes stay. */
export function closeOthers(id: string): void {
  for (const tab of useTabs.getState().tabs) if (tab.id !== id && !tab.dirty) dropTab(tab.id);
  showTab(id);
}

export const canReopen = (): boolean => closed.length > 0;

/** The tab that was closed last comes back as it was. */
export function reopenTab(): void {
  const tab = closed.pop();
  if (!tab) return;
  rest();
  useTabs.setState((s) => ({ tabs: [...s.tabs, tab] }));
  bring(tab);
}

/** Put a tab before another one, or at the end. */
export function moveTab(id: string, before: string | null): void {
  const tab = tabWith(id);
  if (!tab || id === before) return;
  useTabs.setState((s) => {
    const others = s.tabs.filter((t) => t.id !== id);
    const at = before === null ? others.length : others.findIndex((t) => t.id === before);
    return at < 0 ? s : { tabs: [...others.slice(0, at), tab, ...others.slice(at)] };
  });
}

/** The next tab (1) or the one before (-1), round. */
export function stepTab(by: 1 | -1): void {
  const { tabs, front } = useTabs.getState();
  const at = tabs.findIndex((t) => t.id === front);
  const next = tabs.at((at + by) % tabs.length);
  if (next) showTab(next.id);
}

/** All tabs come from elsewhere (a restart of the browser). */
export function restoreTabs(tabs: readonly Tab[], front: string): void {
  const shown = tabs.find((t) => t.id === front) ?? tabs[0];
  if (!shown) return;
  useTabs.setState({ tabs });
  bring(shown);
}

/** The document of a tab is now what its file has. */
export function markSaved(id: string, doc: Doc, file?: FileRef): void {
  const tab = tabWith(id);
  if (tab) updateTab(id, { saved: doc, dirty: !equal(docOf(tab), doc), ...(file && { file }) });
}

let marking = false;

/** Keeps the mark of unsaved changes of the front tab true. */
export function watchChanges(): void {
  if (marking) return;
  marking = true;
  useDoc.subscribe((now, before) => {
    const tab = frontTab();
    if (!tab || now.doc === before.doc) return;
    const dirty = tab.saved === null ? tab.dirty || now.past.length > 0 : !equal(now.doc, tab.saved);
    if (dirty !== tab.dirty) updateTab(tab.id, { dirty });
  });
}
