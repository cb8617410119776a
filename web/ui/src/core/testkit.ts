/** A few node types and random documents and edits, for the tests of core. */

import fc from "fast-check";
import { produce } from "immer";
import { copied, paste } from "./clipboard";
import { emptyDoc, graphOf, INPUTS, OUTPUTS, SUBGRAPH, subgraphIdOf } from "./document";
import type { DocDraft } from "./draft";
import { now } from "./draft";
import { addGroup, addNote, groupAround, moveGroup, removeGroup } from "./edits/frames";
import { addReroute, connect, disconnect, removeReroute } from "./edits/links";
import {
  addNode,
  duplicate,
  insertOnLink,
  moveNodes,
  removeNodes,
  resetValue,
  resize,
  setCollapsed,
  setColor,
  setMode,
  setPinned,
  setTitle,
  setValue,
} from "./edits/nodes";
import { detach, makeSubgraph, movePort, promote, removePort, renamePort, unpack, unpromote } from "./edits/subgraphs";
import { typeOf } from "./nodeTypes";
import type { Doc, GraphNode, InputDef, Link, NodeId, NodeType, Registry, Scope } from "./types";
import { refusedIn, typeIn } from "./validate";
import { ordered } from "./walk";
import { portsOf, wiresOf } from "./wires";

/** "image: IMAGE" takes a link, "size: INT" has a widget. */
const input = (text: string): [string, InputDef] => {
  const [name = "", type = "*"] = text.split(": ");
  return [name, { type, required: false, help: "" }];
};

/** A node type: inputs as "name: TYPE", outputs as "TYPE". */
export const nodeType = (name: string, inputs: readonly string[], outputs: readonly string[]): NodeType => ({
  name,
  label: name,
  category: "",
  kind: outputs.length ? "pure" : "sink",
  help: "",
  inputs: Object.fromEntries(inputs.map(input)),
  outputs: outputs.map((type) => ({ name: type, type, list: false, help: "" })),
  module: "",
});

const all = [
  nodeType("Load", [], ["MODEL", "CLIP", "VAE"]),
  nodeType("Text", ["text: STRING", "clip: CLIP"], ["COND"]),
  nodeType("Sample", ["model: MODEL", "seed: INT", "cfg: FLOAT", "cond: COND", "latent: LATENT"], ["LATENT"]),
  nodeType("Empty", ["width: INT", "height: INT"], ["LATENT"]),
  nodeType("Decode", ["latent: LATENT", "vae: VAE"], ["IMAGE"]),
  nodeType("Scale", ["image: IMAGE", "factor: FLOAT"], ["IMAGE"]),
  nodeType("Patch", ["clip: CLIP", "model: MODEL", "weight: FLOAT"], ["MODEL", "CLIP"]),
  nodeType("Number", ["value: INT"], ["INT"]),
  nodeType("Any", ["value: *"], ["*"]),
  nodeType("Show", ["image: IMAGE"], []),
];

export const REGISTRY: Registry = Object.fromEntries(all.map((type) => [type.name, type]));

/** Gives numbers from 0 to 1. */
export type Dice = () => number;

export const pick = <T>(dice: Dice, from: readonly T[]): T | undefined => from[Math.floor(dice() * from.length)];

function some<T>(dice: Dice, from: readonly T[]): T[] {
  return from.filter(() => dice() < 0.4);
}

type Step = (d: DocDraft, scope: Scope, dice: Dice) => void;

const idsIn = (d: DocDraft, scope: Scope): NodeId[] => Object.keys(graphOf(now(d), scope).nodes);
const place = (dice: Dice): [number, number] => [Math.floor(dice() * 2000), Math.floor(dice() * 2000)];

