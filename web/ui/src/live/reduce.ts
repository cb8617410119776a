/** A job from its events: pure, so that a replay gives what watching gave, in whatever pieces it comes. */

import type { JobState, ServerEvent } from "~/api/schema";
import type { NodeRun, Warning } from "~/stores/run";
import { secondsLeft } from "./format";

export interface JobView {
  readonly id: string;
  /** The number of the last event that is in here. */
  readonly seq: number;
  readonly state: JobState;
  /** Milliseconds since 1970, by the server's clock. */
  readonly started: number | null;
  readonly ended: number | null;
  readonly nodes: Readonly<Record<string, NodeRun>>;
  /** Of steps that a node was expanded to: which node. */
  readonly parents: Readonly<Record<string, string>>;
  readonly warnings: readonly Warning[];
  /** Of running steps: the first progress that was seen, to tell the rate from. */
  readonly since: Readonly<Record<string, { readonly done: number; readonly at: number }>>;
}

export const viewOf = (id: string): JobView => ({
  id,
  seq: 0,
  state: "queued",
  started: null,
  ended: null,
  nodes: {},
  parents: {},
  warnings: [],
  since: {},
});

type Of<K extends ServerEvent["kind"]> = Extract<ServerEvent, { kind: K }>;
type Nodes = Record<string, NodeRun>;

export const OVER: ReadonlySet<JobState> = new Set(["success", "error", "cancelled"]);

const now = (event: { time: number }) => event.time * 1000;

const put = (view: JobView, node: string, run: NodeRun): JobView => ({
  ...view,
  nodes: { ...view.nodes, [node]: run },
});

const each = (names: readonly string[], run: NodeRun): Nodes => Object.fromEntries(names.map((name) => [name, run]));

/** The job after one of its events. Those that are in it already change nothing.
 *
 * Args: at: when it came, in milliseconds; only rates are told from it.
 */
export function reduced(view: JobView, event: ServerEvent, at: number): JobView {
  if (isOfMoment(event)) return event.kind === "Progress" && event.job === view.id ? progressed(view, event, at) : view;
  if (event.job !== view.id || event.seq <= view.seq) return view;
  return { ...logged(view, event), seq: event.seq };
}

type OfMoment = Of<"Progress" | "Queue" | "Worker" | "Paused" | "Forgotten">;
type Logged = Exclude<ServerEvent, OfMoment>;

const isOfMoment = (event: ServerEvent): event is OfMoment => typeof event["seq" as keyof ServerEvent] !== "number";

function logged(view: JobView, event: Logged): JobView {
  switch (event.kind) {
    case "JobQueued":
      return { ...viewOf(view.id), warnings: view.warnings };
    case "JobStarted":
      return started(view, event);
    case "StepStarted":
      return put(view, event.node, { state: "running", started: now(event) });
    case "StepFinished":
      return finished(view, event);
    case "StepFailed":
      if (event.spared) return put(without(view, event.node), event.node, { state: "stopped" });
      return put(without(view, event.node), event.node, {
        state: "error",
        error: event.message,
        ...(event.telling && { telling: event.telling }),
        ...(event.exception && { exception: event.exception }),
      });
    case "Expanded":
      return {
        ...view,
        nodes: { ...view.nodes, ...each(event.nodes, { state: "waiting" }) },
        parents: { ...view.parents, ...Object.fromEntries(event.nodes.map((inner) => [inner, event.node])) },
      };
    case "Warned":
      return { ...view, warnings: [...view.warnings, warningOf(event)] };
    case "JobInterrupted":
      return { ...view, state: event.requeued ? "queued" : "parked", nodes: stopped(view.nodes), since: {} };
    case "JobFinished":
      return over(view, event);
  }
}

const warningOf = ({ code, message, telling }: Of<"Warned">): Warning => ({ code, message, telling });

function started(view: JobView, event: Of<"JobStarted">): JobView {
  const nodes = { ...each(event.nodes, { state: "waiting" }), ...each(event.cached, { state: "cached" }) };
  return { ...view, state: "running", started: now(event), ended: null, nodes, parents: {}, since: {} };
}

function finished(view: JobView, event: Of<"StepFinished">): JobView {
  const before = view.nodes[event.node];
  const run: NodeRun = {
    state: event.cached ? "cached" : "done",
    seconds: event.seconds,
    ...(before?.started !== undefined && { started: before.started }),
    ...(event.nbytes > 0 && { bytes: event.nbytes }),
    ...(Object.keys(event.ui).length > 0 && { shown: event.ui }),
  };
  return put(without(view, event.node), event.node, run);
}

function over(view: JobView, event: Of<"JobFinished">): JobView {
  const left = event.status === "success" ? needed(view.nodes) : stopped(view.nodes);
  return { ...view, state: event.status, ended: now(event), nodes: left, since: {} };
}

function without(view: JobView, node: string): JobView {
  const { [node]: _, ...since } = view.since;
  return { ...view, since };
}

/** What a job that ended well did not come to was not needed. */
const needed = (nodes: JobView["nodes"]): Nodes =>
  Object.fromEntries(Object.entries(nodes).filter(([, run]) => run.state !== "waiting"));

const stopped = (nodes: JobView["nodes"]): Nodes =>
  Object.fromEntries(
    Object.entries(nodes).map(([id, run]) => [
      id,
      run.state === "waiting" || run.state === "running" ? { state: "stopped" as const } : run,
    ]),
  );

function progressed(view: JobView, event: Of<"Progress">, at: number): JobView {
  const run = view.nodes[event.node];
  if (run?.state !== "running" || (run.done ?? -1) >= event.done) return view;
  const since = view.since[event.node];
  const first = since ? view : { ...view, since: { ...view.since, [event.node]: { done: event.done, at } } };
  const rate = since && at > since.at ? (1000 * (event.done - since.done)) / (at - since.at) : undefined;
  return put(first, event.node, {
    ...run,
    done: event.done,
    total: event.total,
    ...(rate !== undefined && { rate }),
  });
}

/** The share of a job that is done, from 0 to 1.
 *
 * Args: weights: seconds that nodes are likely to take; those that are not known take as long as the others do.
 */
export function shareDone(view: JobView, weights: Readonly<Record<string, number>>): number {
  if (OVER.has(view.state)) return 1;
  const runs = Object.entries(view.nodes).filter(([, run]) => run.state !== "cached");
  const known = runs.map(([id]) => weights[id]).filter((weight) => weight !== undefined);
  const usual = known.length ? known.reduce((sum, weight) => sum + weight, 0) / known.length : 1;
  let all = 0;
  let done = 0;
  for (const [id, run] of runs) {
    const weight = Math.max(weights[id] ?? usual, 1e-3);
    all += weight;
    done += weight * part(run);
  }
  return all ? done / all : 0;
}

const part = (run: NodeRun): number => {
  if (run.state === "running") return run.total && run.done ? Math.min(1, run.done / run.total) : 0;
  return run.state === "waiting" ? 0 : 1;
};

/** Whole seconds until a job is likely to be done; null: nobody knows.
 *
 * Args: weights: seconds that nodes are likely to take.
 */
export function timeLeft(view: JobView, weights: Readonly<Record<string, number>>): number | null {
  let sum = 0;
  for (const [id, run] of Object.entries(view.nodes)) {
    const weight = weights[id];
    const own = run.state === "running" ? secondsLeft(run) : null;
    if (own !== null) sum += own;
    else if (run.state === "waiting" || run.state === "running") {
      if (weight === undefined) return null;
      sum += weight * (1 - part(run));
    }
  }
  return Math.round(sum);
}
