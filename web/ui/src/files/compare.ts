/** Comparing the front tab with something: its marks follow every edit. */

import i18next from "i18next";
import { getJson } from "~/api/http";
import { jobWorkflow, object } from "~/api/schema";
import { diff } from "~/core/diff";
import type { Doc } from "~/core/types";
import { toDoc } from "~/formats/file";
import { readJson } from "~/formats/json";
import { useDiff } from "~/stores/diff";
import { useDoc } from "~/stores/doc";
import { frontTab, useTabs } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { tellFailure } from "./failures";

export const PANEL = "changes";

/** Show what the front tab has that `doc` has not. */
export function compareWith(doc: Doc, name: string): void {
  useDiff.setState({ against: { doc, name, tab: useTabs.getState().front } });
  compareAgain();
  const { panels, toggle } = useUi.getState();
  if (panels.right !== PANEL) toggle("right", PANEL);
}

export function endComparison(): void {
  useDiff.setState({ against: null, graphs: [] });
  const { panels, toggle } = useUi.getState();
  if (panels.right === PANEL) toggle("right", PANEL);
}

/** The differences of the present document; none while another tab is in front. */
function compareAgain(): void {
  const { against } = useDiff.getState();
  if (!against) return;
  const shown = against.tab === useTabs.getState().front;
  useDiff.setState({ graphs: shown ? diff(against.doc, useDoc.getState().doc) : [] });
}

/** Keep the comparison true as the document changes, and tabs come and go. */
export function watchComparison(): void {
  useDoc.subscribe((now, before) => now.doc !== before.doc && compareAgain());
  useTabs.subscribe((now, before) => {
    if (now.front === before.front) return;
    const { against } = useDiff.getState();
    if (against && !now.tabs.some((tab) => tab.id === against.tab)) endComparison();
    else compareAgain();
  });
}

/** What changed since the latest run of the front tab was queued. */
export async function compareWithLastRun(): Promise<void> {
  const job = frontTab()?.job;
  if (!job) return;
  try {
    const told = await getJson(`/jobs/${encodeURIComponent(job)}/workflow`, jobWorkflow);
    compareWith(toDoc(sourceOf(told)).doc, i18next.t("files:compare.lastRun"));
  } catch (error) {
    tellFailure(error);
  }
}

/** The file that was queued: as an object or as text; the plain graph where that says the same. */
function sourceOf({ source, graph }: { source: unknown; graph: Parameters<typeof toDoc>[0] }): typeof graph {
  const value = typeof source === "string" ? readJson(source) : source;
  const file = object.safeParse(value);
  return file.success ? file.data : graph;
}
