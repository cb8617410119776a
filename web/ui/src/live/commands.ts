/** Commands of running and of the queue. Keys as in ComfyUI. */

import { type Command, registerCommands } from "~/commands/registry";
import { useRun } from "~/stores/run";
import { prefixOf, useUi } from "~/stores/ui";
import { recheck } from "./check";
import { goToNext, troubled } from "./goto";
import { setPaused } from "./queue";
import { refresh } from "./refresh";
import { cancel, complain, interrupt, run, type RunOptions } from "./run";
import { useLive } from "./state";

/** Full ids of the nodes that a command is about: given ones, else the selected ones. */
function targetsOf(args: unknown): string[] {
  const { path, selection } = useUi.getState();
  const ids = Array.isArray(args) ? args.filter((id) => typeof id === "string") : [...selection];
  return ids.map((id) => prefixOf(path) + id);
}

const queue = async (options?: RunOptions): Promise<void> => void (await run(options));

const COMMANDS: readonly Command[] = [
  { id: "run.queue", title: "live:command.queue", keys: ["Mod+Enter"], inText: true, run: () => queue() },
  {
    id: "run.front",
    title: "live:command.front",
    keys: ["Mod+Shift+Enter"],
    inText: true,
    run: () => queue({ front: true }),
  },
  {
    id: "run.interrupt",
    title: "live:command.interrupt",
    keys: ["Mod+Alt+Enter"],
    inText: true,
    when: () => useRun.getState().current !== null || (useLive.getState().queue?.running.length ?? 0) > 0,
    run: interrupt,
  },
  {
    id: "run.here",
    title: "live:command.here",
    when: () => useUi.getState().selection.size > 0,
    run: (args) => queue({ targets: targetsOf(args) }),
  },
  {
    id: "run.nextProblem",
    title: "live:command.nextProblem",
    keys: ["F8"],
    when: () => troubled().length > 0,
    run: goToNext,
  },
  {
    id: "queue.clear",
    title: "live:command.clear",
    when: () => (useLive.getState().queue?.queued.length ?? 0) > 0,
    run: async () => {
      await Promise.all((useLive.getState().queue?.queued ?? []).map((job) => cancel(job.id)));
    },
  },
  { id: "queue.pause", title: "live:command.pause", run: () => setPaused(!useLive.getState().queue?.paused) },
  {
    id: "app.refresh",
    title: "live:command.refresh",
    keys: ["R"],
    run: () => refresh().then(recheck, complain),
  },
];

registerCommands(COMMANDS);
