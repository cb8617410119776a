/** The graph that runs: subgraphs become plain nodes named "outer:inner", muted nodes go, links lead past bypassed ones,
 * as engine/graph/subgraphs.py and bypass.py do it; a table of cases holds both together. */

import { type Arg, argOf, passes } from "./bypass";
import { graphOf } from "./document";
import { DEEPEST, type Inwards, MOST_NODES } from "./flatten";
import { subgraphIdOf } from "./names";
import type { Doc, GraphNode, Link, NodeId, Registry, Scope, Subgraph } from "./types";
import { portsOf } from "./wires";

/** Links name full ids. */
export type Args = Readonly<Record<string, Arg>>;

export interface FlatNode {
  readonly node: GraphNode;
  readonly args: Args;
}

interface Level {
  readonly prefix: string;
  readonly scope: Scope;
  readonly path: readonly Inwards[];
  readonly given: ReadonlyMap<NodeId, Args>;
}

type Through = Map<string, (Arg | null)[]>;

/** All nodes that would run, by their full ids. */
export function flattened(doc: Doc, registry: Registry): Map<string, FlatNode> {
  const nodes = new Map<string, FlatNode>();
  const through: Through = new Map();
  const todo: Level[] = [{ prefix: "", scope: null, path: [], given: new Map() }];
  for (const level of todo)
    for (const [id, node] of Object.entries(graphOf(doc, level.scope).nodes)) {
      if (nodes.size + through.size >= MOST_NODES) break;
      const full = level.prefix + id;
      const args = { ...argsOf(node, level.prefix), ...level.given.get(id) };
      const inner = instanceOf(doc, node);
      if (node.mode === "mute") through.set(full, []);
      else if (inner === null) nodes.set(full, { node, args });
      else if (inner === undefined || !enters(level, node)) through.set(full, []);
      else if (node.mode === "bypass") through.set(full, bypassed(doc, registry, node, args));
      else {
        through.set(
          full,
          inner.outputs.map((o) => outlet(o.from, args, `${full}:`)),
        ); // one for each output
        todo.push(levelIn(level, full, id, node, inner, args));
      }
    }
  return healed(doc, registry, rejoined(nodes, through));
}

/** The definition of an instance; null of a plain node, undefined where it is missing. */
function instanceOf(doc: Doc, node: GraphNode): Subgraph | null | undefined {
  const id = subgraphIdOf(node.type);
  return id === null ? null : doc.subgraphs[id];
}

function enters({ path }: Level, node: GraphNode): boolean {
  const id = subgraphIdOf(node.type);
  return path.length < DEEPEST && !path.some((step) => step.subgraph === id);
}

function levelIn(level: Level, full: string, id: NodeId, node: GraphNode, inner: Subgraph, args: Args): Level {
  const subgraph = subgraphIdOf(node.type) ?? "";
  const given = new Map<NodeId, Record<string, Arg>>();
  for (const port of portsOf(inner)) {
    const arg = args[port.name];
    for (const [to, input] of arg ? port.to : []) {
      const known = given.get(to) ?? {};
      if (arg) given.set(to, { ...known, [input]: arg });
    }
  }
  return { prefix: `${full}:`, scope: subgraph, path: [...level.path, { instance: id, subgraph }], given };
}

function argsOf(node: GraphNode, prefix: string): Record<string, Arg> {
  const names = new Set([...Object.keys(node.values), ...Object.keys(node.links)]);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const arg = argOf(node, name);
      return arg ? [[name, "link" in arg ? ahead(arg.link, prefix) : arg] as const] : [];
    }),
  );
}

const ahead = (link: Link, prefix: string): Arg => ({ link: { node: prefix + link.node, output: link.output } });

function outlet(from: readonly [NodeId, number] | string | null, args: Args, prefix: string): Arg | null {
  if (from === null) return null;
  return typeof from === "string" ? (args[from] ?? null) : { link: { node: prefix + from[0], output: from[1] } };
}

function bypassed(doc: Doc, registry: Registry, node: GraphNode, args: Args): (Arg | null)[] {
  const names = passes(doc, registry, node, (name) => args[name] ?? null);
  return names.map((name) => (name === null ? null : (args[name] ?? null)));
}

/** Links led past nodes that are no more. */
function rejoined(nodes: ReadonlyMap<string, FlatNode>, through: Through): Map<string, FlatNode> {
  const led = [...nodes].map(([id, { node, args }]) => {
    const found = Object.entries(args).flatMap(([name, arg]) => {
      const end = followed(arg, through);
      return end ? [[name, end] as const] : [];
    });
    return [id, { node, args: Object.fromEntries(found) }] as const;
  });
  return new Map(led);
}

function followed(arg: Arg, through: Through): Arg | null {
  const passed = new Set<string>();
  let found: Arg | null = arg;
  while (found && "link" in found) {
    const outputs = through.get(found.link.node);
    if (!outputs) return found;
    const key = `${found.link.output}:${found.link.node}`;
    if (passed.has(key)) return null;
    passed.add(key);
    found = outputs[found.link.output] ?? null;
  }
  return found;
}

function healed(doc: Doc, registry: Registry, nodes: Map<string, FlatNode>): Map<string, FlatNode> {
  const off = [...nodes].filter(([, { node }]) => node.mode === "bypass");
  if (!off.length) return nodes;
  const through: Through = new Map(off.map(([id, { node, args }]) => [id, bypassed(doc, registry, node, args)]));
  for (const [id] of off) nodes.delete(id);
  return rejoined(nodes, through);
}
