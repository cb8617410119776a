/** The mend that puts a node before another: a LoRA that a prompt names, loaded. */

import { graphOf, typeOf } from "~/core/document";
import { type DocDraft, graphIn } from "~/core/draft";
import { connect } from "~/core/edits/links";
import { addNode } from "~/core/edits/nodes";
import { shapeOf } from "~/core/geometry";
import type { Json, JsonObject, Link, NodeId, NodeType, Point } from "~/core/types";
import { useServer } from "~/stores/server";
import type { Case, Remedy } from "./mend";

/** Free space that the new node keeps to the one behind it. */
const GAP = 60;

/** Put a node of the type before the one with the problem: it takes over the links of what it passes on. */
export function insertBefore(c: Case): readonly Remedy[] {
  const type = c.registry[String(c.args["type"])];
  const inputs = c.args["inputs"];
  const carrier = type && carrierOf(c, type);
  if (!type || !carrier) return [];
  const given = typeof inputs === "object" && inputs !== null && !Array.isArray(inputs) ? inputs : {};
  return [{ label: type.label, apply: (d) => inserted(d, c, type, carrier, filled(type, given)) }];
}

/** The link of the node that the new one can stand on: of a type that it takes and gives. */
function carrierOf(c: Case, type: NodeType): Link | null {
  const node = graphOf(c.doc, c.spot.scope).nodes[c.spot.node];
  if (!node) return null;
  const passed = new Set(type.outputs.map((output) => output.type));
  const taken = new Set(Object.values(type.inputs).map((input) => input.type));
  const found = Object.entries(typeOf(c.doc, c.registry, node).inputs).find(
    ([name, input]) => node.links[name] && passed.has(input.type) && taken.has(input.type),
  );
  return found ? (node.links[found[0]] ?? null) : null;
}

/** Names of files as the folder has them ("film" means film.safetensors); strengths alike. */
function filled(type: NodeType, given: JsonObject): JsonObject {
  const { files } = useServer.getState();
  const values = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, fileNamed(files[type.inputs[name]?.file ?? ""] ?? [], value)]),
  );
  const strength = values["strength_model"];
  return strength !== undefined && type.inputs["strength_clip"] ? { strength_clip: strength, ...values } : values;
}

const stem = (name: string): string =>
  name
    .replace(/^.*\//, "")
    .replace(/\.[^.]+$/, "")
    .toLowerCase();

const fileNamed = (names: readonly string[], value: Json): Json =>
  typeof value !== "string" || names.includes(value) ? value : (names.find((n) => stem(n) === stem(value)) ?? value);

function inserted(d: DocDraft, c: Case, type: NodeType, carrier: Link, values: JsonObject): void {
  const { scope, node: target } = c.spot;
  const doc = c.doc;
  const graph = graphOf(doc, scope);
  const from = graph.nodes[carrier.node];
  const source = from && typeOf(doc, c.registry, from);
  const behind = graph.nodes[target];
  if (!source || !behind) return;
  const id = addNode(d, scope, type, placeBefore(behind.pos, type), values);
  for (const [output, { type: wire }] of source.outputs.entries()) {
    const input = Object.entries(type.inputs).find(([, i]) => i.type === wire)?.[0];
    const out = type.outputs.findIndex((o) => o.type === wire);
    if (input === undefined || out < 0) continue;
    takeOver(d, scope, { node: carrier.node, output }, { node: id, output: out });
    connect(d, scope, { source: carrier.node, output, target: id, input });
  }
  withoutTags(d, c);
}

const placeBefore = (pos: Point, type: NodeType): Point => {
  const { size } = shapeOf({ type: type.name, values: {}, links: {}, pos, meta: {} }, type);
  return [pos[0] - size[0] - GAP, pos[1] - size[1] - GAP];
};

/** All that took one output takes the other. */
function takeOver(d: DocDraft, scope: Case["spot"]["scope"], from: Link, to: { node: NodeId; output: number }): void {
  for (const node of Object.values(graphIn(d, scope)?.nodes ?? {}))
    for (const link of Object.values(node.links))
      if (link.node === from.node && link.output === from.output) Object.assign(link, to);
}

/** The prompt without the tag whose node now stands before it. */
function withoutTags(d: DocDraft, c: Case): void {
  const tags = c.problem.args["tags"];
  const tag = Array.isArray(tags) ? tags[0] : undefined;
  const { spot, input } = c.origin;
  const node = graphIn(d, spot.scope)?.nodes[spot.node];
  const text = node?.values[input];
  if (node && typeof text === "string" && typeof tag === "string")
    node.values[input] = text.replace(tag, "").replace(/ {2,}/g, " ").trim();
}
