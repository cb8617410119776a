/** A job's view as the stores tell it to the canvas. */

import type { JobError } from "~/api/schema";
import type { JsonObject } from "~/core/types";
import { type JobRun, type NodeRun, useRun } from "~/stores/run";
import { useTabs } from "~/stores/tabs";
import { withInstances } from "./instances";
import { type JobView, shareDone, timeLeft } from "./reduce";
import { foreseenSeconds, weightsOf } from "./weights";
import { useLive } from "./state";

type Shown = Readonly<Record<string, JsonObject>>;

/** What the nodes of each tab show; a picture stays until the next one is there. */
const shownIn = new Map<string, Shown>();

/** Let the stores tell of this job; null: of none. */
export function show(view: JobView | null, error: JobError | null): void {
  const { front } = useTabs.getState();
  const before = useRun.getState();
  if (!view) {
    const shown = shownIn.get(front) ?? {};
    if (before.job !== null || before.shown !== shown) useRun.setState({ job: null, current: null, nodes: {}, shown });
    return;
  }
  const nodes = withInstances(view.nodes, view.parents, before.nodes);
  const shown = remembered(shownIn.get(front) ?? {}, nodes);
  shownIn.set(front, shown);
  useRun.setState({ job: view.id, current: current(view, error, before.current), nodes, shown });
  forgetPreview(view);
}

function remembered(before: Shown, nodes: Readonly<Record<string, NodeRun>>): Shown {
  let shown = before;
  for (const [id, run] of Object.entries(nodes))
    if (run.shown && shown[id] !== run.shown) shown = { ...shown, [id]: run.shown };
  return shown;
}

function current(view: JobView, error: JobError | null, before: JobRun | null): JobRun {
  const ids = Object.keys(view.nodes);
  const { id, state, started, ended, warnings } = view;
  const left = state === "running" ? timeLeft(view, foreseenSeconds(ids)) : null;
  const next = { id, state, started, ended, error, warnings, left, progress: shareDone(view, weightsOf(ids)) };
  const same = before && (Object.keys(next) as (keyof JobRun)[]).every((key) => before[key] === next[key]);
  return same ? before : next;
}

/** The large preview ends with its job, or when a picture takes its place. */
function forgetPreview(view: JobView): void {
  const { preview } = useLive.getState();
  if (!preview) return;
  const other = preview.job !== view.id;
  const pictured = Object.values(view.nodes).some((run) => run.state === "done" && run.shown);
  if (other || pictured || view.ended !== null) useLive.setState({ preview: null });
}
