/** What runs: the state of each node of the front tab's job, by its full id ("12:3" inside the instance 12; the
 * instance 12 has an entry of its own that sums up what is inside it). Nothing of it is in the document, and a change
 * re-renders only who looks at that node. */

import { create } from "zustand";
import type { Forecast, JobError, JobState } from "~/api/schema";
import type { JsonObject } from "~/core/types";
import type { Sentence } from "~/i18n/sentences";

export interface Why {
  readonly code: string;
  readonly args: JsonObject;
  readonly text: string;
}

export interface NodeRun {
  readonly state: "waiting" | "running" | "done" | "cached" | "error" | "stopped";
  readonly done?: number;
  /** 0: unknown. */
  readonly total?: number;
  /** Milliseconds since 1970, by the server's clock. */
  readonly started?: number;
  /** Sampler steps (or whatever `done` counts) per second, once two were seen. */
  readonly rate?: number;
  /** Of the step, after it. */
  readonly seconds?: number;
  /** Of its results, after it. */
  readonly bytes?: number;
  /** An object URL of the latest preview. */
  readonly preview?: string;
  /** What the node shows: `images` and others, as the server tells them. */
  readonly shown?: JsonObject;
  readonly error?: string;
  /** `error` as a sentence and its values. */
  readonly telling?: Sentence;
  /** The kind of exception, with `error`. */
  readonly exception?: string;
}

export interface Problem {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly node: string | null;
  readonly input: string | null;
  readonly args: JsonObject;
  readonly message: string;
  readonly mend: { readonly kind: string; readonly args: JsonObject } | null;
}

/** What the server's check says of a node before the run. */
export interface Foreseen {
  readonly cached: boolean | null;
  readonly why: Why | null;
  readonly seconds: { readonly low: number; readonly typical: number; readonly high: number } | null;
  /** Of each output: family, width, height, batch, channels, frames, bytes, … */
  readonly facts: readonly JsonObject[];
}

/** What is amiss with a job, and fails nothing. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  /** `message` as a sentence and its values. */
  readonly telling: Sentence | null;
}

/** The job that the canvas shows, as a whole. */
export interface JobRun {
  readonly id: string;
  readonly state: JobState;
  /** Milliseconds since 1970, by the server's clock. */
  readonly started: number | null;
  readonly ended: number | null;
  readonly error: JobError | null;
  /** From 0 to 1; steps count by the time that they are likely to take. */
  readonly progress: number;
  /** Whole seconds that it is likely to take still; null: not known. */
  readonly left: number | null;
  readonly warnings: readonly Warning[];
}

interface RunState {
  /** The job that `nodes` is about. */
  readonly job: string | null;
  readonly current: JobRun | null;
  readonly nodes: Readonly<Record<string, NodeRun>>;
  /** What nodes show, also from the tab's jobs before this one: a picture stays until the next one is there. */
  readonly shown: Readonly<Record<string, JsonObject>>;
  /** By full node id, from the latest check; those of the whole file are under "". An instance of a subgraph has those
   * of what is inside it too, at the port that feeds the input where there is one. */
  readonly problems: Readonly<Record<string, readonly Problem[]>>;
  /** Each problem once, errors first. */
  readonly found: readonly Problem[];
  readonly foreseen: Readonly<Record<string, Foreseen>>;
  /** Time and memory of the whole run; null: not known. */
  readonly forecast: Forecast | null;
  /** Whether the document as it is can run; null: not checked yet. */
  readonly runs: boolean | null;
}

export const useRun = create<RunState>()(() => ({
  job: null,
  current: null,
  nodes: {},
  shown: {},
  problems: {},
  found: [],
  foreseen: {},
  forecast: null,
  runs: null,
}));
