/** Who is linked to what in a graph, and of which type every node is. */

import { INPUTS, OUTPUTS, boundaryTypes, graphOf, typeOf } from "~/core/document";
import type { Doc, Graph, NodeType, Registry, Scope } from "~/core/types";
import { type Connection, wiresOf } from "~/core/wires";
import { complete } from "./shapes";

/** Which graph, and the types that are known. */
export interface Wired {
  readonly doc: Doc;
  readonly scope: Scope;
  readonly registry: Registry;
}

export interface Wiring {
  readonly graph: Graph;
  readonly types: ReadonlyMap<string, NodeType>;
  readonly wires: readonly Connection[];
  readonly used: ReadonlyMap<string, ReadonlySet<number>>;
  readonly fed: ReadonlyMap<string, ReadonlySet<string>>;
}

const added = <K, V>(map: Map<K, Set<V>>, key: K, value: V) => {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
};

let lastWiring: { doc: Doc; scope: Scope; registry: Registry; wiring: Wiring } | null = null;

/** The wiring of a graph; counted once for each value of the document. */
export function wiring({ doc, scope, registry }: Wired): Wiring {
  if (lastWiring?.doc === doc && lastWiring.scope === scope && lastWiring.registry === registry)
    return lastWiring.wiring;
  const graph = graphOf(doc, scope);
  const used = new Map<string, Set<number>>();
  const fed = new Map<string, Set<string>>();
  const wires = [...wiresOf(doc, scope)];
  for (const wire of wires) {
    added(used, wire.source, wire.output);
    if (wire.source === INPUTS || wire.target === OUTPUTS) added(fed, wire.target, wire.input);
  }
  const types = new Map<string, NodeType>();
  for (const [id, node] of Object.entries(graph.nodes))
    types.set(id, complete(typeOf(doc, registry, node), node, 1 + Math.max(-1, ...(used.get(id) ?? []))));
  if (scope !== null) {
    const ends = boundaryTypes(doc, registry, scope);
    types.set(INPUTS, ends.in).set(OUTPUTS, ends.out);
  }
  const found: Wiring = { graph, types, wires, used, fed };
  lastWiring = { doc, scope, registry, wiring: found };
  return found;
}

/** The wire type of a link: what its output gives, or what its input takes where the output gives anything. */
export function flowing(wires: Wiring, source: string, output: number, target: string, input: string): string {
  const given = wires.types.get(source)?.outputs[output]?.type ?? "*";
  return given === "*" ? (wires.types.get(target)?.inputs[input]?.type ?? "*") : given;
}
