/** What a run tells a listener: that it began, how far a node is now and then, how it ended. */

import type { JobState } from "~/api/schema";

export interface Heard {
  readonly job: string | null;
  readonly state: JobState | null;
  /** The node that runs, by name, and its sampler steps. */
  readonly running: { readonly name: string; readonly done: number; readonly total: number } | null;
  readonly pictures: number;
  /** Of a job that failed: at which node, and why. */
  readonly error: { readonly name: string; readonly text: string } | null;
}

export interface Saying {
  /** Under outline:run. */
  readonly key: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** Milliseconds between two tellings of progress. */
export const PAUSE = 8000;

/** What to tell after a change; null: nothing worth an interruption.
 *
 * Args: since: milliseconds since the last telling.
 */
export function saying(before: Heard, after: Heard, since: number): Saying | null {
  const began = after.job !== before.job || after.state !== before.state;
  if (began && after.state !== null) return turn(before, after);
  const { running } = after;
  if (after.state !== "running" || !running || since < PAUSE || !running.total) return null;
  if (running.done === before.running?.done && running.name === before.running.name) return null;
  return { key: "step", args: { name: running.name, done: running.done, total: running.total } };
}

function turn(before: Heard, after: Heard): Saying | null {
  const same = after.job === before.job;
  switch (after.state) {
    case "queued":
      return same ? null : { key: "queued" };
    case "running":
      return { key: "started" };
    case "success":
      return same ? { key: "success", args: { count: after.pictures } } : null; // an old job that a tab shows again
    case "error":
      return same ? { key: after.error ? "error" : "failed", args: { ...after.error } } : null;
    case "cancelled":
      return same ? { key: "cancelled" } : null;
    case "parked":
      return { key: "parked" };
    default:
      return null;
  }
}
