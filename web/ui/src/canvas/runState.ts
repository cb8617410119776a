/** What of a run a node shows; selectors give plain values, so that a node is drawn anew only when its own change. */

import { useTranslation } from "react-i18next";
import { type NodeRun, type Problem, useRun } from "~/stores/run";
import { prefixOf, useUi } from "~/stores/ui";

/** The id that the run knows a node of this canvas by. */
export const useFullId = (id: string): string => useUi((s) => prefixOf(s.path)) + id;

const NONE: readonly Problem[] = [];

export const useProblems = (full: string): readonly Problem[] => useRun((s) => s.problems[full] ?? NONE);

/** "running", "cached", …; "error" also while the check says that it cannot run. */
export function useNodeState(full: string): NodeRun["state"] | "wrong" | "idle" {
  return useRun((s) => {
    const state = s.nodes[full]?.state;
    if (state === "error" || state === "running") return state;
    if (s.problems[full]?.some((p) => p.severity === "error")) return "wrong";
    return state ?? "idle";
  });
}

/** From 0 to 1; null while nothing is known of it. */
export function progressOf(run: NodeRun | undefined): number | null {
  if (run?.state !== "running" || !run.total) return null;
  return Math.min(1, (run.done ?? 0) / run.total);
}

const percent = (run: NodeRun | undefined): number | null => {
  const share = progressOf(run);
  return share === null ? null : Math.round(share * 100);
};

/** "running 40 %", "waiting", …; "" where there is nothing to say. */
export function useStateText(full: string): string {
  const { t } = useTranslation("canvas");
  const state = useNodeState(full);
  const share = useRun((s) => percent(s.nodes[full]));
  if (state === "idle") return "";
  return share === null ? t(`state.${state}`) : t("state.running_at", { percent: share });
}
