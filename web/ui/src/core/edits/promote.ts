/** Promoted widgets: inputs inside a subgraph that its instances show. */

import { type DocDraft, graphIn, now } from "../draft";
import type { NodeId, Registry, SubgraphId } from "../types";
import { typeIn } from "../validate";
import { portsOf } from "../wires";
import { freeName } from "./crossings";
import { instancesOf, unfeed } from "./ports";

/** Show an input of a node inside on all instances. Gives the port's name, of the one that feeds it already too; null
 * where the input is linked inside or not there. */
export function promote(d: DocDraft, id: SubgraphId, registry: Registry, node: NodeId, input: string): string | null {
  const subgraph = d.subgraphs[id];
  const found = subgraph && now(subgraph.nodes)[node];
  if (!subgraph || !found || found.links[input]) return null;
  const fed = portsOf(now(subgraph)).find((p) => p.to.some(([to, name]) => to === node && name === input));
  if (fed) return fed.name;
  const def = typeIn(now(d), id, registry, node)?.inputs[input];
  if (!def) return null;
  const name = freeName(
    input,
    portsOf(now(subgraph)).map((p) => p.name),
  );
  subgraph.widgets.push({ name, type: def.type, to: [[node, input]] });
  return name;
}

/** Show an input no more. What a single instance had typed in there stays in force inside. */
export function unpromote(d: DocDraft, id: SubgraphId, node: NodeId, input: string): void {
  const port = d.subgraphs[id]?.widgets.find((p) => p.to.some(([to, name]) => to === node && name === input));
  const inner = d.subgraphs[id]?.nodes[node];
  if (!port || !inner) return;
  const [only, ...more] = instancesOf(d, id);
  const value = only && !more.length ? now(graphIn(d, only[0])?.nodes[only[1]])?.values[port.name] : undefined;
  if (value !== undefined) inner.values[input] = structuredClone(value);
  unfeed(d, id, node, input);
}
