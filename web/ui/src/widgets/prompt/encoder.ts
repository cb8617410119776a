/** Which text encoder reads a prompt: it decides how the prompt is cut into tokens. */

import { graphOf, subgraphIdOf, typeOf } from "~/core/document";
import type { Doc, Graph, GraphNode, NodeId, NodeType, Registry, Scope } from "~/core/types";

/** Kinds of files that hold text encoders, as the server's token route reads them. */
export const HOLDERS: ReadonlySet<string> = new Set(["checkpoints", "text_encoders"]);
const CLIP = "CLIP";

const clipInput = (type: NodeType) => Object.keys(type.inputs).find((name) => type.inputs[name]?.type === CLIP);

/** The model file whose encoder reads the text of an input: "" if it is not known, null if the text is no prompt. */
export function encoderOf(doc: Doc, registry: Registry, scope: Scope, id: NodeId, input: string): string | null {
  const seen = new Set<string>();
  let at = { scope, id, input };
  for (;;) {
    const node = graphOf(doc, at.scope).nodes[at.id];
    const inner = node && subgraphIdOf(node.type);
    const subgraph = inner ? doc.subgraphs[inner] : undefined;
    if (!node || !inner || !subgraph || seen.has(inner)) return node ? read(doc, registry, at.scope, node) : null;
    seen.add(inner);
    const port = [...subgraph.widgets, ...subgraph.inputs].find((one) => one.name === at.input);
    const end = port?.to[0];
    if (!end) return null;
    at = { scope: inner, id: end[0], input: end[1] };
  }
}

function read(doc: Doc, registry: Registry, scope: Scope, node: GraphNode): string | null {
  const input = clipInput(typeOf(doc, registry, node));
  if (input === undefined) return null;
  const graph = graphOf(doc, scope);
  const seen = new Set<NodeId>();
  let next = node.links[input]?.node;
  while (next !== undefined && !seen.has(next)) {
    seen.add(next);
    const step = upward(doc, registry, graph, next);
    if ("file" in step) return step.file;
    next = step.next;
  }
  return "";
}

type Upward = { readonly file: string } | { readonly next: NodeId | undefined };

/** The file that a node loads, or where its encoder comes from. */
function upward(doc: Doc, registry: Registry, graph: Graph, id: NodeId): Upward {
  const node = graph.nodes[id];
  if (!node) return { next: undefined };
  const type = typeOf(doc, registry, node);
  for (const [name, def] of Object.entries(type.inputs)) {
    const value = node.values[name] ?? def.default;
    if (def.file !== undefined && HOLDERS.has(def.file) && typeof value === "string") return { file: value };
  }
  const input = clipInput(type);
  return { next: input === undefined ? undefined : node.links[input]?.node };
}
