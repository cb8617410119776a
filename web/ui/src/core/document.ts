/** Making, reading and addressing documents. All functions are pure; edits are in the files under commands/. */

import type { Doc, Graph, GraphNode, Link, NodeId, NodeType, Registry, Scope, Subgraph, SubgraphId } from "./types";

export const SUBGRAPH = "subgraph:";

export const emptyGraph = (): Graph => ({ nodes: {}, groups: {}, notes: {} });

export const emptyDoc = (title = ""): Doc => ({ title, root: emptyGraph(), subgraphs: {}, form: [], meta: {} });

/** The graph that a scope names; an unknown subgraph is an empty graph. */
export function graphOf(doc: Doc, scope: Scope): Graph {
  return scope === null ? doc.root : (doc.subgraphs[scope] ?? emptyGraph());
}

export function subgraphIdOf(type: string): SubgraphId | null {
  return type.startsWith(SUBGRAPH) ? type.slice(SUBGRAPH.length) : null;
}

/** The type of a node: from the registry, from the subgraph it is an instance of, or a stand-in from what the file tells. */
export function typeOf(doc: Doc, registry: Registry, node: GraphNode): NodeType {
  const id = subgraphIdOf(node.type);
  const subgraph = id === null ? undefined : doc.subgraphs[id];
  if (subgraph) return instanceType(doc, registry, node.type, subgraph);
  return registry[node.type] ?? standIn(node);
}

const made = new WeakMap<Subgraph, { registry: Registry; type: NodeType }>();

function instanceType(doc: Doc, registry: Registry, name: string, subgraph: Subgraph): NodeType {
  const known = made.get(subgraph);
  if (known?.registry === registry) return known.type;
  const inputs = [...subgraph.inputs, ...subgraph.widgets].map((port) => {
    const label = port.label === undefined ? {} : { label: port.label };
    return [port.name, { ...innerInput(doc, registry, subgraph, port.to[0]), type: port.type, ...label }] as const;
  });
  const type: NodeType = {
    name,
    label: subgraph.title || name,
    category: "",
    kind: "pure",
    help: "",
    inputs: Object.fromEntries(inputs),
    outputs: subgraph.outputs.map((o) => ({ name: o.label ?? o.name, type: o.type, list: false, help: "" })),
    module: "",
  };
  made.set(subgraph, { registry, type });
  return type;
}

/** The input inside that a port feeds decides its widget, its limits and its default. */
function innerInput(doc: Doc, registry: Registry, subgraph: Subgraph, end: readonly [NodeId, string] | undefined) {
  const plain = { type: "*", required: false, help: "" };
  const node = end && subgraph.nodes[end[0]];
  if (!node) return plain;
  const found = typeOf(doc, registry, node).inputs[end[1]] ?? plain;
  const value = node.values[end[1]];
  return value === undefined ? found : { ...found, default: value };
}

interface Slots {
  inputs?: unknown;
  outputs?: unknown;
}

const standIns = new WeakMap<GraphNode, NodeType>();

const pairs = (list: unknown) =>
  (Array.isArray(list) ? list : []).filter((p): p is [string, string] => Array.isArray(p) && typeof p[0] === "string");

/** What can be drawn of a node whose type is not known: its slots as the file tells them, else its links. */
function standIn(node: GraphNode): NodeType {
  const known = standIns.get(node);
  if (known) return known;
  const slots = (node.meta["slots"] ?? {}) as Slots;
  const listed = pairs(slots.inputs);
  const inputs = listed.length ? listed : Object.keys(node.links).map((name) => [name, "*"] as [string, string]);
  const type: NodeType = {
    name: node.type,
    label: node.type,
    category: "",
    kind: "pure",
    help: "",
    inputs: Object.fromEntries(inputs.map(([n, t]) => [n, { type: String(t), required: false, help: "" }])),
    outputs: pairs(slots.outputs).map(([name, t]) => ({ name, type: String(t), list: false, help: "" })),
    module: typeof node.meta["pack"] === "string" ? node.meta["pack"] : "",
    unknown: true,
  };
  standIns.set(node, type);
  return type;
}

/** Types whose values are typed in; every other input can only be linked. */
const TYPED_IN = new Set(["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"]);

/** Whether an input is drawn with a widget (a value can be typed in) and not as a socket alone. */
export function hasWidget(input: { type: string; widget?: unknown; options?: unknown; file?: unknown }): boolean {
  return Boolean(input.widget || input.options || input.file) || TYPED_IN.has(input.type);
}

/** All links of a graph as (target node, input, link). */
export function* linksOf(graph: Graph): Generator<readonly [target: NodeId, input: string, link: Link]> {
  for (const [id, node] of Object.entries(graph.nodes))
    for (const [input, link] of Object.entries(node.links)) yield [id, input, link];
}

/** An id that the graph does not have: the next whole number. */
export function newId(graph: Graph, taken: ReadonlySet<NodeId> = new Set()): NodeId {
  let highest = 0;
  for (const id of [...Object.keys(graph.nodes), ...taken]) if (/^\d{1,12}$/.test(id)) highest = Math.max(highest, +id);
  return String(highest + 1);
}
