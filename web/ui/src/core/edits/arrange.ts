/** Tidying a graph as an edit. */

import { graphOf } from "../document";
import { type DocDraft, graphIn, now } from "../draft";
import { shapeOf } from "../geometry";
import { tidied } from "../layout";
import { INPUTS, OUTPUTS } from "../names";
import { typeOf } from "../nodeTypes";
import type { Doc, NodeId, Point, Registry, Scope } from "../types";
import { boxAround } from "./frames";
import { moveNodes } from "./nodes";

/** Room between a subgraph's nodes and its boundary's pseudo nodes, and the width of these, in canvas units. */
export const BOUNDARY_GAP = 120;
export const BOUNDARY_WIDTH = 160;

/** Tidy all or some nodes. Reroute points among them go: they led around what is no more there. The boundary of a
 * subgraph that is tidied as a whole comes to both sides of it. */
export function tidy(d: DocDraft, scope: Scope, registry: Registry, ids?: Iterable<NodeId>): void {
  const doc: Doc = now(d);
  const places = tidied(graphOf(doc, scope), (node) => shapeOf(node, typeOf(doc, registry, node)), ids);
  moveNodes(d, scope, places);
  for (const id of Object.keys(places))
    for (const [input, link] of Object.entries(graphOf(doc, scope).nodes[id]?.links ?? {}))
      if (link.points && places[link.node]) delete graphIn(d, scope)?.nodes[id]?.links[input]?.points;
  if (!ids && scope !== null) moveNodes(d, scope, boundaryPlaces(now(d), scope, registry));
}

/** Places for "@in" and "@out" beside all nodes of a subgraph. */
export function boundaryPlaces(doc: Doc, scope: Scope, registry: Registry): Record<NodeId, Point> {
  const box = boxAround(doc, scope, registry, Object.keys(graphOf(doc, scope).nodes));
  if (!box) return {};
  const y = Math.round(box.pos[1] + box.size[1] / 2);
  return {
    [INPUTS]: [box.pos[0] - BOUNDARY_GAP - BOUNDARY_WIDTH, y],
    [OUTPUTS]: [box.pos[0] + box.size[0] + BOUNDARY_GAP, y],
  };
}
