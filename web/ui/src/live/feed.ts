/** Events of the server into the stores: gathered and taken once a frame, so that twenty a second cost one render. */

import { ApiError, getJson } from "~/api/http";
import { type JobError, type PreviewHead, type ServerEvent, job as jobSchema } from "~/api/schema";
import { type Connection, type Feed, openFeed, recorded } from "~/api/socket";
import { useServer } from "~/stores/server";
import { frontTab, useTabs } from "~/stores/tabs";
import { Previews } from "./previews";
import { type JobView, OVER, reduced, viewOf } from "./reduce";
import { show } from "./mirror";
import { useLive } from "./state";

/** Jobs that are remembered though no tab shows them. */
const KEPT = 30;
/** Milliseconds for which a preview's URL outlives its step: the picture that takes its place is still to come. */
const LINGER = 4000;

type Heard = (event: ServerEvent) => void;

const views = new Map<string, JobView>();
const errors = new Map<string, JobError>();
const listeners = new Set<Heard>();
let waiting: { event: ServerEvent; at: number }[] = [];
let scheduled = false;
let feed: Feed | null = null;

/** Be told of each event, after the stores know it. Returns how to stop that. */
export function hear(listener: Heard): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export const jobView = (id: string): JobView | undefined => views.get(id);

/** In the next frame; in a hidden page, where there are none, soon. */
function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(flush, 100);
  else requestAnimationFrame(flush);
}

/** Take all events that came. */
export function flush(): void {
  scheduled = false;
  const some = waiting;
  waiting = [];
  for (const { event, at } of some) take(event, at);
  mirror();
  for (const { event } of some) for (const listener of listeners) listener(event);
}

function take(event: ServerEvent, at: number): void {
  if (!("job" in event) || typeof event.job !== "string") return;
  const view = views.get(event.job) ?? (event.kind === "JobQueued" ? viewOf(event.job) : undefined);
  if (!view) return;
  const next = reduced(view, event, at);
  if (next === view) return;
  views.set(view.id, next);
  if (event.kind === "StepFinished" || event.kind === "StepFailed") previews.drop(view.id, event.node, LINGER);
  if (OVER.has(next.state)) previews.drop(view.id, undefined, LINGER);
  if (event.kind === "JobFinished" && event.status === "error") void learnError(view.id);
}

async function learnError(id: string): Promise<void> {
  try {
    const { error } = await getJson(`/jobs/${encodeURIComponent(id)}`, jobSchema);
    if (error) errors.set(id, error);
    mirror();
  } catch {
    // The node's own message is in its event; the job's sentence is told by the queue panel later.
  }
}

const previews = new Previews((head, url) => {
  const view = views.get(head.job);
  const run = view?.nodes[head.node];
  if (!view || run?.state !== "running") return;
  views.set(view.id, { ...view, nodes: { ...view.nodes, [head.node]: { ...run, preview: url } } });
  if (frontTab()?.job === view.id)
    useLive.setState({ preview: { job: head.job, node: head.node, url, width: head.width, height: head.height } });
  schedule();
});

function preview(head: PreviewHead, picture: Blob): void {
  if (views.has(head.job)) previews.take(head, picture);
}

function mirror(): void {
  const id = frontTab()?.job ?? null;
  show(id === null ? null : (views.get(id) ?? viewOf(id)), id === null ? null : (errors.get(id) ?? null));
}

/** Read what is recorded of a job, from where its view ends; a job that the server does not know is forgotten. */
export async function replay(id: string): Promise<void> {
  const view = views.get(id) ?? viewOf(id);
  try {
    const row = await getJson(`/jobs/${encodeURIComponent(id)}`, jobSchema);
    if (row.error) errors.set(id, row.error);
    const events = await recorded(id, view.seq);
    const at = Date.now();
    views.set(
      id,
      events.reduce((v, event) => reduced(v, event, at), views.get(id) ?? view),
    );
    trim();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) views.delete(id);
  }
  mirror();
}

function trim(): void {
  const shown = new Set(useTabs.getState().tabs.map((tab) => tab.job));
  for (const [id, view] of views) {
    if (views.size <= KEPT) return;
    if (!shown.has(id) && OVER.has(view.state)) views.delete(id);
  }
}

/** Of all tabs: those that are not known, or had not ended when they were last heard of. */
async function replayTabs(): Promise<void> {
  const jobs = useTabs.getState().tabs.map((tab) => tab.job);
  const open = jobs.filter((id) => id !== null).filter((id) => !OVER.has(views.get(id)?.state ?? "queued"));
  await Promise.all([...new Set(open)].map(replay));
}

function connection(state: Connection): void {
  useServer.setState(state === "open" ? { connection: state } : { connection: state, worker: false });
  if (state === "open") void replayTabs();
}

/** Begin to listen; returns how to end it. */
export function listen(): () => void {
  feed = openFeed({
    event(event) {
      waiting.push({ event, at: Date.now() });
      schedule();
    },
    preview,
    connection,
  });
  const stop = useTabs.subscribe((now, before) => {
    const id = frontTab()?.job ?? null;
    if (id === (before.tabs.find((tab) => tab.id === before.front)?.job ?? null) && now.front === before.front) return;
    if (id !== null && !views.has(id)) void replay(id);
    mirror();
  });
  return () => {
    stop();
    feed?.close();
    feed = null;
  };
}

/** Try to reach the server now. */
export const reconnect = (): void => feed?.retry();
