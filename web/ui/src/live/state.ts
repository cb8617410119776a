/** What the live parts know beside the nodes: the queue, how runs are begun, the latest preview. */

import { create } from "zustand";
import type { Queue } from "~/api/schema";

export type RunMode = "once" | "change" | "instant";

/** The latest preview of the shown job. It stays until another comes or its job's picture is there. */
export interface Previewed {
  readonly job: string;
  readonly node: string;
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

interface LiveState {
  readonly queue: Queue | null;
  readonly mode: RunMode;
  /** Runs that one press of the button queues. */
  readonly batch: number;
  /** Jobs of each tab that wait behind the one it shows, first first. */
  readonly behind: Readonly<Record<string, readonly string[]>>;
  readonly preview: Previewed | null;
  /** Grows when a job ended: lists of pictures and jobs are out of date. */
  readonly ended: number;
  /** A workflow is on its way to the queue. */
  readonly sending: boolean;
}

export const useLive = create<LiveState>()(() => ({
  queue: null,
  mode: "once",
  batch: 1,
  behind: {},
  preview: null,
  ended: 0,
  sending: false,
}));

/** Be told when a job has ended. Returns how to stop that. */
export const onEnded = (told: () => void): (() => void) =>
  useLive.subscribe((now, before) => now.ended !== before.ended && told());
