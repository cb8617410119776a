/** What a run does to the boxes: drawn on a sheet of its own, so that progress does not draw the graph again. */

import type { NodeRun, Problem } from "~/stores/run";
import type { Rect, View } from "../api";
import { overlaps } from "../places";
import { progressOf } from "../runState";
import { ink } from "./inks";
import type { Box } from "./scene";

export interface Running {
  readonly nodes: Readonly<Record<string, NodeRun>>;
  readonly problems: Readonly<Record<string, readonly Problem[]>>;
  readonly prefix: string;
}

/** A frame's colour, if the run says anything of a box. */
export function frameColor({ nodes, problems, prefix }: Running, id: string): string | null {
  const run = nodes[prefix + id];
  if (run?.state === "error" || problems[prefix + id]?.some((p) => p.severity === "error")) return "var(--danger)";
  if (run?.state === "running") return "var(--node-running)";
  if (run?.state === "cached" || run?.state === "done") return "var(--node-cached)";
  return null;
}

export function paintRun(
  context: CanvasRenderingContext2D,
  boxes: readonly Box[],
  running: Running,
  { zoom }: View,
  seen: Rect,
): void {
  for (const box of boxes) {
    const color = box.kind === "node" ? frameColor(running, box.id) : null;
    if (color === null || !overlaps(seen, box)) continue;
    const [x, y] = box.pos;
    const [w, h] = box.size;
    const loud = color !== "var(--node-cached)";
    context.strokeStyle = context.fillStyle = ink(color);
    context.globalAlpha = loud ? 1 : 0.55;
    context.lineWidth = (loud ? 2.5 : 1.2) / zoom;
    context.strokeRect(x, y, w, h);
    const share = progressOf(running.nodes[running.prefix + box.id]);
    if (share !== null) context.fillRect(x, y + h - 5 / zoom, w * share, 5 / zoom);
  }
  context.globalAlpha = 1;
}
