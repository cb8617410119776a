/** "Branch from here": into the tab that the run came from, else into a tab with the run's workflow. */

import { canvasApi } from "~/canvas/api";
import { addBranch, branchFlaw } from "~/core/edits/branch";
import { graphOf } from "~/core/document";
import { type Spot, spotOf } from "~/core/flatten";
import type { NodeId, Told } from "~/core/types";
import i18next from "i18next";
import { runCommand } from "~/commands/registry";
import { openJob } from "~/live/open";
import { useDoc } from "~/stores/doc";
import { useServer } from "~/stores/server";
import { frontTab } from "~/stores/tabs";
import { useUi } from "~/stores/ui";
import { readJob } from "./client";
import { nameOf } from "./names";
import type { Run } from "./schema";
import { runOf, useRecording } from "./store";

/** Put a branch from the frame that is shown on the canvas, as one edit. */
export async function branchHere(): Promise<void> {
  const { known, frame: index } = useRecording.getState();
  const run = runOf(useRecording.getState());
  const frame = run?.frames[index];
  if (known.kind !== "there" || !run || !frame || useUi.getState().readOnly) return;
  if (!(await isFront(known.recording.job, run))) await openJob(known.recording.job);
  const spot = spotOf(useDoc.getState().doc, run.node);
  const ids = spot ? put(spot, run, frame.step) : { key: "recording:branch.no_node" };
  if (!spot || "key" in ids) return refuse("key" in ids ? ids : { key: "recording:branch.no_node" });
  const [, branch = "", , show = ""] = ids;
  useUi.getState().setPath(spot.path);
  useUi.getState().select([branch]);
  requestAnimationFrame(() => requestAnimationFrame(() => canvasApi.fit(ids)));
  const action = { label: { key: "recording:branch.run" }, run: () => void runCommand("run.here", [show]) };
  useUi.getState().toast("success", { key: "recording:branch.done" }, action);
}

const refuse = (why: Told): void => useUi.getState().toast("error", why);

/** Whether the front tab holds the sampler of a job that was queued from it. */
async function isFront(job: string, run: Run): Promise<boolean> {
  const tab = frontTab();
  const { doc } = useDoc.getState();
  const spot = spotOf(doc, run.node);
  if (!tab || !spot || graphOf(doc, spot.scope).nodes[spot.node]?.type !== run.type) return false;
  return (
    tab.job === job ||
    (await readJob(job).then(
      (row) => row.client === `editor ${tab.id}`,
      () => false,
    ))
  );
}

function put(spot: Spot, run: Run, step: number): readonly NodeId[] | Told {
  const { doc, edit } = useDoc.getState();
  const { registry } = useServer.getState();
  const flaw = branchFlaw(doc, spot.scope, registry, spot.node);
  if (flaw) return flaw;
  const args = { step: step + 1, node: nameOf(run, registry) };
  const title = i18next.t("recording:branch.frame", args);
  let ids: NodeId[] = [];
  edit({ key: "recording:branch.edit", args }, (d) => {
    ids = addBranch(d, spot.scope, registry, {
      sampler: spot.node,
      recording: run.key,
      step,
      method: run.sampler,
      title,
    });
  });
  return ids;
}
