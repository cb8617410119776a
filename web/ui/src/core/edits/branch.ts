/** Going on from a sampler step that was recorded: nodes that load it, sample on from there, and show the picture. */

import { graphOf } from "../document";
import { type DocDraft, now } from "../draft";
import { shapeOf } from "../geometry";
import { LAYER_GAP } from "../layout";
import { INPUTS } from "../names";
import { typeOf } from "../nodeTypes";
import type { Doc, Json, NodeId, NodeType, Point, Registry, Scope, Told } from "../types";
import { sourceOf, wiresOf, type End } from "../wires";
import { type Box, boxAround, GROUP_PADDING, GROUP_TITLE, groupAround } from "./frames";
import { connect } from "./links";
import { addNode } from "./nodes";

export const BRANCH_TYPES = ["LoadRecording", "TraceBranch", "VAEDecode", "PreviewImage"] as const;

export interface Branching {
  /** The node whose run was recorded. */
  readonly sampler: NodeId;
  /** The key of the recorded run. */
  readonly recording: string;
  readonly step: number;
  /** Of the recorded run's method, for a sampler whose method has no name among its inputs. */
  readonly method: string;
  /** Of the frame around the new nodes. */
  readonly title: string;
}

/** What an input was given: another node's output, or a value. */
type Given = { readonly end: End } | { readonly value: Json };

/** Types through which a sampler is told its model, prompts, seed or method by other nodes. */
const TOLD_THROUGH = new Set(["GUIDER", "SAMPLER", "NOISE"]);

/** Names under which samplers and what feeds them have the inputs of a branch. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  model: ["model"],
  positive: ["positive", "conditioning"],
  negative: ["negative"],
  seed: ["seed", "noise_seed"],
  cfg: ["cfg"],
  sampler_name: ["sampler_name"],
};

/** All that a sampler was given, by name, its guider's, method's and noise's inputs too; nearer ones count first. */
function givenTo(doc: Doc, scope: Scope, registry: Registry, sampler: NodeId): Map<string, Given> {
  const { nodes } = graphOf(doc, scope);
  const found = new Map<string, Given>();
  const todo = [sampler];
  for (const id of todo) {
    const node = nodes[id];
    if (!node || todo.indexOf(id) !== todo.lastIndexOf(id)) continue;
    for (const [name, input] of Object.entries(typeOf(doc, registry, node).inputs)) {
      const end = sourceOf(doc, scope, id, name);
      if (end && end.node !== INPUTS && TOLD_THROUGH.has(input.type) && !todo.includes(end.node)) todo.push(end.node);
      const value = node.values[name] ?? input.default;
      if (found.has(name)) continue;
      if (end) found.set(name, { end });
      else if (value !== undefined) found.set(name, { value });
    }
  }
  return found;
}

const pick = (given: ReadonlyMap<string, Given>, input: string): Given | undefined =>
  NAMES[input]?.map((name) => given.get(name)).find((one) => one !== undefined);

/** Why no branch can begin at a node; null: one can. */
export function branchFlaw(doc: Doc, scope: Scope, registry: Registry, sampler: NodeId): Told | null {
  const missing = BRANCH_TYPES.find((name) => !registry[name]);
  if (missing) return { key: "recording:branch.no_type", args: { type: missing } };
  if (!graphOf(doc, scope).nodes[sampler]) return { key: "recording:branch.no_node" };
  const given = givenTo(doc, scope, registry, sampler);
  const lacks = ["model", "positive"].some((input) => !isLink(pick(given, input)));
  return lacks ? { key: "recording:branch.no_inputs" } : null;
}

const isLink = (given: Given | undefined): given is { end: End } => given !== undefined && "end" in given;

/** Put LoadRecording, TraceBranch, VAEDecode and PreviewImage beside a sampler, linked as it is. Gives their ids in
 * this order; none where no branch can begin. */
export function addBranch(d: DocDraft, scope: Scope, registry: Registry, branching: Branching): NodeId[] {
  const doc: Doc = now(d);
  if (branchFlaw(doc, scope, registry, branching.sampler)) return [];
  const given = givenTo(doc, scope, registry, branching.sampler);
  const types = BRANCH_TYPES.flatMap((name) => registry[name] ?? []);
  const values = [{ recording: branching.recording }, branchValues(given, registry, branching), {}, {}];
  const places = placesFor(doc, scope, registry, branching.sampler, types);
  const ids = types.map((type, n) => addNode(d, scope, type, places[n] ?? [0, 0], values[n]));
  const [load = "", branch = "", decode = "", show = ""] = ids;
  const link = (end: End | null, target: NodeId, input: string) =>
    end && connect(d, scope, { source: end.node, output: end.output, target, input });
  link({ node: load, output: 0 }, branch, "trace");
  for (const input of Object.keys(NAMES)) {
    const one = pick(given, input);
    if (isLink(one)) link(one.end, branch, input);
  }
  const positive = pick(given, "positive");
  if (!pick(given, "negative") && isLink(positive)) link(positive.end, branch, "negative");
  link({ node: branch, output: 0 }, decode, "samples");
  link(vaeFor(doc, scope, registry, branching.sampler), decode, "vae");
  link({ node: decode, output: 0 }, show, "images");
  groupAround(d, scope, registry, ids, branching.title);
  return ids;
}

