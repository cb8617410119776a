/** Connections of a graph as one kind of thing: links between nodes, and what a subgraph's ports lead in and out. */

import { graphOf, linksOf } from "./document";
import { INPUTS, OUTPUTS } from "./names";
import type { Doc, NodeId, PortIn, PortOut, Scope, Subgraph } from "./types";

/** From an output to an input; at a subgraph's boundary `source` is "@in" or `target` is "@out". */
export interface Connection {
  readonly source: NodeId;
  readonly output: number;
  readonly target: NodeId;
  readonly input: string;
}

/** An end of a connection: what gives. */
export interface End {
  readonly node: NodeId;
  readonly output: number;
}

/** The ports that stand for the outputs of "@in": a subgraph's inputs, then its promoted widgets. */
export const portsOf = (subgraph: Subgraph): readonly PortIn[] => [...subgraph.inputs, ...subgraph.widgets];

/** All connections of a graph, those at its boundary too. */
export function* wiresOf(doc: Doc, scope: Scope): Generator<Connection> {
  for (const [target, input, link] of linksOf(graphOf(doc, scope)))
    yield { source: link.node, output: link.output, target, input };
  const subgraph = scope === null ? undefined : doc.subgraphs[scope];
  if (subgraph) yield* boundaryWires(subgraph);
}

/** The connections at a subgraph's boundary. */
export function* boundaryWires(subgraph: Subgraph): Generator<Connection> {
  for (const [output, port] of portsOf(subgraph).entries())
    for (const [target, input] of port.to) yield { source: INPUTS, output, target, input };
  for (const [n, port] of subgraph.outputs.entries()) {
    const end = outletEnd(subgraph, port);
    if (end) yield { source: end.node, output: end.output, target: OUTPUTS, input: String(n) };
  }
}

function outletEnd(subgraph: Subgraph, port: PortOut): End | null {
  if (port.from === null) return null;
  if (typeof port.from !== "string") return { node: port.from[0], output: port.from[1] };
  const output = portsOf(subgraph).findIndex((p) => p.name === port.from);
  return output < 0 ? null : { node: INPUTS, output };
}

/** What an input is connected to; null if to nothing. */
export function sourceOf(doc: Doc, scope: Scope, target: NodeId, input: string): End | null {
  const link = graphOf(doc, scope).nodes[target]?.links[input];
  if (link) return { node: link.node, output: link.output };
  const subgraph = scope === null ? undefined : doc.subgraphs[scope];
  if (!subgraph) return null;
  if (target === OUTPUTS) {
    const port = subgraph.outputs[Number(input)];
    return port ? outletEnd(subgraph, port) : null;
  }
  const output = portsOf(subgraph).findIndex((p) => p.to.some(([id, name]) => id === target && name === input));
  return output < 0 ? null : { node: INPUTS, output };
}

/** Connections that are drawn as one line: all that go from one collapsed node to another, or from one socket. */
export function merged(wires: Iterable<Connection>, collapsed: (id: NodeId) => boolean): Connection[][] {
  const lines = new Map<string, Connection[]>();
  for (const wire of wires) {
    const from = collapsed(wire.source) ? [wire.source] : [wire.source, wire.output];
    const to = collapsed(wire.target) ? [wire.target] : [wire.target, wire.input];
    const key = JSON.stringify([from, to]);
    const known = lines.get(key);
    if (known) known.push(wire);
    else lines.set(key, [wire]);
  }
  return [...lines.values()];
}
