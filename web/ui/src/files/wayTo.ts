/** How one gets to the graph of a subgraph: the first instances that lead there. */

import { graphOf, subgraphIdOf } from "~/core/document";
import type { Scope } from "~/core/types";
import { useDoc } from "~/stores/doc";
import { scopeOf, type Step } from "~/stores/ui";

/** The shortest way; null: nothing leads there. */
export function wayTo(scope: Scope): readonly Step[] | null {
  const { doc } = useDoc.getState();
  const ways: (readonly Step[])[] = [[]];
  const seen = new Set<Scope>();
  for (const way of ways) {
    const here = scopeOf(way);
    if (here === scope) return way;
    if (seen.has(here)) continue;
    seen.add(here);
    for (const [instance, node] of Object.entries(graphOf(doc, here).nodes)) {
      const subgraph = subgraphIdOf(node.type);
      if (subgraph !== null && doc.subgraphs[subgraph]) ways.push([...way, { instance, subgraph }]);
    }
  }
  return null;
}