/** A sampler without a negative prompt has no guidance: with the positive as both, 1 gives the same. */
function branchValues(given: ReadonlyMap<string, Given>, registry: Registry, { step, method }: Branching) {
  const inputs = registry["TraceBranch"]?.inputs ?? {};
  const values: Record<string, Json> = { step };
  for (const input of ["seed", "cfg", "sampler_name"]) {
    const one = pick(given, input);
    if (one && "value" in one) values[input] = one.value;
  }
  if (!pick(given, "negative")) values["cfg"] = 1;
  if (!pick(given, "sampler_name") && inputs["sampler_name"]?.options?.includes(method))
    values["sampler_name"] = method;
  return Object.fromEntries(Object.entries(values).filter(([name]) => name in inputs));
}

/** The VAE that decodes what the sampler makes; else any that is used; else one that the graph has. */
function vaeFor(doc: Doc, scope: Scope, registry: Registry, sampler: NodeId): End | null {
  const { nodes } = graphOf(doc, scope);
  const typed = (id: NodeId): NodeType | undefined => nodes[id] && typeOf(doc, registry, nodes[id]);
  const wires = [...wiresOf(doc, scope)];
  const used = wires.filter((wire) => typed(wire.target)?.inputs[wire.input]?.type === "VAE");
  const behind = new Set(wires.filter((wire) => wire.source === sampler).map((wire) => wire.target));
  const wire = used.find((one) => behind.has(one.target)) ?? used[0];
  if (wire) return { node: wire.source, output: wire.output };
  for (const node of Object.keys(nodes)) {
    const output = typed(node)?.outputs.findIndex((one) => one.type === "VAE") ?? -1;
    if (output >= 0) return { node, output };
  }
  return null;
}

/** A row under the sampler where nothing lies yet. */
function placesFor(doc: Doc, scope: Scope, registry: Registry, sampler: NodeId, types: readonly NodeType[]): Point[] {
  const graph = graphOf(doc, scope);
  const at = graph.nodes[sampler];
  if (!at) return [];
  const sizes = types.map(
    (type) => shapeOf({ type: type.name, values: {}, links: {}, pos: [0, 0], meta: {} }, type).size,
  );
  const width = sizes.reduce((sum, [w]) => sum + w + LAYER_GAP, -LAYER_GAP) + 2 * GROUP_PADDING;
  const height = Math.max(...sizes.map(([, h]) => h)) + 2 * GROUP_PADDING + GROUP_TITLE;
  const own = boxAround(doc, scope, registry, [sampler]);
  const left = at.pos[0];
  let top = (own ? own.pos[1] + own.size[1] : at.pos[1]) + LAYER_GAP;
  const boxes = [...Object.keys(graph.nodes).map((id) => boxAround(doc, scope, registry, [id])), ...framesOf(graph)];
  const taken = boxes.filter((box): box is Box => box !== null && spans(box, left, left + width));
  for (const box of taken.toSorted((a, b) => a.pos[1] - b.pos[1]))
    if (box.pos[1] < top + height + LAYER_GAP && box.pos[1] + box.size[1] > top - LAYER_GAP / 2)
      top = box.pos[1] + box.size[1] + LAYER_GAP;
  let x = left + GROUP_PADDING;
  return sizes.map(([w]) => {
    const place: Point = [Math.round(x), Math.round(top + GROUP_PADDING + GROUP_TITLE)];
    x += w + LAYER_GAP;
    return place;
  });
}

/** Frames that hold the sampler itself are no obstacle to the side, but what is put under it must not lie in them. */
const framesOf = (graph: { groups: object; notes: object }): Box[] => [
  ...(Object.values(graph.groups) as Box[]),
  ...(Object.values(graph.notes) as Box[]),
];

const spans = ({ pos, size }: Box, left: number, right: number): boolean => pos[0] < right && pos[0] + size[0] > left;
