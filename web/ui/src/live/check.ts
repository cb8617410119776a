/** The server's check of the document after each edit: problems at their inputs, what is kept, and the forecast. */

import { ApiError, postJson } from "~/api/http";
import { checked as checkedSchema, type Checked } from "~/api/schema";
import { toFile } from "~/formats/file";
import { useDoc } from "~/stores/doc";
import { type Foreseen, type Problem, useRun } from "~/stores/run";
import { useServer } from "~/stores/server";
import { meaningOf } from "./meaning";
import { placed } from "./place";

/** Milliseconds without an edit before the server is asked. */
export const PAUSE = 400;
/** Milliseconds until the next try while the worker cannot say yet what is kept. */
const AGAIN = 2000;

let timer: ReturnType<typeof setTimeout> | undefined;
let asking: AbortController | null = null;
let checkedMeaning: string | null = null;
/** A text is being composed (an input method is open): the document holds half words. */
let composing = false;

/** Ask after a pause; a later call puts it off. */
export function checkSoon(wait = PAUSE): void {
  clearTimeout(timer);
  timer = setTimeout(() => void checkNow(), wait);
}

/** Ask now; the answer of an older question is not waited for. */
export async function checkNow(): Promise<void> {
  clearTimeout(timer);
  if (composing || !useServer.getState().ready) return;
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  const { doc } = useDoc.getState();
  const meaning = meaningOf(doc);
  try {
    const told = await postJson("/check", { workflow: toFile(doc) }, checkedSchema, { signal: mine.signal });
    if (asking !== mine) return;
    checkedMeaning = meaning;
    tell(told);
    if (told.explained === "starting") checkSoon(AGAIN);
  } catch (error) {
    if (asking === mine && error instanceof ApiError && error.status === 413) checkedMeaning = meaning;
  } finally {
    if (asking === mine) asking = null;
  }
}

function tell(told: Checked): void {
  tellProblems(told.problems);
  const foreseen: Record<string, Foreseen> = {};
  const before = useRun.getState().foreseen;
  for (const { node, cached, why, seconds, facts } of told.steps)
    foreseen[node] = steady(before[node], { cached, why, seconds, facts });
  useRun.setState({ foreseen, forecast: told.forecast, runs: told.runs });
  if (told.steps.length) useServer.setState({ worker: told.explained === "known" });
}

/** The very same value where nothing changed, so that its node is not drawn again. */
const steady = <T>(before: T | undefined, next: T): T =>
  before !== undefined && JSON.stringify(before) === JSON.stringify(next) ? before : next;

/** An empty graph has nothing to run, which nobody needs to be told. */
const worthTelling = (problem: Problem): boolean =>
  problem.code !== "prompt_no_outputs" || Object.keys(useDoc.getState().doc.root.nodes).length > 0;

/** Show these problems at their nodes. */
export function tellProblems(found: readonly Problem[]): void {
  const before = useRun.getState().problems;
  const told = found.filter(worthTelling);
  const problems = Object.fromEntries(
    Object.entries(placed(useDoc.getState().doc, told)).map(([id, list]) => [id, steady(before[id], list)]),
  );
  const sorted = told.toSorted((a, b) => Number(a.severity !== "error") - Number(b.severity !== "error"));
  useRun.setState({ problems, found: sorted });
}

/** Ask again though the document is the same: a run has changed what is kept, or files have. */
export function recheck(): void {
  checkedMeaning = null;
  checkSoon();
}

function edited(): void {
  if (checkedMeaning === null || meaningOf(useDoc.getState().doc) !== checkedMeaning) checkSoon();
}

/** Check from now on; returns how to end it. */
export function watchDocument(): () => void {
  const compose = (on: boolean) => () => {
    composing = on;
    if (!on) checkSoon();
  };
  const begin = compose(true);
  const end = compose(false);
  document.addEventListener("compositionstart", begin);
  document.addEventListener("compositionend", end);
  const stops = [
    useDoc.subscribe((now, before) => now.doc !== before.doc && edited()),
    useServer.subscribe((now, before) => now.registry !== before.registry && recheck()),
    () => document.removeEventListener("compositionstart", begin),
    () => document.removeEventListener("compositionend", end),
    () => clearTimeout(timer),
  ];
  if (useServer.getState().ready) checkSoon(0);
  return () => {
    for (const stop of stops) stop();
  };
}
