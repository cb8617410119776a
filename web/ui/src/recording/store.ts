/** What is looked at of a recording: which job, which run of a sampler, which sampler step, how. */

import { create } from "zustand";
import type { JobRecording, Run, Token, Warnings } from "./schema";

export const VIEWS = ["x", "clean", "noise", "guidance", "attention"] as const;
export type View = (typeof VIEWS)[number];

/** A spot of the picture, each from 0 to 1. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** What is known of the job's recording: nothing yet, that there is none, why it cannot be read, or all of it. */
export type Known =
  | { readonly kind: "reading" }
  | ({ readonly kind: "none" } & Partial<Warnings>)
  | { readonly kind: "failed"; readonly text: string }
  | { readonly kind: "there"; readonly recording: JobRecording };

interface RecordingState {
  /** A job that was chosen in the history; null: the one that the front tab shows. */
  readonly chosen: string | null;
  readonly known: Known;
  /** The index of the run among the recording's. */
  readonly run: number;
  /** The index of the frame among the run's. */
  readonly frame: number;
  readonly view: View;
  /** Which picture of the batch. */
  readonly picture: number;
  readonly decoded: boolean;
  readonly playing: boolean;
  /** Of attention: the prompt, the token's index (null: the first word), the spot that is asked about. */
  readonly branch: string;
  readonly token: number | null;
  readonly spot: Spot | null;
}

const START = { run: 0, frame: 0, picture: 0, playing: false, token: null, spot: null };

export const useRecording = create<RecordingState>()(() => ({
  chosen: null,
  known: { kind: "none" },
  view: "clean",
  decoded: false,
  branch: "positive",
  ...START,
}));

/** Another recording comes; its last sampler step is shown. */
export function take(recording: JobRecording): void {
  const before = useRecording.getState();
  const same = before.known.kind === "there" && before.known.recording.job === recording.job;
  useRecording.setState({ known: { kind: "there", recording } });
  if (!same) chooseRun(0);
}

export function chooseRun(run: number): void {
  const frames = runsOf(useRecording.getState().known)[run]?.frames.length ?? 1;
  useRecording.setState({ ...START, run, frame: Math.max(0, frames - 1) });
}

const NO_RUNS: readonly Run[] = [];
export const runsOf = (known: Known): readonly Run[] => (known.kind === "there" ? known.recording.runs : NO_RUNS);

export const runOf = (s: Pick<RecordingState, "known" | "run">): Run | undefined => runsOf(s.known)[s.run];

/** Show the frame at an index, the nearest if there is none. */
export function goToFrame(index: number): void {
  const last = (runOf(useRecording.getState())?.frames.length ?? 1) - 1;
  useRecording.setState({ frame: Math.min(Math.max(0, index), Math.max(0, last)) });
}

export const stepBy = (by: number): void => goToFrame(useRecording.getState().frame + by);

/** The sampler step with attention that is nearest to another; undefined where none was kept. */
export function attentionStep(run: Run, step: number): number | undefined {
  const steps = run.attention?.steps ?? [];
  return steps.toSorted((a, b) => Math.abs(a - step) - Math.abs(b - step) || a - b)[0];
}

/** The views that a run has. */
export const viewsOf = (run: Run): readonly View[] =>
  VIEWS.filter((view) =>
    view === "attention" ? run.attention !== null : view !== "guidance" || run.branches.length > 1,
  );

/** The prompts whose words were watched. */
export const watchedBranches = (run: Run): readonly string[] =>
  Object.entries(run.attention?.tokens ?? {}).flatMap(([branch, tokens]) => (tokens.length ? [branch] : []));

/** The words of the prompt that is looked at. */
export function tokensOf(run: Run, branch: string): readonly Token[] {
  const all = run.attention?.tokens ?? {};
  return all[branch] ?? Object.values(all)[0] ?? [];
}
