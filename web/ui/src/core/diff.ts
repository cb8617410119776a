/** What differs between two documents, node by node. Places, sizes and colours do not count: they change nothing. */

import { equal } from "./equal";
import type { Doc, Graph, GraphNode, Json, Link, NodeId, Scope } from "./types";

/** What an input is: a typed-in value, a link, or nothing (its default). */
export type InputState =
  | { readonly kind: "value"; readonly value: Json }
  | { readonly kind: "link"; readonly node: NodeId; readonly output: number }
  | { readonly kind: "nothing" };

export interface InputChange {
  readonly input: string;
  readonly before: InputState;
  readonly after: InputState;
}

/** A property of a node that is not an input: its title, its mode, its type. */
export interface LookChange {
  readonly what: "title" | "mode" | "type";
  readonly before: string;
  readonly after: string;
}

export interface NodeChange {
  readonly id: NodeId;
  /** As it is after, or was if it is gone. */
  readonly node: GraphNode;
  readonly inputs: readonly InputChange[];
  readonly looks: readonly LookChange[];
}

export interface GraphDiff {
  readonly scope: Scope;
  /** Of the subgraph; empty at the top. */
  readonly title: string;
  readonly added: readonly NodeChange[];
  readonly removed: readonly NodeChange[];
  readonly changed: readonly NodeChange[];
}

/** The differences by graph, the top one first; graphs without any are left out. */
export function diff(before: Doc, after: Doc): GraphDiff[] {
  const ids = new Set([...Object.keys(before.subgraphs), ...Object.keys(after.subgraphs)]);
  const empty: Graph = { nodes: {}, groups: {}, notes: {} };
  const rows = [...ids].map((id) => {
    const [was, is] = [own(before.subgraphs, id), own(after.subgraphs, id)];
    return graphDiff(id, is?.title ?? was?.title ?? id, was ?? empty, is ?? empty);
  });
  return [graphDiff(null, "", before.root, after.root), ...rows].filter(
    (row) => row.added.length + row.removed.length + row.changed.length > 0,
  );
}

function graphDiff(scope: Scope, title: string, before: Graph, after: Graph): GraphDiff {
  const old = new Map(Object.entries(before.nodes));
  const now = new Map(Object.entries(after.nodes));
  const pairs = [...now].flatMap(([id, node]) => {
    const was = old.get(id);
    return was && was !== node ? [{ id, node, ...changes(was, node) }] : [];
  });
  return {
    scope,
    title,
    added: [...now].filter(([id]) => !old.has(id)).map(([id, node]) => ({ id, node, inputs: [], looks: [] })),
    removed: [...old].filter(([id]) => !now.has(id)).map(([id, node]) => ({ id, node, inputs: [], looks: [] })),
    changed: pairs.filter(({ inputs, looks }) => inputs.length + looks.length > 0),
  };
}

function changes(was: GraphNode, is: GraphNode): Pick<NodeChange, "inputs" | "looks"> {
  const names = new Set([was, is].flatMap((node) => [...Object.keys(node.values), ...Object.keys(node.links)]));
  const inputs = [...names].flatMap((input) => {
    const [before, after] = [stateOf(was, input), stateOf(is, input)];
    return equal(before, after) ? [] : [{ input, before, after }];
  });
  return { inputs, looks: looksOf(was, is) };
}

/** A link hides the value that it is led over. */
function stateOf(node: GraphNode, input: string): InputState {
  const link = own<Link>(node.links, input);
  if (link) return { kind: "link", node: link.node, output: link.output };
  const value = own<Json>(node.values, input);
  return value === undefined ? { kind: "nothing" } : { kind: "value", value };
}

const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

function looksOf(was: GraphNode, is: GraphNode): LookChange[] {
  const rows: LookChange[] = [
    { what: "title", before: was.title ?? "", after: is.title ?? "" },
    { what: "mode", before: was.mode ?? "", after: is.mode ?? "" },
    { what: "type", before: was.type, after: is.type },
  ];
  return rows.filter(({ before, after }) => before !== after);
}
