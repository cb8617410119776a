/** What runs: the state of each node of the front tab's job, by its full id ("12:3" inside the instance 12).
 * Nothing of it is in the document, and a change re-renders only who looks at that node. */

import { create } from "zustand";
import type { JsonObject } from "~/core/types";

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
  /** Of the step, after it. */
  readonly seconds?: number;
  readonly bytes?: number;
  /** An object URL of the latest preview. */
  readonly preview?: string;
  /** What the node shows: `images` and others, as the server tells them. */
  readonly shown?: JsonObject;
  readonly error?: string;
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

interface RunState {
  /** The job that `nodes` is about. */
  readonly job: string | null;
  readonly nodes: Readonly<Record<string, NodeRun>>;
  /** By full node id, from the latest check; those of the whole file are under "". */
  readonly problems: Readonly<Record<string, readonly Problem[]>>;
  readonly foreseen: Readonly<Record<string, Foreseen>>;
}

export const useRun = create<RunState>()(() => ({ job: null, nodes: {}, problems: {}, foreseen: {} }));
