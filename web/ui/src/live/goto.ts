/** To the place of a problem, a failure or a running step: into its subgraph, selected, in the middle. */

import { canvasApi } from "~/canvas/api";
import { graphOf, typeOf } from "~/core/document";
import type { Doc, Registry } from "~/core/types";
import { labelOf } from "~/i18n/nodes";
import { useDoc } from "~/stores/doc";
import { useRun } from "~/stores/run";
import { useUi } from "~/stores/ui";
import { spotOf } from "./place";

/** Show a node by its full id; says whether it is there. */
export function goTo(id: string): boolean {
  const spot = spotOf(useDoc.getState().doc, id);
  if (!spot) return false;
  const ui = useUi.getState();
  if (ui.path.map((step) => step.instance).join(":") !== spot.path.map((step) => step.instance).join(":"))
    ui.setPath(spot.path);
  useUi.getState().select([spot.node]);
  // The canvas draws another graph first.
  requestAnimationFrame(() => requestAnimationFrame(() => canvasApi.center([spot.node])));
  return true;
}

/** What the reader calls a node: its title, else its type's name; inside instances with theirs before it. */
export function nameOfNode(doc: Doc, registry: Registry, id: string): string {
  const spot = spotOf(doc, id);
  if (!spot) return id;
  const path = [...spot.path.map((step) => step.instance), spot.node];
  let scope: string | null = null;
  return path
    .map((node, depth) => {
      const there = graphOf(doc, scope).nodes[node];
      scope = spot.path[depth]?.subgraph ?? null;
      return there ? there.title || labelOf(typeOf(doc, registry, there)) : node;
    })
    .join(" › ");
}

/** The ids of nodes with something wrong, in the order of the problems panel. */
export function troubled(): string[] {
  const { found, nodes } = useRun.getState();
  const failed = Object.keys(nodes).filter((id) => nodes[id]?.state === "error");
  const wrong = found.flatMap((problem) => (problem.node === null ? [] : [problem.node]));
  return [...new Set([...failed, ...wrong])];
}

let last: string | null = null;

/** The next node with something wrong, after the one that was shown last. */
export function goToNext(): void {
  const ids = troubled();
  const at = last === null ? -1 : ids.indexOf(last);
  const order = [...ids.slice(at + 1), ...ids.slice(0, at + 1)];
  last = order.find(goTo) ?? null;
}
