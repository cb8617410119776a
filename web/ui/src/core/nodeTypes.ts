/** The node type of every node: from the registry, of a subgraph's instances and boundary, or a stand-in. */

import { INPUTS, OUTPUTS, SUBGRAPH, subgraphIdOf } from "./names";
import { now } from "./draft";
import type {
  Doc,
  GraphNode,
  InputDef,
  Json,
  NodeType,
  OutputDef,
  PortIn,
  Registry,
  Subgraph,
  SubgraphId,
} from "./types";

const WILD: InputDef = { type: "*", required: false, help: "" };

/** The type of a node: from the registry, from the subgraph it is an instance of, or a stand-in from what the file tells. */
export function typeOf(doc: Doc, registry: Registry, node: GraphNode): NodeType {
  const id = subgraphIdOf(node.type);
  if (id !== null && doc.subgraphs[id]) return instanceType(doc, registry, id) ?? standIn(node);
  return registry[node.type] ?? standIn(node);
}

/** The types of the two pseudo nodes at a subgraph's boundary. Each has one nameless socket more, which makes a port. */
export function boundaryTypes(doc: Doc, registry: Registry, id: SubgraphId): { in: NodeType; out: NodeType } {
  const subgraph = now(doc.subgraphs)[id];
  const known = subgraph && boundaries.get(subgraph);
  if (known?.registry === registry) return known.types;
  const inputs = instanceType(doc, registry, id)?.inputs ?? {};
  const outputs = subgraph?.outputs ?? [];
  const gives = Object.entries(inputs).map(([name, input]) => outlet(input.label ?? name, input.type));
  const takes = outputs.map((o, n) => [String(n), { ...WILD, type: o.type, label: o.label ?? o.name }] as const);
  const types = {
    in: { ...plainType(INPUTS), outputs: [...gives, outlet("", "*")] },
    out: { ...plainType(OUTPUTS), inputs: Object.fromEntries([...takes, [String(outputs.length), WILD]]) },
  };
  if (subgraph) boundaries.set(subgraph, { registry, types });
  return types;
}

const boundaries = new WeakMap<Subgraph, { registry: Registry; types: { in: NodeType; out: NodeType } }>();

const outlet = (name: string, type: string): OutputDef => ({ name, type, list: false, help: "" });

const plainType = (name: string): NodeType => ({
  name,
  label: name,
  category: "",
  kind: "pure",
  help: "",
  inputs: {},
  outputs: [],
  module: "",
});

const tables = new WeakMap<Registry, WeakMap<Doc["subgraphs"], Map<SubgraphId, NodeType>>>();

/** The type of a subgraph's instances: the same value until something that it is made of changes. */
function instanceType(doc: Doc, registry: Registry, id: SubgraphId): NodeType | undefined {
  const subgraphs = now(doc.subgraphs);
  let table = tables.get(registry);
  if (!table) tables.set(registry, (table = new WeakMap()));
  let made = table.get(subgraphs);
  if (!made) table.set(subgraphs, (made = new Map()));
  const known = made.get(id);
  const subgraph = subgraphs[id];
  if (known || !subgraph) return known;
  made.set(id, plainType(SUBGRAPH + id)); // what a definition that holds itself finds inside
  const type = steady({ ...doc, subgraphs }, registry, id, subgraph);
  made.set(id, type);
  return type;
}

interface Steady {
  readonly parts: readonly unknown[];
  readonly type: NodeType;
}
const lasting = new WeakMap<readonly PortIn[], Steady>();

/** Made anew only where a part differs from the last time, so that moving a node inside re-draws no instance. */
function steady(doc: Doc, registry: Registry, id: SubgraphId, subgraph: Subgraph): NodeType {
  const ports = [...subgraph.inputs, ...subgraph.widgets];
  const fed = ports.map((port) => fedInput(doc, registry, subgraph, port));
  const parts = [id, subgraph.title, subgraph.widgets, subgraph.outputs, ...fed.flat()];
  const known = lasting.get(subgraph.inputs);
  if (known && known.parts.length === parts.length && known.parts.every((p, n) => p === parts[n])) return known.type;
  const type: NodeType = {
    ...plainType(SUBGRAPH + id),
    label: subgraph.title || SUBGRAPH + id,
    inputs: Object.fromEntries(ports.map((port, n) => [port.name, portInput(port, ...(fed[n] ?? [WILD, undefined]))])),
    outputs: subgraph.outputs.map((o) => outlet(o.label ?? o.name, o.type)),
  };
  lasting.set(subgraph.inputs, { parts, type });
  return type;
}

/** The input inside that a port feeds decides its widget, its limits and, by its value there, its default. */
function fedInput(doc: Doc, registry: Registry, subgraph: Subgraph, port: PortIn): [InputDef, Json | undefined] {
  const [id, name] = port.to[0] ?? [];
  const node = id === undefined ? undefined : subgraph.nodes[id];
  if (!node || name === undefined) return [WILD, undefined];
  return [typeOf(doc, registry, node).inputs[name] ?? WILD, node.values[name]];
}

function portInput(port: PortIn, fed: InputDef, value: Json | undefined): InputDef {
  const label = port.label === undefined ? {} : { label: port.label };
  return { ...fed, type: port.type, ...(value === undefined ? {} : { default: value }), ...label };
}

interface Slots {
  inputs?: unknown;
  outputs?: unknown;
}

const pairs = (list: unknown) =>
  (Array.isArray(list) ? list : []).filter((p): p is [string, string] => Array.isArray(p) && typeof p[0] === "string");

/** The slots that the file tells of a node of an unknown type: (name, type) each; none where it tells none. */
export function toldSlots(node: GraphNode): { inputs: [string, string][]; outputs: [string, string][] } | null {
  const slots = node.meta["slots"] as Slots | undefined;
  if (!Array.isArray(slots?.inputs) || !Array.isArray(slots.outputs)) return null;
  return { inputs: pairs(slots.inputs), outputs: pairs(slots.outputs) };
}

const standIns = new WeakMap<GraphNode, NodeType>();

/** What can be drawn of a node whose type is not known: its slots as the file tells them, else its links. */
function standIn(draft: GraphNode): NodeType {
  const node = now(draft);
  const known = standIns.get(node);
  if (known) return known;
  const slots = toldSlots(node);
  const inputs = slots?.inputs ?? Object.keys(node.links).map((name) => [name, "*"] as const);
  const type: NodeType = {
    ...plainType(node.type),
    inputs: Object.fromEntries(inputs.map(([n, t]) => [n, { ...WILD, type: String(t) }])),
    outputs: (slots?.outputs ?? []).map(([name, t]) => outlet(name, String(t))),
    module: typeof node.meta["pack"] === "string" ? node.meta["pack"] : "",
    unknown: true,
  };
  standIns.set(node, type);
  return type;
}
