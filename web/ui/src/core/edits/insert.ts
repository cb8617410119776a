/** Putting a node on a link. */

import { graphOf } from "../document";
import { type DocDraft, graphIn, now } from "../draft";
import { typeOf } from "../nodeTypes";
import type { Doc, NodeId, Point, Registry, Scope } from "../types";
import { accepts, typeIn, validate } from "../validate";
import { sourceOf } from "../wires";
import { connect } from "./links";

/** By which sockets a node would take its place on a link. */
export interface Fit {
  readonly input: string;
  readonly output: number;
}

/** How a node would fit on the link to an input; null if it does not. Exact types before those that are accepted. */
export function fitOnLink(
  doc: Doc,
  scope: Scope,
  registry: Registry,
  id: NodeId,
  target: NodeId,
  input: string,
): Fit | null {
  const from = sourceOf(doc, scope, target, input);
  const node = graphOf(doc, scope).nodes[id];
  const given = from && typeIn(doc, scope, registry, from.node)?.outputs[from.output]?.type;
  const wanted = typeIn(doc, scope, registry, target)?.inputs[input]?.type;
  if (!from || !node || !given || !wanted || from.node === id || target === id) return null;
  const type = typeOf(doc, registry, node);
  const free = Object.entries(type.inputs).filter(([name]) => !sourceOf(doc, scope, id, name));
  const into = free.find(([, i]) => i.type === given) ?? free.find(([, i]) => accepts(given, i.type));
  const exact = type.outputs.findIndex((o) => o.type === wanted);
  const output = exact >= 0 ? exact : type.outputs.findIndex((o) => accepts(o.type, wanted));
  if (!into || output < 0) return null;
  const before = { source: from.node, output: from.output, target: id, input: into[0] };
  const behind = { source: id, output, target, input };
  const refused = validate(doc, scope, registry, before) ?? validate(doc, scope, registry, behind);
  return refused ? null : { input: into[0], output };
}

/** Put a node on the link to an input; says whether it fits. Reroute points stay on their side of it. */
export function insertOnLink(
  d: DocDraft,
  scope: Scope,
  registry: Registry,
  id: NodeId,
  target: NodeId,
  input: string,
): boolean {
  const doc: Doc = now(d);
  const fit = fitOnLink(doc, scope, registry, id, target, input);
  const from = sourceOf(doc, scope, target, input);
  const graph = graphIn(d, scope);
  if (!fit || !from || !graph) return false;
  const points = graphOf(doc, scope).nodes[target]?.links[input]?.points ?? [];
  const x = graphOf(doc, scope).nodes[id]?.pos[0] ?? 0;
  connect(d, scope, { source: id, output: fit.output, target, input }, registry);
  connect(d, scope, { source: from.node, output: from.output, target: id, input: fit.input }, registry);
  const put = (node: NodeId, name: string, some: readonly Point[]) => {
    const link = graph.nodes[node]?.links[name];
    if (link && some.length) link.points = some.map(([px, py]) => [px, py]);
  };
  put(
    target,
    input,
    points.filter((p) => p[0] > x),
  ); // behind the node
  put(
    id,
    fit.input,
    points.filter((p) => p[0] <= x),
  );
  return true;
}
