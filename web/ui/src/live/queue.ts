/** The server's queue: asked for when something in it changed, and changed by these functions. */

import { getJson, postJson } from "~/api/http";
import { job as jobSchema, paused as pausedSchema, queue as queueSchema, type ServerEvent } from "~/api/schema";
import { useTabs, updateTab } from "~/stores/tabs";
import { jobView } from "./feed";
import { OVER } from "./reduce";
import { clientOf, complain } from "./run";
import { useLive } from "./state";

/** Waiting jobs that are listed. */
export const LISTED = 200;
/** Milliseconds between two questions. */
const PAUSE = 150;

let timer: ReturnType<typeof setTimeout> | undefined;

/** Ask for the queue soon. */
export function queueSoon(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    void readQueue();
  }, PAUSE);
}

/** Ask for the queue. */
export async function readQueue(): Promise<void> {
  try {
    const queue = await getJson(`/queue?limit=${LISTED}`, queueSchema);
    useLive.setState({ queue });
    findOwn();
  } catch {
    // The banner tells that the server is lost; the next event asks again.
  }
}

/** After a reload: jobs of the open tabs that still wait or run are theirs again. */
function findOwn(): void {
  const { queue, behind } = useLive.getState();
  if (!queue) return;
  const next = { ...behind };
  for (const tab of useTabs.getState().tabs) {
    const own = [...queue.running, ...queue.queued].filter((row) => row.client === clientOf(tab.id));
    const view = tab.job === null ? undefined : jobView(tab.job);
    const [first] = own;
    if (first && tab.job === null) updateTab(tab.id, { job: first.id });
    if (!view || !first) continue;
    const others = own.map((row) => row.id).filter((id) => id !== tab.job);
    if (others.length && !OVER.has(view.state)) next[tab.id] = others;
  }
  useLive.setState({ behind: next });
}

const CHANGING = new Set<ServerEvent["kind"]>([
  "JobQueued",
  "JobStarted",
  "JobFinished",
  "JobInterrupted",
  "Queue",
  "Paused",
]);

export const changesQueue = (event: ServerEvent): boolean => CHANGING.has(event.kind);

const told = (ask: () => Promise<unknown>): Promise<void> =>
  ask().then(
    () => readQueue(),
    (error: unknown) => {
      complain(error);
      queueSoon();
    },
  );

const of = (id: string, verb: string) => `/jobs/${encodeURIComponent(id)}/${verb}`;

/** Begin no further jobs, or begin them again. */
export const setPaused = (on: boolean): Promise<void> =>
  told(() => postJson(on ? "/queue/pause" : "/queue/resume", undefined, pausedSchema));

/** Let a queued job wait, let a held one go on, queue a parked one again. */
export const change = (id: string, verb: "hold" | "release" | "retry"): Promise<void> =>
  told(() => postJson(of(id, verb), undefined, jobSchema));

/** Give a waiting job another place. */
export const move = (id: string, to: "front" | "back" | { before: string }): Promise<void> =>
  told(() => postJson(of(id, "move"), typeof to === "string" ? { to } : to, jobSchema));
