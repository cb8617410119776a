/** Looking where a step of the history changed something, so that nobody undoes blindly. */

import { canvasApi } from "~/canvas/api";
import { graphOf } from "~/core/document";
import type { Entry } from "~/core/history";
import { useDoc } from "~/stores/doc";
import { scopeOf, type Step, useUi } from "~/stores/ui";

interface Touched {
  /** The graph; undefined when it is none in particular (title, form). */
  readonly scope: string | null | undefined;
  readonly nodes: readonly string[];
}

/** The graph and the nodes that an entry's patches are about. */
export function touched({ patches }: Pick<Entry, "patches">): Touched {
  const paths = patches.map(({ path }) => path.map(String));
  const scopes = paths.map((p) => (p[0] === "root" ? null : p[0] === "subgraphs" ? p[1] : undefined));
  const scope = scopes.find((s) => s !== undefined);
  const nodes = paths.flatMap((p) => {
    const inside = p[0] === "root" ? p.slice(1) : p.slice(2);
    return inside[0] === "nodes" && inside[1] !== undefined ? [inside[1]] : [];
  });
  return { scope, nodes: [...new Set(nodes)] };
}

/** The steps inwards that still exist in the document. */
function alive(path: readonly Step[]): readonly Step[] {
  const { doc } = useDoc.getState();
  const dead = path.findIndex((step, i) => {
    const graph = graphOf(doc, scopeOf(path.slice(0, i)));
    return graph.nodes[step.instance]?.type !== `subgraph:${step.subgraph}` || !doc.subgraphs[step.subgraph];
  });
  return dead < 0 ? path : path.slice(0, dead);
}

/** Leave a subgraph that is gone, unselect nodes that are, and bring what the step touched into sight. */
export function lookAt(entry: Entry): void {
  const ui = useUi.getState();
  const path = alive(ui.path);
  if (path.length !== ui.path.length) ui.setPath(path);
  const { scope, nodes } = touched(entry);
  if (scope !== scopeOf(path)) return;
  const graph = graphOf(useDoc.getState().doc, scopeOf(path));
  const there = nodes.filter((id) => graph.nodes[id]);
  const { x, y, width, height } = canvasApi.visibleRect();
  const seen = there.some((id) => {
    const [left, top] = graph.nodes[id]?.pos ?? [0, 0];
    return left < x + width && top < y + height && left > x - 260 && top > y - 100;
  });
  ui.select([...ui.selection].filter((id) => graph.nodes[id]));
  if (there.length && !seen) canvasApi.center(there);
}
