/** Edits of a subgraph's ports, with all that its instances give them and take from them. */

import type { Draft } from "immer";
import { definitions } from "../clip";
import { type DocDraft, graphIn, graphsIn, now, subgraphIn } from "../draft";
import { SUBGRAPH } from "../names";
import type { Doc, NodeId, Scope, Subgraph, SubgraphId } from "../types";
import { usesOf } from "../walk";

export type Side = "inputs" | "widgets" | "outputs";

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

/** Name a port; without a label it is called by its name. Files and links go by the name, which stays. */
export function renamePort(d: DocDraft, id: SubgraphId, side: Side, index: number, label: string): void {
  const port = d.subgraphs[id]?.[side][index];
  if (!port) return;
  const text = label.trim();
  if (text && text !== port.name) port.label = text;
  else delete port.label;
}

/** Move a port among those of its side; links to it stay. */
export function movePort(d: DocDraft, id: SubgraphId, side: Side, from: number, to: number): void {
  const list: unknown[] | undefined = d.subgraphs[id]?.[side];
  if (!list || !(from in list) || !(to in list) || from === to) return;
  const order = list.map((_, n) => n);
  order.splice(to, 0, ...order.splice(from, 1));
  list.splice(to, 0, ...list.splice(from, 1));
  if (side === "outputs") renumber(d, id, (n) => order.indexOf(n));
}

/** Take a port away, with what instances give to it and take from it. */
export function removePort(d: DocDraft, id: SubgraphId, side: Side, index: number): void {
  const subgraph = d.subgraphs[id];
  const port = subgraph?.[side][index];
  if (!subgraph || !port) return;
  subgraph[side].splice(index, 1);
  if (side !== "outputs") forgetPort(d, id, port.name);
  else renumber(d, id, (n) => (n === index ? -1 : n > index ? n - 1 : n));
}

/** Links from a definition's instances after its outputs moved; -1 is an output that is no more. */
function renumber(d: DocDraft, id: SubgraphId, place: (output: number) => number): void {
  for (const [scope, node] of instancesOf(d, id)) {
    const graph = graphIn(d, scope);
    for (const { target, input, output } of (graph && usesOf(graph).get(node)) ?? []) {
      const user = graph?.nodes[target];
      const link = user?.links[input];
      const to = place(output);
      if (link && to >= 0) link.output = to;
      else if (user) delete user.links[input];
    }
    for (const port of subgraphIn(d, scope)?.outputs ?? [])
      if (Array.isArray(port.from) && port.from[0] === node) {
        const to = place(port.from[1]);
        port.from = to < 0 ? null : [node, to];
      }
  }
}

/** Definitions that no instance is left of go, with those that only they held. */
export function dropDefinitions(d: DocDraft, ids: Iterable<SubgraphId>): void {
  const doc: Doc = now(d);
  const used = definitions(doc, doc.root.nodes);
  const asked = new Set(ids);
  for (const id of asked)
    for (const inner of Object.keys(definitions(doc, doc.subgraphs[id]?.nodes ?? {}))) asked.add(inner);
  for (const id of asked) if (!used[id] && id in d.subgraphs) delete d.subgraphs[id];
}
