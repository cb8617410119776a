/** Which step of a run makes what comes out of an output: past the boundaries of subgraphs. */

import { graphOf, subgraphIdOf } from "~/core/document";
import { INPUTS } from "~/core/names";
import type { Doc, NodeId } from "~/core/types";
import { portsOf, sourceOf } from "~/core/wires";
import { prefixOf, scopeOf, type Step } from "~/stores/ui";
import type { Subject } from "./store";

/** A step by its full id, and one of its outputs. */
export interface Outlet {
  readonly full: string;
  readonly output: number;
}

/** null: nothing is made there, because the node is off or nothing leads to it. */
export function outletOf(doc: Doc, { path, node, output }: Subject, depth = 0): Outlet | null {
  const scope = scopeOf(path);
  if (depth > MOST) return null;
  if (node === INPUTS) return before(doc, path, output, depth);
  const there = graphOf(doc, scope).nodes[node];
  if (!there || there.mode) return null;
  const subgraph = subgraphIdOf(there.type);
  if (subgraph === null) return { full: prefixOf(path) + node, output };
  const from = doc.subgraphs[subgraph]?.outputs[output]?.from ?? null;
  if (from === null) return null;
  if (typeof from === "string") return fed(doc, path, node, from, depth);
  const inside = [...path, { instance: node, subgraph }];
  return outletOf(doc, { path: inside, node: from[0], output: from[1] }, depth + 1);
}

/** Instances and boundaries that are followed. */
const MOST = 64;

/** What an input of a node gets. */
function fed(doc: Doc, path: readonly Step[], node: NodeId, input: string, depth: number): Outlet | null {
  const source = sourceOf(doc, scopeOf(path), node, input);
  return source && outletOf(doc, { path, ...source }, depth + 1);
}

/** What a subgraph's own input gets outside. */
function before(doc: Doc, path: readonly Step[], output: number, depth: number): Outlet | null {
  const last = path.at(-1);
  const subgraph = last && doc.subgraphs[last.subgraph];
  const port = subgraph && portsOf(subgraph)[output];
  return last && port ? fed(doc, path.slice(0, -1), last.instance, port.name, depth) : null;
}
