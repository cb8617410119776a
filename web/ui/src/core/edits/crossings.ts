/** What crosses the boundary of nodes that become a subgraph, and the ports that this makes. */

import { graphOf } from "../document";
import { now } from "../draft";
import { INPUTS } from "../names";
import type { Doc, NodeId, Point, PortIn, PortOut, Registry, Scope } from "../types";
import { typeIn } from "../validate";
import { type Connection, type End, wiresOf } from "../wires";

/** Connections of one output: they share a port. */
export interface Crossing {
  readonly name: string;
  readonly from: End;
  readonly wires: readonly Connection[];
  /** Reroute points outside, where one link crosses. */
  readonly points?: readonly Point[];
  /** From a promoted widget of the subgraph around: it stays one. */
  readonly widget: boolean;
}

export interface Crossings {
  readonly ins: readonly Crossing[];
  readonly outs: readonly Crossing[];
}

/** The name, or with a number behind it where it is taken; takes it. */
function fresh(name: string, taken: Set<string>): string {
  let found = name;
  for (let n = 2; taken.has(found); n++) found = `${name}_${n}`;
  taken.add(found);
  return found;
}

/** The name, or with a number behind it where it is taken. */
export const freeName = (name: string, taken: Iterable<string>): string => fresh(name, new Set(taken));

/** All connections into and out of some nodes of a graph, by what they come from. */
export function crossings(doc: Doc, scope: Scope, chosen: ReadonlySet<NodeId>): Crossings {
  const all = [...wiresOf(doc, scope)];
  const around = scope === null ? undefined : now(doc.subgraphs)[scope];
  const widgetsFrom = around?.inputs.length ?? 0;
  const nodes = now(graphOf(doc, scope).nodes);
  const taken = new Set<string>();
  const ins = grouped(all.filter((w) => chosen.has(w.target) && !chosen.has(w.source)));
  const outs = grouped(all.filter((w) => chosen.has(w.source) && !chosen.has(w.target)));
  return {
    ins: ins.map(({ from, wires }) => {
      const [first] = wires;
      const points = first && wires.length === 1 ? nodes[first.target]?.links[first.input]?.points : undefined;
      const widget = from.node === INPUTS && from.output >= widgetsFrom;
      return { name: fresh(first?.input ?? "input", taken), from, wires, widget, ...(points && { points }) };
    }),
    outs: outs.map(({ from, wires }) => ({ name: "", from, wires, widget: false })),
  };
}

function grouped(wires: readonly Connection[]): { from: End; wires: Connection[] }[] {
  const found = new Map<string, { from: End; wires: Connection[] }>();
  for (const wire of wires) {
    const key = `${wire.output}:${wire.source}`;
    const known = found.get(key);
    if (known) known.wires.push(wire);
    else found.set(key, { from: { node: wire.source, output: wire.output }, wires: [wire] });
  }
  return [...found.values()];
}

/** The ports of the new subgraph. */
export function portsFor(
  doc: Doc,
  scope: Scope,
  registry: Registry,
  { ins, outs }: Crossings,
): { inputs: PortIn[]; widgets: PortIn[]; outputs: PortOut[] } {
  const typed = (side: boolean) =>
    ins
      .filter((c) => c.widget === side)
      .map((c): PortIn => ({ name: c.name, type: portType(doc, scope, registry, c), to: c.wires.map(end) }));
  const given = outs.map(({ from }) => typeIn(doc, scope, registry, from.node)?.outputs[from.output]);
  const names = given.map((output) => output?.name || output?.type || "output");
  const taken = new Set<string>();
  const outputs = outs.map(({ from, wires }, n): PortOut => {
    const own = names[n] ?? "output";
    // Two outputs of one name are told apart by what takes them: "positive" and "negative".
    const name = fresh(names.indexOf(own) === names.lastIndexOf(own) ? own : (wires[0]?.input ?? own), taken);
    return { name, type: given[n]?.type ?? "*", from: [from.node, from.output] };
  });
  return { inputs: typed(false), widgets: typed(true), outputs };
}

const end = (wire: Connection): [NodeId, string] => [wire.target, wire.input];

/** What the inputs inside take, where they agree; else what comes from outside. */
function portType(doc: Doc, scope: Scope, registry: Registry, { from, wires }: Crossing): string {
  const types = new Set(wires.map((w) => typeIn(doc, scope, registry, w.target)?.inputs[w.input]?.type ?? "*"));
  const [only] = types;
  if (types.size === 1 && only !== undefined && only !== "*") return only;
  return typeIn(doc, scope, registry, from.node)?.outputs[from.output]?.type ?? "*";
}
