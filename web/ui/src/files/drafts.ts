/** Every change is kept in the browser (IndexedDB) soon after it was made, and comes back after a reload or a crash.
 * Each window keeps its own tabs; what a closed window left behind goes to the next one that is opened. */

import { createStore, delMany, entries, get, set, setMany } from "idb-keyval";
import { canvasApi } from "~/canvas/api";
import type { History } from "~/core/history";
import { useDoc } from "~/stores/doc";
import { newTabId, type Tab, useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { dropLate, findLate, putLate } from "./late";
import { historyOf, restoreTabs } from "./tabs";
import { openWindows, ownWindow } from "./windows";

/** Milliseconds from a change until it is kept. */
export const PAUSE = 300;
/** Steps of undo that are kept with a tab. */
export const STEPS = 50;
/** Milliseconds between two signs of life of a window. */
const SIGN = 30_000;

const VERSION = 1;

interface WindowDraft {
  readonly version: number;
  readonly tabs: readonly string[];
  readonly front: string;
  /** Milliseconds since 1970. */
  readonly heard: number;
}

const store = createStore("inkwater", "drafts");
const windowKey = (id: string) => `window:${id}`;
const tabKey = (id: string) => `tab:${id}`;

let own = "";
let kept = new Map<string, Tab>();
let timer: ReturnType<typeof setTimeout> | undefined;
let told = false;
/** Writes that are under way. */
let writing = 0;

/** Bring back what was open; says whether there was anything. From then on changes are kept. */
export async function restoreDrafts(): Promise<boolean> {
  try {
    const { id, again } = await ownWindow();
    own = id;
    const found = (again && (await ownTabs(id))) || (await leftTabs());
    if (found) restoreTabs(found.tabs, found.front);
    listen();
    if (found) keepSoon();
    return found !== null;
  } catch {
    return false; // no storage (a private window): nothing comes back, everything else works
  }
}

interface Found {
  readonly tabs: readonly Tab[];
  readonly front: string;
}

async function ownTabs(id: string): Promise<Found | null> {
  const draft = await get<WindowDraft>(windowKey(id), store);
  return draft?.version === VERSION ? tabsOf(id, draft) : null;
}

/** The tabs of a window, with what changed in its last moment. */
async function tabsOf(window: string, draft: WindowDraft): Promise<Found | null> {
  const late = findLate(window);
  const order = late?.order ?? draft.tabs;
  const front = late?.front ?? draft.front;
  const tabs = await Promise.all(
    order.map((id) => late?.tabs.find((tab) => tab.id === id) ?? get<Tab>(tabKey(id), store)),
  );
  const there = tabs
    .filter((tab): tab is Tab => tab !== undefined)
    .map((tab) => ({ ...tab, saved: tab.dirty ? null : tab.history.doc }))
    .map((tab) => (tab.id === front && late?.view ? { ...tab, viewport: late.view } : tab));
  return there.length ? { tabs: there, front } : null;
}

/** What closed windows left: the tabs of the latest, and those with changes of all others. They get new ids, and their
 * old entries go. */
async function leftTabs(): Promise<Found | null> {
  const isOpen = await openWindows();
  const all = await entries<string, WindowDraft>(store);
  const left = all
    .flatMap(([key, draft]) =>
      key.startsWith("window:") && draft.version === VERSION ? [{ id: key.slice("window:".length), draft }] : [],
    )
    .filter(({ id, draft }) => id !== own && !isOpen(id, draft.heard))
    .toSorted((a, b) => b.draft.heard - a.draft.heard);
  const windows = await Promise.all(left.map(({ id, draft }) => tabsOf(id, draft)));
  const tabs = windows.flatMap((w, i) => (w ? w.tabs.filter((tab) => i === 0 || tab.dirty) : []));
  const renamed = new Map(tabs.map((tab) => [tab.id, newTabId()]));
  const fresh = tabs.map((tab) => ({ ...tab, id: renamed.get(tab.id) ?? tab.id }));
  const front = renamed.get(windows[0]?.front ?? "") ?? "";
  if (fresh.length) await keep(fresh, front);
  await delMany(
    left.flatMap(({ id, draft }) => [windowKey(id), ...draft.tabs.map(tabKey)]),
    store,
  );
  for (const { id } of left) dropLate(id);
  return fresh.length ? { tabs: fresh, front } : null;
}

function listen(): void {
  useDoc.subscribe((now, before) => now.doc !== before.doc && keepSoon());
  useTabs.subscribe(keepSoon);
  useUi.subscribe((now, before) => now.path !== before.path && keepSoon());
  addEventListener("pagehide", leave);
  // A phone may end a page that is not shown without another word.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden") return;
    putAside();
    void flushDrafts();
  });
  setInterval(() => void keepWindow(useTabs.getState().tabs, useTabs.getState().front), SIGN);
}

function keepSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void flushDrafts(), PAUSE);
}

/** The tabs as they are now. */
function current(): readonly Tab[] {
  const { tabs, front } = useTabs.getState();
  const { path } = useUi.getState();
  return tabs.map((tab) =>
    tab.id === front ? { ...tab, history: historyOf(tab), path, viewport: canvasApi.view() } : tab,
  );
}

/** The page goes, and may come back from the browser's cache: then all is kept as usual. A field in which somebody
 * types hands over what stands in it. */
function leave(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  putAside();
}

function putAside(): void {
  const tabs = current();
  const changed = tabs.filter((tab) => writing || !unchanged(tab, kept.get(tab.id))).map(stored);
  const { front } = useTabs.getState();
  putLate(own, { order: tabs.map((tab) => tab.id), front, tabs: changed, view: canvasApi.view() });
}

/** Keep what changed now. */
export async function flushDrafts(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  writing++;
  try {
    await keep(current(), useTabs.getState().front);
    dropLate(own);
    told = false;
  } catch {
    kept = new Map(); // what of it was written is not known
    if (!told) useUi.getState().toast("error", { key: "files:error.draft" });
    told = true;
  } finally {
    writing--;
  }
}

async function keep(tabs: readonly Tab[], front: string): Promise<void> {
  const next = new Map(tabs.map((tab) => [tab.id, tab]));
  const changed = tabs.filter((tab) => !unchanged(tab, kept.get(tab.id)));
  const gone = [...kept.keys()].filter((id) => !next.has(id));
  kept = next;
  await setMany(
    changed.map((tab) => [tabKey(tab.id), stored(tab)]),
    store,
  );
  await keepWindow(tabs, front);
  if (gone.length) await delMany(gone.map(tabKey), store);
}

const keepWindow = (tabs: readonly Tab[], front: string): Promise<void> =>
  set(windowKey(own), { version: VERSION, tabs: tabs.map((t) => t.id), front, heard: Date.now() }, store);

/** Whether a tab is as it was kept, but for where it is looked at: the front one's history is made anew at each look,
 * its parts are not. */
function unchanged(tab: Tab, before: Tab | undefined): boolean {
  if (!before) return false;
  const { history, viewport: _, ...rest } = tab;
  const { history: old, ...others } = before;
  const sameHistory = history.doc === old.doc && history.past === old.past && history.future === old.future;
  return sameHistory && Object.entries(rest).every(([key, value]) => value === Object(others)[key]);
}

/** As it is kept: the last steps of its history, and no second copy of the document. */
function stored(tab: Tab): Tab {
  const { doc, past, future } = tab.history;
  const history: History = { doc, past: past.slice(-STEPS), future: future.slice(-STEPS) };
  return { ...tab, history, saved: tab.dirty ? null : doc };
}
