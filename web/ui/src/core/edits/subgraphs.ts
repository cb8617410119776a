/** Making a subgraph of nodes; the other edits of subgraphs are beside this file. */

import type { Draft } from "immer";
import { graphOf, newKeys } from "../document";
import { type DocDraft, graphIn, now, subgraphIn } from "../draft";
import { HEADER, WIDTH } from "../geometry";
import { INPUTS, OUTPUTS, SUBGRAPH } from "../names";
import type { Doc, Graph, NodeId, Registry, Scope, Subgraph, SubgraphId } from "../types";
import { downstream, upstream } from "../walk";
import { BOUNDARY_GAP, BOUNDARY_WIDTH } from "./arrange";
import { type Crossing, type Crossings, crossings, portsFor } from "./crossings";
import { boxAround, inside } from "./frames";
import { promote } from "./promote";

export { movePort, removePort, renamePort } from "./ports";
export { promote, unpromote } from "./promote";
export { detach, unpack } from "./unpack";

/** Some nodes, and those that lie on a way from one of them to another: without these there would be a circle. */
export function closed(graph: Graph, ids: Iterable<NodeId>): Set<NodeId> {
  const chosen = new Set([...ids].filter((id) => id in graph.nodes));
  const before = upstream(graph, chosen);
  return new Set([...downstream(graph, chosen)].filter((id) => before.has(id)));
}

/** Put nodes (and what lies between them) into a new subgraph and an instance of it in their place. Ids inside stay as
 * they were. Gives the instance's id; null where there is nothing to put in. */
export function makeSubgraph(
  d: DocDraft,
  scope: Scope,
  registry: Registry,
  ids: Iterable<NodeId>,
  title: string,
): NodeId | null {
  const doc: Doc = now(d);
  const graph = graphOf(doc, scope);
  const chosen = closed(graph, ids);
  const target = graphIn(d, scope);
  const box = boxAround(doc, scope, registry, chosen);
  if (!target || !box) return null;
  const crossing = crossings(doc, scope, chosen);
  const id = newKeys(doc.subgraphs, 1)[0] ?? "1";
  const instance = newKeys(graph.nodes, 1)[0] ?? "1";
  const [x, y] = [box.pos[0] + box.size[0] / 2, box.pos[1] + box.size[1] / 2];
  const made: Subgraph = {
    title,
    ...takenOut(doc, scope, registry, chosen),
    ...portsFor(doc, scope, registry, crossing),
    meta: {
      input_pos: [box.pos[0] - BOUNDARY_GAP - BOUNDARY_WIDTH, y],
      output_pos: [box.pos[0] + box.size[0] + BOUNDARY_GAP, y],
    },
  };
  for (const part of ["nodes", "groups", "notes"] as const)
    for (const key of Object.keys(made[part])) delete target[part][key];
  d.subgraphs[id] = structuredClone(made) as Draft<Subgraph>;
  const pos: [number, number] = [Math.round(x - WIDTH / 2), Math.round(y - HEADER)];
  target.nodes[instance] = { type: SUBGRAPH + id, values: {}, links: {}, pos, meta: {} };
  joinInputs(d, scope, instance, crossing);
  joinOutputs(d, scope, instance, crossing.outs);
  if (scope === null) keepForm(d, registry, id, instance, chosen);
  return instance;
}

/** The nodes with the links among them, and the frames and notes that go with them. */
function takenOut(doc: Doc, scope: Scope, registry: Registry, chosen: ReadonlySet<NodeId>): Graph {
  const graph = now(graphOf(doc, scope));
  const nodes = Object.entries(graph.nodes).flatMap(([id, node]) => {
    const links = Object.entries(node.links).filter(([, link]) => chosen.has(link.node));
    return chosen.has(id) ? [[id, { ...node, links: Object.fromEntries(links) }] as const] : [];
  });
  const within = Object.keys(graph.groups).flatMap((id) => {
    const found = inside(doc, scope, registry, id);
    return found.nodes.length && found.nodes.every((node) => chosen.has(node)) ? [{ id, notes: found.notes }] : [];
  });
  const notes = new Set(within.flatMap((group) => group.notes));
  return {
    nodes: Object.fromEntries(nodes),
    groups: Object.fromEntries(Object.entries(graph.groups).filter(([id]) => within.some((group) => group.id === id))),
    notes: Object.fromEntries(Object.entries(graph.notes).filter(([id]) => notes.has(id))),
  };
}

function joinInputs(d: DocDraft, scope: Scope, instance: NodeId, { ins }: Crossings): void {
  const node = graphIn(d, scope)?.nodes[instance];
  const around = subgraphIn(d, scope);
  for (const { from, wires, name, points } of ins) {
    if (from.node !== INPUTS) {
      if (node) node.links[name] = { ...from, ...(points && { points: points.map(([x, y]) => [x, y]) }) };
      continue;
    }
    const port = around && [...around.inputs, ...around.widgets][from.output];
    const gone = (id: NodeId, input: string) => wires.some((w) => w.target === id && w.input === input);
    if (port) port.to = [...port.to.filter(([id, input]) => !gone(id, input)), [instance, name]];
  }
}

function joinOutputs(d: DocDraft, scope: Scope, instance: NodeId, outs: readonly Crossing[]): void {
  for (const [output, { wires }] of outs.entries())
    for (const { target, input } of wires) {
      const port = target === OUTPUTS ? subgraphIn(d, scope)?.outputs[Number(input)] : undefined;
      const link = graphIn(d, scope)?.nodes[target]?.links[input];
      if (port) port.from = [instance, output];
      if (link) Object.assign(link, { node: instance, output });
    }
}

/** What the form shows of the nodes it shows of the instance from now on. */
function keepForm(
  d: DocDraft,
  registry: Registry,
  id: SubgraphId,
  instance: NodeId,
  chosen: ReadonlySet<NodeId>,
): void {
  if (!now(d.form).some((item) => chosen.has(item.node))) return;
  d.form = d.form.flatMap((item) => {
    if (!chosen.has(item.node)) return [item];
    const input = promote(d, id, registry, item.node, item.input);
    return input === null ? [] : [{ ...item, node: instance, input }];
  });
}
