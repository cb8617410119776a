/** Taking nodes out of a graph, with or without joining the links that pass through them. */

import type { Draft } from "immer";
import { type Arg, argOf, passes } from "../bypass";
import { graphOf } from "../document";
import { type DocDraft, graphIn, now, subgraphIn } from "../draft";
import { INPUTS, OUTPUTS, subgraphIdOf } from "../names";
import type { Doc, Link, NodeId, Point, Registry, Scope, Subgraph } from "../types";
import { accepts, typeIn } from "../validate";
import { usesOf } from "../walk";
import { portsOf, sourceOf } from "../wires";
import { dropDefinitions, dropEmptyWidgets, dropItems } from "./ports";

/** What now stands for an output of a node that is taken out. */
type Follow = (link: Link, target: NodeId, input: string) => Arg | null;

/** Take nodes out. With `heal`, what used their outputs gets what passes through them, as if they were bypassed. */
export function removeNodes(
  d: DocDraft,
  scope: Scope,
  registry: Registry,
  ids: Iterable<NodeId>,
  { heal = false }: { heal?: boolean } = {},
): void {
  const graph = graphIn(d, scope);
  const doc: Doc = now(d);
  const gone = new Set([...ids].filter((id) => graph && id in graph.nodes));
  if (!graph || !gone.size) return;
  const follow = heal ? follower(doc, scope, registry, gone) : () => null;
  const uses = usesOf(graphOf(doc, scope));
  for (const id of gone)
    for (const use of uses.get(id) ?? []) if (!gone.has(use.target)) leadOn(d, scope, use.target, use.input, follow);
  leadOut(subgraphIn(d, scope), gone, follow);
  for (const id of gone) delete graph.nodes[id];
  dropEnds(d, scope, gone);
  if (scope === null) dropItems(d, (item) => gone.has(item.node));
  const instances = [...gone].flatMap((id) => subgraphIdOf(graphOf(doc, scope).nodes[id]?.type ?? "") ?? []);
  if (instances.length) dropDefinitions(d, instances);
}

/** Follows links behind nodes that go, by the rules of bypass, as far as the types at both ends allow. */
function follower(doc: Doc, scope: Scope, registry: Registry, gone: ReadonlySet<NodeId>): Follow {
  const given = (id: NodeId, name: string): Arg | null => {
    const node = graphOf(doc, scope).nodes[id];
    const own = node ? argOf(node, name) : null;
    const end = own && "link" in own ? null : sourceOf(doc, scope, id, name);
    return end ? { link: end } : own;
  };
  const step = (link: Link): Arg | null => {
    const node = graphOf(doc, scope).nodes[link.node];
    if (!node) return null;
    const name = passes(doc, registry, node, (input) => given(link.node, input))[link.output];
    return name ? given(link.node, name) : null;
  };
  return (link, target, input) => {
    let found: Arg | null = { link };
    let points: readonly Point[] = link.points ?? [];
    for (let hops = 0; found && "link" in found && gone.has(found.link.node); hops++) {
      found = hops > gone.size ? null : step(found.link);
      if (found && "link" in found) points = [...(found.link.points ?? []), ...points];
    }
    if (!found || !("link" in found)) return found;
    const { node, output } = found.link;
    if (!fitting(doc, scope, registry, found.link, target, input)) return null;
    return { link: points.length ? { node, output, points } : { node, output } };
  };
}

function fitting(doc: Doc, scope: Scope, registry: Registry, link: Link, target: NodeId, input: string): boolean {
  const from = typeIn(doc, scope, registry, link.node)?.outputs[link.output];
  const to = typeIn(doc, scope, registry, target)?.inputs[input];
  return !from || !to || accepts(from.type, to.type);
}

function leadOn(d: DocDraft, scope: Scope, target: NodeId, input: string, follow: Follow): void {
  const node = graphIn(d, scope)?.nodes[target];
  const link = node && now(node).links[input];
  if (!node || !link) return;
  const found = follow(link, target, input);
  delete node.links[input];
  if (!found) return;
  if ("value" in found) node.values[input] = structuredClone(found.value) as never;
  else if (found.link.node !== INPUTS) node.links[input] = structuredClone(found.link) as Draft<Link>;
  else ports(d, scope)[found.link.output]?.to.push([target, input]);
}

const ports = (d: DocDraft, scope: Scope) => {
  const subgraph = subgraphIn(d, scope);
  return subgraph ? [...subgraph.inputs, ...subgraph.widgets] : [];
};

/** Outputs of a subgraph that came from what goes. */
function leadOut(subgraph: Draft<Subgraph> | undefined, gone: ReadonlySet<NodeId>, follow: Follow): void {
  for (const [n, output] of (subgraph?.outputs ?? []).entries()) {
    if (!subgraph || !Array.isArray(output.from) || !gone.has(output.from[0])) continue;
    const found = follow({ node: output.from[0], output: output.from[1] }, OUTPUTS, String(n));
    const link = found && "link" in found ? found.link : null;
    if (link?.node === INPUTS) output.from = portsOf(subgraph)[link.output]?.name ?? null;
    else output.from = link && [link.node, link.output];
  }
}

function dropEnds(d: DocDraft, scope: Scope, gone: ReadonlySet<NodeId>): void {
  const subgraph = subgraphIn(d, scope);
  if (!subgraph || scope === null) return;
  for (const port of ports(d, scope))
    if (port.to.some(([id]) => gone.has(id))) port.to = port.to.filter(([id]) => !gone.has(id));
  dropEmptyWidgets(d, scope);
}
