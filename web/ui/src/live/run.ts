/** Running: the document goes to the queue as it is, then its seeds move on. */

import i18next from "i18next";
import { ApiError, postJson } from "~/api/http";
import { freshId } from "~/api/ids";
import { done, job as jobSchema } from "~/api/schema";
import { docOf, titleOf } from "~/files/actions";
import { toFile } from "~/formats/file";
import { useDoc } from "~/stores/doc";
import { useSettings } from "~/stores/settings";
import { frontTab, type Tab, updateTab, useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { errorText } from "~/i18n/problems";
import { checkNow, tellProblems } from "./check";
import { jobView } from "./feed";
import { OVER } from "./reduce";
import { moveSeeds } from "./seeds";
import { useLive } from "./state";

export interface RunOptions {
  /** Before all that wait. */
  readonly front?: boolean;
  /** Full ids of the nodes to make; everything that saves or shows something without it. */
  readonly targets?: readonly string[];
}

/** Queue the front tab's workflow as often as the batch count says. Gives whether nobody edited it meanwhile. */
export async function run(options: RunOptions = {}): Promise<boolean> {
  const tab = frontTab();
  if (!tab || useLive.getState().sending) return false;
  let still = true;
  useLive.setState({ sending: true });
  try {
    const { batch } = useLive.getState();
    const group = `run ${Date.now()}`;
    for (let n = 0; n < (options.targets ? 1 : batch); n++) {
      const { doc } = useDoc.getState();
      await submit(tab.id, options);
      still &&= useDoc.getState().doc === doc;
      if (frontTab()?.id === tab.id) moveSeeds(group);
    }
  } catch (error) {
    refused(error);
  } finally {
    useLive.setState({ sending: false });
  }
  return still;
}

/** Sampler steps, spread evenly, at which attention is kept when it is recorded. */
const ATTENTION = 8;

/** What the settings want recorded, as the server is told. */
const RECORD = { off: {}, steps: { record: true }, attention: { record: { attention: ATTENTION } } };

async function submit(tab: string, { front = false, targets }: RunOptions): Promise<void> {
  const of = useTabs.getState().tabs.find((t) => t.id === tab);
  if (!of) return;
  const body = {
    id: freshId(),
    workflow: toFile(docOf(of)),
    client: clientOf(tab),
    title: titleOf(of).slice(0, 200),
    front,
    ...(targets && { targets: [...targets] }),
    ...RECORD[useSettings.getState().record],
  };
  const row = await sent(body);
  const now = useTabs.getState().tabs.find((t) => t.id === tab);
  if (now) enqueue(now, row.id);
}

/** Whose a job is: the tab that it was queued from, to find it again after a reload. */
export const clientOf = (tab: string): string => `editor ${tab}`.slice(0, 100);

type Body = Parameters<typeof postJson>[1];

/** Twice when the first answer was lost: the same id gives the same job. */
async function sent(body: Body) {
  try {
    return await postJson("/jobs", body, jobSchema);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 0) throw error;
    return postJson("/jobs", body, jobSchema);
  }
}

/** The tab shows the job, or after the one that it shows now. */
function enqueue(tab: Tab, job: string): void {
  const shown = tab.job === null ? undefined : jobView(tab.job);
  if (shown && !OVER.has(shown.state) && shown.state !== "parked")
    useLive.setState((s) => ({ behind: { ...s.behind, [tab.id]: [...(s.behind[tab.id] ?? []), job] } }));
  else updateTab(tab.id, { job });
}

/** A job begins or is over: the tab that waited for it shows it, the next one in line otherwise. */
export function advance(job: string, what: "started" | "over"): void {
  const { behind } = useLive.getState();
  for (const [tab, jobs] of Object.entries(behind)) {
    if (!jobs.includes(job)) continue;
    useLive.setState({ behind: { ...behind, [tab]: jobs.filter((id) => id !== job) } });
    if (what === "started") updateTab(tab, { job });
  }
}

function refused(error: unknown): void {
  const { toast, panels, toggle } = useUi.getState();
  if (error instanceof ApiError && error.problems.length > 0) {
    tellProblems(error.problems);
    const errors = error.problems.filter((problem) => problem.severity === "error").length;
    const label = { key: "live:problems.look" };
    const open = () => panels.right !== "problems" && toggle("right", "problems");
    toast("error", { key: "live:run.refused", args: { count: errors || error.problems.length } }, { label, run: open });
    void checkNow();
  } else toast("error", textOf(error));
}

/** What went wrong, in the reader's language where it is known. */
export const textOf = (error: unknown): string => {
  if (error instanceof ApiError && error.status === 0) return i18next.t("live:lost.request");
  if (error instanceof ApiError) return errorText(error);
  return error instanceof Error ? error.message : String(error);
};

/** Tell a failure to the user. */
export const complain = (error: unknown): void => useUi.getState().toast("error", textOf(error));

/** End a job, queued or running. */
export async function cancel(id: string): Promise<void> {
  try {
    await postJson(`/jobs/${encodeURIComponent(id)}/cancel`, undefined, done);
  } catch (error) {
    complain(error);
  }
}

/** End what the front tab shows running; if it shows nothing that runs, whatever runs. */
export async function interrupt(): Promise<void> {
  const own = frontTab()?.job;
  const view = own ? jobView(own) : undefined;
  const running = useLive.getState().queue?.running ?? [];
  const ids = own && view && !OVER.has(view.state) ? [own] : running.map((row) => row.id);
  await Promise.all(ids.map(cancel));
}