/** A link between two random sockets that may have one. */
const join: Step = (d, scope, dice) => {
  const doc: Doc = now(d);
  const ends = [...idsIn(d, scope), ...(scope === null ? [] : [INPUTS, OUTPUTS])];
  for (let tries = 0; tries < 30; tries++) {
    const [source = "", target = ""] = [pick(dice, ends), pick(dice, ends)];
    const output = Math.floor(dice() * (typeIn(doc, scope, REGISTRY, source)?.outputs.length ?? 0));
    const name = pick(dice, Object.keys(typeIn(doc, scope, REGISTRY, target)?.inputs ?? {})) ?? "";
    if (connect(d, scope, { source, output, target, input: name }, REGISTRY) === null) return;
  }
};

const wire = (d: DocDraft, scope: Scope, dice: Dice) => pick(dice, [...wiresOf(now(d), scope)]);

const onNode =
  (change: (d: DocDraft, scope: Scope, id: NodeId, dice: Dice) => void): Step =>
  (d, scope, dice) => {
    const id = pick(dice, idsIn(d, scope));
    if (id !== undefined) change(d, scope, id, dice);
  };

const onPort =
  (change: (d: DocDraft, id: string, side: "inputs" | "widgets" | "outputs", dice: Dice) => void): Step =>
  (d, _scope, dice) => {
    const id = pick(dice, Object.keys(d.subgraphs));
    if (id !== undefined) change(d, id, pick(dice, ["inputs", "widgets", "outputs"]) ?? "inputs", dice);
  };

const show: Step = onPort((d, id, _side, dice) => {
  const node = pick(dice, idsIn(d, id));
  const found = node === undefined ? undefined : graphOf(now(d), id).nodes[node];
  const name = found && pick(dice, Object.keys(typeOf(now(d), REGISTRY, found).inputs));
  if (node === undefined || name === undefined) return;
  if (dice() < 0.7) promote(d, id, REGISTRY, node, name);
  else unpromote(d, id, node, name);
});

