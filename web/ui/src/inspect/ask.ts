/** The value of the card's output, asked for when it may have changed: after an edit, and when a run has ended. */

import { ApiError, postJson } from "~/api/http";
import { toFile } from "~/formats/file";
import { errorText, problemText } from "~/i18n/problems";
import { onEnded } from "~/live/state";
import { useDoc } from "~/stores/doc";
import { type NodeRun, useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { frontTab, useTabs } from "~/stores/tabs";
import { outletOf } from "./outlet";
import { valueAnswer } from "./schema";
import { type Answer, useInspect } from "./store";

/** Milliseconds without an edit before the server is asked again. */
const PAUSE = 350;
/** Milliseconds until the next try while the worker starts. */
const AGAIN = 1500;

/** The full id of the node that was asked about last. */
let asked: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let asking: AbortController | null = null;

function soon(wait: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void ask(), wait);
}

/** Ask now; an older question's answer is not waited for. */
export async function ask(): Promise<void> {
  clearTimeout(timer);
  asking?.abort();
  const { subject } = useInspect.getState();
  if (!subject) return;
  const { doc } = useDoc.getState();
  const outlet = outletOf(doc, subject);
  asked = outlet?.full ?? null;
  if (!outlet) return useInspect.setState({ answer: { state: "off" } });
  if (!useServer.getState().worker) return; // it is asked when it answers
  const mine = new AbortController();
  asking = mine;
  const job = frontTab()?.job ?? null;
  const body = { workflow: toFile(doc), node: outlet.full, output: outlet.output, ...(job !== null && { job }) };
  const answer = await answered(body, mine.signal);
  if (mine.signal.aborted) return;
  asking = null;
  if (answer === null) soon(AGAIN);
  else useInspect.setState({ answer });
}

/** null: the worker is starting. */
async function answered(body: Parameters<typeof postJson>[1], signal: AbortSignal): Promise<Answer | null> {
  try {
    return { state: "told", value: await postJson("/values", body, valueAnswer, { signal }) };
  } catch (error) {
    if (error instanceof ApiError && (error.code === "busy" || error.status === 0)) return null;
    return { state: "refused", text: refusal(error) };
  }
}

/** The first of what is wrong with the workflow above the node, else the server's sentence. */
function refusal(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  const [first] = error.problems;
  return first ? problemText(first) : errorText(error);
}

const made = (nodes: Readonly<Record<string, NodeRun>>): boolean => {
  const state = asked === null ? undefined : nodes[asked]?.state;
  return state === "done" || state === "cached";
};

/** Keep the card's value new; returns how to end it. */
export function follow(): () => void {
  const stops = [
    useInspect.subscribe((now, before) => now.subject !== before.subject && void ask()),
    useDoc.subscribe((now, before) => now.doc !== before.doc && useInspect.getState().subject && soon(PAUSE)),
    useTabs.subscribe((now, before) => now.front !== before.front && useInspect.setState({ subject: null })),
    useServer.subscribe((now, before) => now.worker && !before.worker && soon(0)),
    useRun.subscribe((now, before) => made(now.nodes) && !made(before.nodes) && soon(0)),
    onEnded(() => soon(0)),
    () => clearTimeout(timer),
    () => asking?.abort(),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
