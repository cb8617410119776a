/** Runs that begin by themselves: at each change, or without end. */

import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { frontTab, useTabs } from "~/stores/tabs";
import { jobView } from "./feed";
import { meaningOf } from "./meaning";
import { OVER } from "./reduce";
import { run } from "./run";
import { useLive } from "./state";

/** Milliseconds without an edit before a run of its own: longer than the check takes to begin. */
export const PAUSE = 700;

let timer: ReturnType<typeof setTimeout> | undefined;
/** What was queued last; its seeds have moved on since. */
let queued: string | null = null;
/** No document's meaning: somebody edited it while it was on its way to the queue. */
const EDITED = "";

const meaning = () => meaningOf(useDoc.getState().doc);

/** Nothing of the front tab waits or runs. */
function idle(): boolean {
  const tab = frontTab();
  const view = tab?.job ? jobView(tab.job) : undefined;
  const { behind, sending } = useLive.getState();
  return !sending && !(tab && behind[tab.id]?.length) && (!view || OVER.has(view.state));
}

async function begin(): Promise<void> {
  const { front } = useTabs.getState();
  const still = await run();
  if (useTabs.getState().front !== front) return;
  queued = still ? meaning() : EDITED;
  if (!still) soon();
}

/** Run if the mode says so, the document is another one than the last that ran, and it can run. */
function perhaps(): void {
  if (useLive.getState().mode === "once" || !idle() || useRun.getState().runs === false) return;
  if (queued !== null && meaning() !== queued) void begin();
}

function soon(): void {
  clearTimeout(timer);
  timer = setTimeout(perhaps, PAUSE);
}

/** A job of the front tab is over: the next one, where they go on without end. One that found all of its results
 * would go on for ever with nothing new, so the next change begins it again. */
export function jobOver(id: string, status: "success" | "error" | "cancelled"): void {
  if (frontTab()?.job !== id || useLive.getState().mode === "once" || status !== "success" || !idle()) return;
  const ran = Object.values(jobView(id)?.nodes ?? {}).some((node) => node.state === "done");
  if (useLive.getState().mode === "instant" && ran) void begin();
  else soon();
}

/** What is there now is as good as queued: only a change from here on begins a run. */
function forget(): void {
  queued = meaning();
  clearTimeout(timer);
}

/** Watch from now on; returns how to end it. */
export function watchChanges(): () => void {
  const stops = [
    useDoc.subscribe((now, before) => {
      if (now.doc !== before.doc && useLive.getState().mode !== "once") soon();
    }),
    useTabs.subscribe((now, before) => now.front !== before.front && forget()),
    useLive.subscribe((now, before) => now.mode !== before.mode && forget()),
    () => clearTimeout(timer),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
