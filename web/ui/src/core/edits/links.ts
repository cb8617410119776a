/** Edits of links and of the reroute points on them. */

import { INPUTS, OUTPUTS } from "../names";
import type { Draft } from "immer";
import { graphOf } from "../document";
import { type DocDraft, type GraphDraft, graphIn, subgraphIn } from "../draft";
import type { NodeId, Point, PortIn, Registry, Scope, Subgraph, Told } from "../types";
import { typeIn, validate } from "../validate";
import { wouldCycle } from "../walk";
import type { Connection } from "../wires";
import { freeName } from "./crossings";
import { dropEmptyWidgets, unfeed } from "./ports";

/** Make a link; the one that its input had goes. At a boundary's nameless socket a port is made. With a registry the
 * connection is validated first; without one only circles are refused. Says why where it is refused. */
export function connect(d: DocDraft, scope: Scope, c: Connection, registry?: Registry): Told | null {
  const refused = registry ? validate(d, scope, registry, c) : flaw(d, scope, c);
  if (refused) return refused;
  const subgraph = subgraphIn(d, scope);
  if (subgraph && c.target === OUTPUTS) return leadOut(d, scope, subgraph, c, registry ?? {});
  if (subgraph && c.source === INPUTS) return leadIn(d, scope, subgraph, c, registry ?? {});
  const node = graphIn(d, scope)?.nodes[c.target];
  if (!node) return { key: "graph:reason.no_such_socket" };
  disconnect(d, scope, c.target, c.input);
  node.links[c.input] = { node: c.source, output: c.output };
  return null;
}

/** What is wrong with a connection by the graph alone: types are not asked. */
function flaw(d: DocDraft, scope: Scope, c: Connection): Told | null {
  const graph = graphOf(d, scope);
  const there = (id: NodeId) => id === INPUTS || id === OUTPUTS || id in graph.nodes;
  if (!there(c.source) || !there(c.target)) return { key: "graph:reason.no_such_socket" };
  return wouldCycle(graph, c.source, c.target) ? { key: "graph:reason.cycle" } : null;
}

/** Take a link away from an input; its typed-in value, if it kept one, counts again. */
export function disconnect(d: DocDraft, scope: Scope, target: NodeId, input: string): void {
  const subgraph = subgraphIn(d, scope);
  if (subgraph && target === OUTPUTS) {
    const port = subgraph.outputs[Number(input)];
    if (port) port.from = null;
    return;
  }
  const node = graphIn(d, scope)?.nodes[target];
  if (node && input in node.links) delete node.links[input];
  unfeed(d, scope, target, input);
}

function leadIn(d: DocDraft, scope: Scope, subgraph: Draft<Subgraph>, c: Connection, registry: Registry): null {
  const ports = [...subgraph.inputs, ...subgraph.widgets];
  const port = ports[c.output] ?? newPort(d, scope, subgraph, c, registry);
  if (port.to.some(([id, name]) => id === c.target && name === c.input)) return null;
  port.to.push([c.target, c.input]);
  const node = subgraph.nodes[c.target];
  if (node && c.input in node.links) delete node.links[c.input];
  for (const other of [...subgraph.inputs, ...subgraph.widgets])
    if (other !== port) other.to = other.to.filter(([id, name]) => id !== c.target || name !== c.input);
  if (scope !== null) dropEmptyWidgets(d, scope);
  return null;
}

function newPort(
  d: DocDraft,
  scope: Scope,
  subgraph: Draft<Subgraph>,
  c: Connection,
  registry: Registry,
): Draft<PortIn> {
  const type = typeIn(d, scope, registry, c.target)?.inputs[c.input]?.type ?? "*";
  const taken = [...subgraph.inputs, ...subgraph.widgets].map((p) => p.name);
  subgraph.inputs.push({ name: freeName(c.input, taken), type, to: [] });
  return subgraph.inputs[subgraph.inputs.length - 1] as Draft<PortIn>;
}

function leadOut(d: DocDraft, scope: Scope, subgraph: Draft<Subgraph>, c: Connection, registry: Registry): Told | null {
  const output = typeIn(d, scope, registry, c.source)?.outputs[c.output];
  const straight = [...subgraph.inputs, ...subgraph.widgets][c.output]?.name;
  if (c.source === INPUTS && straight === undefined) return { key: "graph:reason.no_such_socket" };
  const from: [NodeId, number] | string = c.source === INPUTS ? (straight ?? "") : [c.source, c.output];
  const port = subgraph.outputs[Number(c.input)];
  if (port) port.from = from;
  else {
    const name = freeName(
      output?.name || "output",
      subgraph.outputs.map((o) => o.name),
    ); // prettier
    subgraph.outputs.push({ name, type: output?.type ?? "*", from });
  }
  return null;
}

const linkIn = (graph: GraphDraft | undefined, target: NodeId, input: string) => graph?.nodes[target]?.links[input];

/** Put a reroute point on a link, before the point `index`. */
export function addReroute(d: DocDraft, scope: Scope, target: NodeId, input: string, index: number, at: Point): void {
  const link = linkIn(graphIn(d, scope), target, input);
  if (link) link.points = [...(link.points ?? []).slice(0, index), [...at], ...(link.points ?? []).slice(index)];
}

export function moveReroute(d: DocDraft, scope: Scope, target: NodeId, input: string, index: number, at: Point): void {
  const point = linkIn(graphIn(d, scope), target, input)?.points?.[index];
  if (point) [point[0], point[1]] = at;
}

export function removeReroute(d: DocDraft, scope: Scope, target: NodeId, input: string, index: number): void {
  const link = linkIn(graphIn(d, scope), target, input);
  if (!link?.points) return;
  link.points.splice(index, 1);
  if (!link.points.length) delete link.points;
}
