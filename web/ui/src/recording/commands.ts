/** Commands of recordings. */

import { type Command, registerCommands } from "~/commands/registry";
import { getJson } from "~/api/http";
import { jobs as jobsSchema } from "~/api/schema";
import { complain } from "./complain";
import { branchHere } from "./branch";
import { choose, compare, endChoosing, useChoosing } from "./choose";
import { openRecording, PANEL } from "./open";
import { goToFrame, runOf, stepBy, useRecording } from "./store";
import { useUi } from "~/stores/ui";
import { job as jobSchema } from "~/api/schema";

const title = (name: string) => `recording:command.${name}`;
const there = (): boolean => runOf(useRecording.getState()) !== undefined;
const inPanel = { target: PANEL, when: there, repeats: true } as const;

/** The latest two runs that ended well. */
async function compareLatest(): Promise<void> {
  const { jobs } = await getJson("/jobs?state=success&limit=2", jobsSchema);
  const [after, before] = jobs;
  if (after && before) compare(before, after);
  else useUi.getState().toast("info", { key: "recording:why.needs_two" });
}

const COMMANDS: readonly Command[] = [
  {
    id: "recording.open",
    title: title("open"),
    hidden: true,
    run: (job) => openRecording(typeof job === "string" ? job : null),
  },
  { id: "recording.branch", title: title("branch"), when: there, run: branchHere },
  { id: "recording.before", title: title("before"), keys: [","], ...inPanel, run: () => stepBy(-1) },
  { id: "recording.next", title: title("next"), keys: ["."], ...inPanel, run: () => stepBy(1) },
  { id: "recording.first", title: title("first"), when: there, run: () => goToFrame(0) },
  { id: "recording.why", title: title("why"), run: () => compareLatest().catch(complain) },
  {
    id: "recording.choose",
    title: title("choose"),
    hidden: true,
    run: (job) => {
      const read = jobSchema.safeParse(job);
      if (read.success) choose(read.data);
    },
  },
  {
    id: "recording.endChoosing",
    title: title("endChoosing"),
    when: () => useChoosing.getState().first !== null,
    run: endChoosing,
  },
];

registerCommands(COMMANDS);
