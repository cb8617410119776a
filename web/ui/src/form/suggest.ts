/** The form that a workflow gets before anyone chose one: what people change from picture to picture. */

import { graphOf } from "~/core/document";
import { hasWidget } from "~/core/names";
import type { Doc, FormItem, Graph, InputDef, NodeId, NodeType, Registry } from "~/core/types";
import { typeIn } from "~/core/validate";
import { ordered, upstream } from "~/core/walk";

/** One kind of input that everyone knows; those before come first in the form. */
type Fits = (name: string, def: InputDef, type: NodeType) => boolean;

const MODELS = new Set(["checkpoints", "diffusion_models", "diffusers", "loras"]);

const named =
  (...names: readonly string[]): Fits =>
  (name, def) =>
    names.includes(name) && (def.type === "INT" || def.type === "FLOAT");

const KNOWN: readonly Fits[] = [
  (_, def) => def.file === "input",
  (name, def, type) => isText(def) && takesClip(type) && name !== "",
  (_, def, type) => isText(def) && !takesClip(type) && type.category !== "utils",
  (_, def) => MODELS.has(def.file ?? ""),
  named("width", "height", "batch_size", "scale_by"),
  named("steps"),
  named("cfg"),
  (_, def) => def.widget?.name === "seed",
];

const isText = (def: InputDef): boolean => def.type === "STRING" && def.widget?.name === "multiline";

/** Prompts stand at nodes that encode them. */
const takesClip = (type: NodeType): boolean => Object.values(type.inputs).some((i) => i.type === "CLIP");

/** The nodes of the top graph that a run makes, in running order. */
function running(graph: Graph, typeOf: (id: NodeId) => NodeType | undefined): NodeId[] {
  const order = ordered(graph).filter((id) => graph.nodes[id]?.mode === undefined);
  const sinks = order.filter((id) => typeOf(id)?.kind === "sink");
  const needed = sinks.length ? upstream(graph, sinks) : new Set(order);
  return order.filter((id) => needed.has(id));
}

/** The inputs of a sensible form: pictures, prompts, model, size, steps, CFG, seed; what is linked is left out. Inputs of
 * one node stand together. */
export function suggested(doc: Doc, registry: Registry): FormItem[] {
  const graph = graphOf(doc, null);
  const typeOf = (id: NodeId) => typeIn(doc, null, registry, id);
  const found: { item: FormItem; rank: number }[] = [];
  for (const node of running(graph, typeOf)) {
    const type = typeOf(node);
    for (const [input, def] of Object.entries(type?.inputs ?? {})) {
      if (!type || !hasWidget(def) || graph.nodes[node]?.links[input]) continue;
      const rank = KNOWN.findIndex((fits) => fits(input, def, type));
      if (rank >= 0) found.push({ item: { node, input }, rank });
    }
  }
  const first = new Map<NodeId, number>();
  for (const { item, rank } of found) first.set(item.node, Math.min(rank, first.get(item.node) ?? rank));
  const place = (node: NodeId) => first.get(node) ?? KNOWN.length;
  return found
    .toSorted((a, b) => place(a.item.node) - place(b.item.node) || together(a.item, b.item, a.rank - b.rank))
    .map(({ item }) => item);
}

const together = (a: FormItem, b: FormItem, ranks: number): number => (a.node === b.node ? ranks : 0);