const STEPS: readonly Step[] = [
  (d, scope, dice) => {
    const instances = Object.keys(now(d).subgraphs).map((id) => SUBGRAPH + id);
    const name = pick(dice, [...all.map((t) => t.name), ...instances]) ?? "Load";
    const type = REGISTRY[name] ?? { ...nodeType(name, [], []) };
    if (!refusedIn(now(d), scope, name)) addNode(d, scope, type, place(dice), { value: Math.floor(dice() * 9) });
  },
  join,
  join,
  join,
  join,
  (d, scope, dice) => removeNodes(d, scope, REGISTRY, some(dice, idsIn(d, scope)).slice(0, 2), { heal: dice() < 0.5 }),
  (d, scope, dice) => {
    const found = wire(d, scope, dice);
    if (found) disconnect(d, scope, found.target, found.input);
  },
  (d, scope, dice) => {
    const found = wire(d, scope, dice);
    if (found && dice() < 0.7) addReroute(d, scope, found.target, found.input, 0, place(dice));
    else if (found) removeReroute(d, scope, found.target, found.input, 0);
  },
  (d, scope, dice) => {
    const [found, id] = [wire(d, scope, dice), pick(dice, idsIn(d, scope))];
    if (found && id !== undefined) insertOnLink(d, scope, REGISTRY, id, found.target, found.input);
  },
  onNode((d, scope, id, dice) => setValue(d, scope, id, pick(dice, ["seed", "text", "value"]) ?? "", dice() * 5)),
  onNode((d, scope, id) => resetValue(d, scope, id, "value")),
  onNode((d, scope, id, dice) => setTitle(d, scope, id, dice() < 0.3 ? "" : `title ${dice()}`)),
  onNode((d, scope, id, dice) => resize(d, scope, id, dice() < 0.3 ? null : place(dice))),
  (d, scope, dice) => setMode(d, scope, some(dice, idsIn(d, scope)), pick(dice, ["mute", "bypass", null]) ?? null),
  (d, scope, dice) => setCollapsed(d, scope, some(dice, idsIn(d, scope)), dice() < 0.5),
  (d, scope, dice) => setPinned(d, scope, some(dice, idsIn(d, scope)), dice() < 0.3),
  (d, scope, dice) => setColor(d, scope, some(dice, idsIn(d, scope)), dice() < 0.5 ? "red" : null),
  (d, scope, dice) =>
    moveNodes(d, scope, Object.fromEntries(some(dice, [...idsIn(d, scope), INPUTS]).map((id) => [id, place(dice)]))),
  (d, scope, dice) => void duplicate(d, scope, some(dice, idsIn(d, scope)).slice(0, 4)),
  (d, scope, dice) => {
    const from = pick<Scope>(dice, [null, ...Object.keys(now(d).subgraphs)]) ?? null;
    const clip = copied(now(d), from, some(dice, idsIn(d, from)).slice(0, 4));
    paste(d, scope, clip, place(dice), { outside: dice() < 0.5 });
  },
  (d, scope, dice) => void groupAround(d, scope, REGISTRY, some(dice, idsIn(d, scope)), "group"),
  (d, scope, dice) => {
    const id = pick(dice, Object.keys(graphOf(now(d), scope).groups));
    if (id === undefined) addGroup(d, scope, { title: "", pos: place(dice), size: place(dice) });
    else if (dice() < 0.7) moveGroup(d, scope, REGISTRY, id, place(dice));
    else removeGroup(d, scope, id);
  },
  (d, scope, dice) => void addNote(d, scope, { text: "note", pos: place(dice), size: [100, 100] }),
  (d, scope, dice) => void makeSubgraph(d, scope, REGISTRY, some(dice, idsIn(d, scope)), "Part"),
  (d, scope, dice) => void makeSubgraph(d, scope, REGISTRY, some(dice, idsIn(d, scope)), "Part"),
  onNode((d, scope, id, dice) => {
    const instances = idsIn(d, scope).filter((one) => subgraphIdOf(graphOf(now(d), scope).nodes[one]?.type ?? ""));
    unpack(d, scope, REGISTRY, pick(dice, instances) ?? id);
  }),
  onNode((d, scope, id) => void detach(d, scope, id)),
  show,
  show,
  onPort((d, id, side, dice) => renamePort(d, id, side, 0, dice() < 0.5 ? "" : "label")),
  onPort((d, id, side, dice) => movePort(d, id, side, 0, Math.floor(dice() * 3))),
  onPort((d, id, side, dice) => dice() < 0.5 && removePort(d, id, side, Math.floor(dice() * 2))),
  (d, _scope, dice) => {
    const node = pick(dice, idsIn(d, null));
    if (node !== undefined) d.form = [...d.form, { node, input: pick(dice, ["value", "seed"]) ?? "seed" }];
  },
];

/** A random edit: what it does follows from its number alone. */
export type Edit = number;

