/** Edits of a subgraph's ports, with all that its instances give them and take from them. */

import type { Draft } from "immer";
import { type DocDraft, graphIn, graphsIn, now } from "../draft";
import { SUBGRAPH } from "../names";
import type { NodeId, Scope, Subgraph, SubgraphId } from "../types";

/** All instances of a definition in a document: in which graph, and which node. */
export function instancesOf(d: DocDraft, id: SubgraphId): (readonly [Scope, NodeId])[] {
  const found: (readonly [Scope, NodeId])[] = [];
  for (const [scope, graph] of graphsIn(d))
    for (const [node, value] of Object.entries(now(graph.nodes)))
      if (value.type === SUBGRAPH + id) found.push([scope, node]);
  return found;
}

/** Take an input out of all ports that feed it; promoted widgets that then show nothing go. */
export function unfeed(d: DocDraft, scope: Scope, target: NodeId, input: string): void {
  const subgraph = scope === null ? undefined : d.subgraphs[scope];
  if (!subgraph || scope === null || !isFed(now(subgraph), target, input)) return;
  for (const port of [...subgraph.inputs, ...subgraph.widgets])
    port.to = port.to.filter(([id, name]) => id !== target || name !== input);
  dropEmptyWidgets(d, scope);
}

const isFed = (subgraph: Draft<Subgraph>, target: NodeId, input: string): boolean =>
  [...subgraph.inputs, ...subgraph.widgets].some((p) => p.to.some(([id, name]) => id === target && name === input));

/** What instances give to an input that is no more goes with it, outside too; the form's items as well. */
export function forgetInput(d: DocDraft, id: SubgraphId, name: string): void {
  const instances = instancesOf(d, id);
  for (const [scope, node] of instances) {
    const instance = graphIn(d, scope)?.nodes[node];
    if (instance && name in instance.values) delete instance.values[name];
    if (instance && name in instance.links) delete instance.links[name];
    unfeed(d, scope, node, name);
  }
  const roots = new Set(instances.filter(([scope]) => scope === null).map(([, node]) => node));
  dropItems(d, (item) => item.input === name && roots.has(item.node));
}

/** Take items out of the form. */
export function dropItems(d: DocDraft, which: (item: DocDraft["form"][number]) => boolean): void {
  if (now(d.form).some(which)) d.form = d.form.filter((item) => !which(item));
}

/** Promoted widgets that show nothing any more go. */
export function dropEmptyWidgets(d: DocDraft, id: SubgraphId): void {
  const subgraph = d.subgraphs[id];
  const gone = subgraph?.widgets.filter((port) => !port.to.length).map((port) => port.name);
  if (!subgraph || !gone?.length) return;
  subgraph.widgets = subgraph.widgets.filter((port) => port.to.length);
  for (const name of gone) forgetPort(d, id, name);
}

/** All that names an input of a subgraph, inside and out, is let go. */
export function forgetPort(d: DocDraft, id: SubgraphId, name: string): void {
  for (const output of d.subgraphs[id]?.outputs ?? []) if (output.from === name) output.from = null;
  forgetInput(d, id, name);
}
