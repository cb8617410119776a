/** What passes through a node that is switched off: the rules of engine/graph/bypass.py, held together by a table. */

import { isTypedIn, subgraphIdOf } from "./names";
import { toldSlots, typeOf } from "./nodeTypes";
import type { Doc, GraphNode, InputDef, Json, Link, NodeType, Registry } from "./types";
import { accepts } from "./validate";

/** What an input is given: a link, or a value that is typed in. */
export type Arg = { readonly link: Link } | { readonly value: Json };

/** The input of a node as the server sees it: its link before its value; none if it is left to its default. */
export function argOf(node: GraphNode, name: string): Arg | null {
  const link = node.links[name];
  if (link) return { link };
  const value = node.values[name];
  return value === undefined ? null : { value };
}

/** An input by its type as the server compares them; "FILE" and text differ though both are COMBO on the wire. */
interface Slot {
  readonly name: string;
  readonly type: string;
}

type Given = (name: string) => Arg | null;

/** The name of the input that each output of a node passes on; null where nothing passes. `given` tells what an input
 * has; at a subgraph's boundary that is more than the node itself knows. */
export function passes(
  doc: Doc,
  registry: Registry,
  node: GraphNode,
  given: Given = (name) => argOf(node, name),
): (string | null)[] {
  const type = typeOf(doc, registry, node);
  if (type.unknown) return unknownPasses(node, type, given);
  if (subgraphIdOf(node.type) !== null)
    return type.outputs.map((o, n) => passing(n, o.type, declared(type), given, wild));
  return type.outputs.map((o, n) => passing(n, plain(o.type), counted(type), given, accepts));
}

/** Slots are counted as ComfyUI's front end counts them: inputs that can only be connected, then those typed in. */
function counted(type: NodeType): Slot[] {
  const all = Object.entries(type.inputs);
  const rows = [...all.filter(([, i]) => !isTypedIn(i.type)), ...all.filter(([, i]) => isTypedIn(i.type))];
  return rows.map(([name, input]) => ({ name, type: compared(input) }));
}

const declared = (type: NodeType): Slot[] => Object.entries(type.inputs).map(([name, i]) => ({ name, type: i.type }));

const compared = (input: InputDef): string => (input.file === undefined ? plain(input.type) : "FILE");

/** One of a list is text where types are compared. */
const plain = (type: string): string => (type === "COMBO" ? "STRING" : type);

const same = (from: string, to: string): boolean => from === to;
const wild = (from: string, to: string): boolean => from === to || from === "*" || to === "*";

function unknownPasses(node: GraphNode, type: NodeType, given: Given): (string | null)[] {
  const told = toldSlots(node);
  if (!told) return Object.keys(node.links);
  const slots = told.inputs.map(([name, t]) => ({ name, type: String(t) }));
  return type.outputs.map((o, n) => passing(n, o.type, slots, given, same));
}

/** The input that stands for output `n` of type `wanted`; typed-in values only stand for their exact type. */
function passing(
  n: number,
  wanted: string,
  slots: readonly Slot[],
  arg: Given,
  fit: (from: string, to: string) => boolean,
): string | null {
  const own = slots[n];
  const given = own && arg(own.name);
  if (own && given && "link" in given && fit(own.type, wanted)) return own.name;
  return slots.find((slot) => slot.type === wanted && arg(slot.name) !== null)?.name ?? null;
}
