/** Which windows of the browser are open: each has an id that lives as long as its page and its reloads, and holds a
 * lock of that name. */

const KEY = "inkwater.window";
const PREFIX = "inkwater.window.";
/** Milliseconds after which a window without locks (an address without TLS) counts as closed. */
export const SILENCE = 90_000;
/** Milliseconds that a page that is being left may hold its lock on: after a reload the wait is for no other window. */
const HANDOVER = { reload: 10_000, else: 1000 };

export interface OwnWindow {
  readonly id: string;
  /** The page was reloaded: what is kept under the id is its own. */
  readonly again: boolean;
}

const random = (): string => Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) => b.toString(16)).join("");

/** The id of this window. A window that was duplicated has the other's id in its storage, and gets one of its own. */
export async function ownWindow(): Promise<OwnWindow> {
  const known = sessionStorage.getItem(KEY);
  if (known && (await hold(known))) return { id: known, again: true };
  const id = random();
  sessionStorage.setItem(KEY, id);
  await hold(id);
  return { id, again: false };
}

const reloaded = (): boolean =>
  performance.getEntriesByType("navigation").some((entry) => "type" in entry && entry.type === "reload");

/** Hold the lock of an id as long as the page lives; false: another window has it. */
function hold(id: string): Promise<boolean> {
  const { locks } = navigator;
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(reloaded() ? HANDOVER.reload : HANDOVER.else);
    const forGood = () => {
      resolve(true);
      return new Promise<never>(() => {});
    };
    locks.request(PREFIX + id, { signal }, forGood).catch(() => resolve(false));
  });
}

/** Says of the id of a window, and when it was last heard of (milliseconds since 1970), whether it is open. */
export async function openWindows(): Promise<(id: string, heard: number) => boolean> {
  const { locks } = navigator;
  if (!locks) return (_, heard) => Date.now() - heard < SILENCE;
  const held = new Set((await locks.query()).held?.map((lock) => lock.name));
  return (id) => held.has(PREFIX + id);
}
