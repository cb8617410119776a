/** What the panel follows: the front tab's run when it is over, unless a job of the history was chosen. */

import { useLive } from "~/live/state";
import { useRun } from "~/stores/run";
import { useSettings } from "~/stores/settings";
import { useUi } from "~/stores/ui";
import { load, recordingOf } from "./load";
import { openRecording, PANEL } from "./open";
import { useRecording } from "./store";

const OVER: ReadonlySet<string> = new Set(["success", "error", "cancelled", "parked"]);
/** Milliseconds after its end for which a run is news. */
const NEWS = 15_000;

const TOLD = "recording:told.text";

/** Whoever looks at the panel need not be told of it. */
function untell(): void {
  const { toasts, dismiss } = useUi.getState();
  for (const { id, text } of toasts) if (typeof text !== "string" && text.key === TOLD) dismiss(id);
}

const isOpen = (): boolean => useUi.getState().panels.right === PANEL;

/** The front tab's job, if it is over. */
function ownJob(): string | null {
  const { job, current } = useRun.getState();
  return OVER.has(current?.state ?? "") ? job : null;
}

/** What was asked for last: a job, and how many had ended by then. */
let asked = "";

function look(): void {
  if (!isOpen()) return;
  untell();
  const job = useRecording.getState().chosen ?? ownJob();
  const question = `${job} ${useLive.getState().ended}`;
  if (question === asked) return;
  asked = question;
  void load(job);
}

/** Begin to follow; returns how to end it. */
export function follow(): () => void {
  let over = ownJob();
  asked = "";
  const ends = [
    useRun.subscribe((now, before) => {
      if (now.job !== before.job) useRecording.setState({ chosen: null, playing: false });
      if (now.job === before.job && now.current === before.current) return;
      look();
      const own = ownJob();
      if (own !== null && own !== over) void tell(own);
      over = own;
    }),
    useLive.subscribe((now, before) => now.ended !== before.ended && look()),
    useUi.subscribe((now, before) => now.panels !== before.panels && look()),
    useRecording.subscribe((now, before) => now.chosen !== before.chosen && look()),
  ];
  look();
  return () => {
    for (const end of ends) end();
  };
}

/** Say that a run which just ended can be looked at. */
async function tell(job: string): Promise<void> {
  const ended = useRun.getState().current?.ended ?? 0;
  const news = Date.now() - ended < NEWS && useLive.getState().mode === "once";
  if (!news || isOpen() || useSettings.getState().record === "off") return;
  const found = await recordingOf(job).catch(() => null);
  const count = found?.runs.reduce((sum, run) => sum + run.frames.length, 0) ?? 0;
  if (!count || isOpen()) return;
  const action = { label: { key: "recording:told.look" }, run: () => openRecording(null) };
  useUi.getState().toast("success", { key: TOLD, args: { count } }, action);
}