export const edits: fc.Arbitrary<Edit[]> = fc.array(fc.nat(2 ** 31), { maxLength: 50, size: "max" });

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
export function diceOf(seed: number): Dice {
  let state = Math.imul(seed, 0x9e3779b9) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    const more = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((more ^ (more >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Do a random edit in one of the document's graphs. */
export function doEdit(d: DocDraft, edit: Edit): void {
  const dice = diceOf(edit);
  const step = dice() < 0.55 ? pick(dice, STEPS.slice(0, 5)) : pick(dice, STEPS);
  const scope = pick<Scope>(dice, [null, null, ...Object.keys(now(d).subgraphs)]) ?? null;
  step?.(d, scope, dice);
}

/** What is wrong with a document: what no edit may ever leave behind. */
export function faults(doc: Doc): string[] {
  const found: string[] = [];
  for (const scope of [null, ...Object.keys(doc.subgraphs)]) found.push(...graphFaults(doc, scope));
  for (const [id, subgraph] of Object.entries(doc.subgraphs)) {
    const names = portsOf(subgraph).map((p) => p.name);
    if (new Set(names).size < names.length) found.push(`${id}: two ports have one name`);
    for (const port of subgraph.widgets) if (!port.to.length) found.push(`${id}: ${port.name} shows nothing`);
    for (const output of subgraph.outputs)
      if (typeof output.from === "string" && !names.includes(output.from)) found.push(`${id}: from a lost input`);
    if (refusedIn(doc, id, SUBGRAPH + id) && holdsItself(doc, id)) found.push(`${id} holds itself`);
  }
  for (const item of doc.form) if (!doc.root.nodes[item.node]) found.push(`form: ${item.node} is gone`);
  return found;
}

function holdsItself(doc: Doc, id: string): boolean {
  return Object.values(doc.subgraphs[id]?.nodes ?? {}).some((n) => refusedIn(doc, id, n.type));
}

function graphFaults(doc: Doc, scope: Scope): string[] {
  const graph = graphOf(doc, scope);
  const found: string[] = [];
  const fed = new Set<string>();
  for (const { source, output, target, input: name } of wiresOf(doc, scope)) {
    const where = `${scope}: ${source}.${output} → ${target}.${name}`;
    const [from, to] = [typeIn(doc, scope, REGISTRY, source), typeIn(doc, scope, REGISTRY, target)];
    if (!from || !to) found.push(`${where}: an end is not there`);
    else if (!from.outputs[output] || !to.inputs[name]) found.push(`${where}: a socket is not there`);
    if (fed.has(`${target}.${name}`)) found.push(`${where}: fed twice`);
    fed.add(`${target}.${name}`);
  }
  const turn = new Map(ordered(graph).map((id, n) => [id, n]));
  for (const [id, node] of Object.entries(graph.nodes)) {
    for (const link of Object.values(node.links))
      if ((turn.get(link.node) ?? 0) >= (turn.get(id) ?? 0)) found.push(`${scope}: ${id} lies on a circle`);
    const subgraph = subgraphIdOf(node.type);
    if (subgraph !== null && !doc.subgraphs[subgraph]) found.push(`${scope}: ${id} has no definition`);
  }
  return found;
}

const placed = (type: string, n: number, links: GraphNode["links"] = {}): GraphNode => ({
  type,
  values: {},
  links,
  pos: [(n % 4) * 300, Math.floor(n / 4) * 200],
  meta: {},
});

const from = (node: NodeId, output = 0): Link => ({ node, output });

/** A document with text to image in it, patched, in two passes; some of it in a subgraph that is used twice. */
export function begun(): Doc {
  const nodes = [
    placed("Load", 1),
    placed("Patch", 2, { model: from("1", 0), clip: from("1", 1) }),
    placed("Text", 3, { clip: from("2", 1) }),
    placed("Empty", 4),
    placed("Sample", 5, { model: from("2"), cond: from("3"), latent: from("4") }),
    placed("Number", 6),
    placed("Sample", 7, { model: from("2"), cond: from("3"), latent: from("5"), seed: from("6"), cfg: from("6") }),
    placed("Decode", 8, { latent: from("7"), vae: from("1", 2) }),
    placed("Scale", 9, { image: from("8") }),
    placed("Show", 10, { image: from("9") }),
    placed("Any", 11, { value: from("9") }),
  ];
  const root = { nodes: Object.fromEntries(nodes.map((node, n) => [String(n + 1), node])), groups: {}, notes: {} };
  return produce({ ...emptyDoc(), root }, (d) => {
    const instance = makeSubgraph(d, null, REGISTRY, ["8", "9"], "Decode and scale");
    const inner = makeSubgraph(d, "1", REGISTRY, ["9"], "Scale");
    promote(d, "2", REGISTRY, "9", "factor");
    promote(d, "1", REGISTRY, inner ?? "", "factor");
    if (instance !== null && inner !== null) duplicate(d, null, [instance, "7"]);
  });
}
