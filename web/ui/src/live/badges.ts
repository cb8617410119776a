/** What a node's header tells of its run. */

import { useShallow } from "zustand/react/shallow";
import { type NodeRun, useRun, type Why } from "~/stores/run";

export interface NodeBadges {
  /** Of the latest run; undefined: it was not in it. */
  readonly state: NodeRun["state"] | undefined;
  /** Its result is there already: the next run takes it from what is kept. Null: not known. */
  readonly kept: boolean | null;
  /** Why the next run would run it. */
  readonly why: Why | null;
  readonly done: number | undefined;
  readonly total: number | undefined;
  readonly rate: number | undefined;
  /** Of the latest run. */
  readonly seconds: number | undefined;
  readonly bytes: number | undefined;
  readonly error: string | undefined;
  /** Of the latest check. */
  readonly errors: number;
  readonly warnings: number;
}

/** By full id. Re-renders only when something of this node changed. */
export const useNodeBadges = (id: string): NodeBadges =>
  useRun(
    useShallow((s): NodeBadges => {
      const run = s.nodes[id];
      const foreseen = s.foreseen[id];
      const problems = s.problems[id] ?? [];
      const errors = problems.filter((problem) => problem.severity === "error").length;
      return {
        state: run?.state,
        kept: foreseen?.cached ?? null,
        why: foreseen?.why ?? null,
        done: run?.done,
        total: run?.total,
        rate: run?.rate,
        seconds: run?.seconds,
        bytes: run?.bytes,
        error: run?.error,
        errors,
        warnings: problems.length - errors,
      };
    }),
  );
